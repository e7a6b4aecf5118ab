"""Sends the night's letters: one e-mail an audience, once a recipient, whatever is retried.

The letters are those that the stage report wrote. Without a mail server they go into DATA/outbox as .eml files; in
both cases DATA/outbox/ledger.jsonl says who got what. A night that was made again is mailed again only where it tells
other figures than were sent, as a correction. A letter that needs approval waits for it. A back-fill, and a night that
a later one has followed, sends nothing.
"""

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.context import Run
from pipeline.errors import SettingsError, StageError
from pipeline.mailing import approvals, mail
from pipeline.mailing.approvals import Written
from pipeline.mailing.editions import Edition, Editions
from pipeline.settings import Audience, Settings

if TYPE_CHECKING:
    from pipeline.warehouse import Session

NEEDS = ("report",)
States = dict[Audience, dict[str, str]]


def build(run: Run, session: "Session") -> None:
    """Delivers the night's letters and logs what became of them."""
    for text in deliver(run.settings, run.night, run.backfill):
        session.log(text)


def deliver(settings: Settings, night: date, backfill: bool = False) -> list[str]:
    """Sends (or files) each audience's letter; returns what was done, one line an audience.

    Raises LandmarkError, after all were tried, where a recipient should be tried again or an audience has no letter.
    """
    reason = approvals.no_mail(settings, night, backfill)
    if reason:
        return [f"no mail: {reason}"]
    letters, waiting = approvals.written(settings, night), approvals.waiting(settings, night)
    states: States = {
        letter.audience: _to_audience(settings, night, letter)
        for name, letter in letters.items()
        if name not in waiting and not letter.is_outdated(settings)
    }
    _complain(settings, states, letters, night)
    held = [
        f"{name}: waits for approval, in Airflow or by `landmark approve` ({_why(letter)})"
        for name, letter in waiting.items()
    ]
    return [*(f"{audience.name}: {_counted(outcome)}" for audience, outcome in states.items()), *held]


def _to_audience(settings: Settings, night: date, letter: Written) -> dict[str, str]:
    told = letter.beside
    edition = Edition(told["number"], told["told"], told["corrects"])
    Editions(settings.data, night, letter.audience.name).leaves(edition)
    parcel = mail.Parcel(letter.message, letter.audience, night, str(edition.number))
    return post(settings, parcel)


def post(settings: Settings, parcel: mail.Parcel) -> dict[str, str]:
    """Sends the letter by the mail server or, without one, files it in the outbox; what became of each recipient."""
    outbox, ledger = settings.data / "outbox", _ledger(settings)
    if settings.smtp.host:
        return mail.send(parcel, settings, ledger)
    return mail.file(parcel, _outbox_path(outbox, parcel), ledger)


def _ledger(settings: Settings) -> mail.Ledger:
    return mail.Ledger(settings.data / "outbox" / "ledger.jsonl")


def _outbox_path(outbox: Path, parcel: mail.Parcel) -> Path:
    kind = "" if parcel.letter == mail.FIRST else f"-{parcel.letter}"
    return outbox / f"{parcel.night.isoformat()}-{parcel.audience.name}{kind}.eml"


def _why(letter: Written) -> str:
    troubles = " ".join(letter.beside["troubles"])
    return f"trouble with the data: {troubles}" if troubles else "the audience's setting approval"


def _complain(settings: Settings, states: States, letters: dict[str, Written], night: date) -> None:
    """Raises where a recipient is worth another try, an audience was refused as a whole, or has no letter."""
    failed = _failed(settings, states, night)
    if failed:
        raise StageError(
            "the mail server did not take the e-mail",
            where=f"stage deliver, night {night}",
            value="; ".join(f"{', '.join(names)} ({said})" for said, names in failed.items()),
            fix="Check the setting smtp and run the stage deliver again: who got it does not get it twice",
        )
    for audience, outcome in states.items():
        if outcome and all(state == "refused" for state in outcome.values()):
            raise StageError(
                "the mail server refuses every recipient",
                where=f"setting audiences, {audience.name}",
                value=", ".join(outcome),
                fix="Correct them, run the stages report and deliver; DATA/outbox/ledger.jsonl has the server's words",
            )
    for audience in settings.audiences:
        if audience.name in letters and letters[audience.name].is_outdated(settings):
            raise SettingsError(
                "the e-mail was written before its audience's settings changed, so it was not sent",
                where=f"setting audiences, {audience.name}, night {night}",
                fix="Run the stages report and deliver again: who got it does not get it twice",
            )
        if audience.name not in letters:
            raise _no_letter(audience, night, [f"{other.name}: {_counted(own)}" for other, own in states.items()])


def _failed(settings: Settings, states: States, night: date) -> dict[str, list[str]]:
    """Who is worth another try, by the server's last words."""
    found: dict[str, list[str]] = {}
    for audience, outcome in states.items():
        words = _ledger(settings).words(night, audience.name)
        for name in [name for name, state in outcome.items() if state == "failed"]:
            found.setdefault(words.get(name, ""), []).append(name)
    return found


def _no_letter(audience: Audience, night: date, others: list[str]) -> SettingsError | StageError:
    if audience.missions:
        return SettingsError(
            f"none of the audience's missions is there, so it got no e-mail (others: {'; '.join(others) or 'none'})",
            where=f"setting audiences, {audience.name}, night {night}",
            value=", ".join(audience.missions),
            fix="Name missions by slug or label as the mart missions has them; run the stages report and deliver again",
        )
    place = f"audience {audience.name}, night {night}"
    return StageError("the e-mail was not written", where=place, fix="Run the stage report first")


def _counted(outcome: dict[str, str]) -> str:
    counts = {state: list(outcome.values()).count(state) for state in ("sent", "filed", "refused", "unsure")}
    shown = {"filed": "filed in the outbox (no mail server is set)"}
    told = [f"{number} {shown.get(state, state)}" for state, number in counts.items() if number]
    return ", ".join(told) or "no recipients"
