"""The line that readers get when a night has no figures for them: which figures stand. Once a night whatever fails."""

from datetime import date

from pipeline import render
from pipeline.catalog import Store
from pipeline.errors import StageError
from pipeline.figures import Figures
from pipeline.mailing import approvals, mail
from pipeline.settings import Audience, Settings
from pipeline.stages.deliver import post


def tell(settings: Settings, night: date) -> list[str]:
    """Tells each audience that the night's figures are late; returns what was done, one line an audience.

    Nothing is sent where the night has its letters, where readers have newer figures, or where they never had any.
    """
    standing = _standing(settings, night)
    if standing is None:
        return []
    told = []
    for audience in settings.audiences:
        parcel = mail.Parcel(_message(settings, audience, night, standing), audience, night, mail.LATE)
        states = list(post(settings, parcel).values())
        reached = len(states) - states.count("refused")
        told.append(f"{audience.name}: told that the figures of {standing} stand, {reached} reached")
        if "failed" in states:
            raise StageError(
                "the mail server did not take the line to readers that the night is late",
                where=f"audience {audience.name}, night {night}",
                fix="Check the setting smtp",
            )
    return told


def _standing(settings: Settings, night: date) -> date | None:
    """The night whose figures readers have, where the night at hand has none for them."""
    published = Store(settings.data).read().published
    if published is None or published > night.isoformat() or approvals.written(settings, night):
        return None
    earlier = sorted(path.parent.name for path in (settings.data / "reports").glob("*/letters"))
    known = [name for name in earlier if name < night.isoformat()]
    return date.fromisoformat(known[-1]) if known else None


def _message(settings: Settings, audience: Audience, night: date, standing: date) -> bytes:
    figures = Figures(audience.locale)
    base = settings.report_url.rstrip("/")
    given = {
        "subject": f"No new figures today: those of {figures.day(standing)} stand",
        "night": figures.day(night),
        "standing": figures.day(standing),
        "url": f"{base}/{standing.isoformat()}/report.html" if base else "",
        "audience": audience.name,
    }
    letter = mail.Letter(
        subject=given["subject"],
        text=render.page("email_late.txt.j2", **given),
        html=render.inlined(render.page("email_late.html.j2", **given)),
        picture=None,
    )
    return bytes(mail.compose(letter, audience, settings.mail_from, night, mail.LATE))
