"""Sends the night's letters: one e-mail an audience, once a recipient, whatever is retried.

The letters are those that the stage report wrote. Without a mail server they go into DATA/outbox as .eml files; in
both cases DATA/outbox/ledger.jsonl says who got what. A back-fill, and a night that a later one has followed, sends
nothing.
"""

from datetime import date
from typing import TYPE_CHECKING

from pipeline import mail
from pipeline.catalog import Store, write_bytes
from pipeline.context import Run
from pipeline.errors import StageError
from pipeline.settings import Audience, Settings

if TYPE_CHECKING:
    from pipeline.warehouse import Session

NEEDS = ("report",)


def build(run: Run, session: "Session") -> None:
    """Delivers the night's letters and logs what became of them."""
    for text in deliver(run.settings, run.night, run.backfill):
        session.log(text)


def deliver(settings: Settings, night: date, backfill: bool = False) -> list[str]:
    """Sends (or files) each audience's letter; returns what was done, one line an audience.

    Raises StageError, after all were tried, where a recipient should be tried again.
    """
    newest = Store(settings.data).read().published
    if backfill or newest != night.isoformat():
        return [f"no mail: {'a back-fill' if backfill else f'the published night is {newest}'}"]
    ledger = mail.Ledger(settings.data / "outbox" / "ledger.jsonl")
    states = {audience: _to_audience(settings, night, audience, ledger) for audience in settings.audiences}
    _complain(states, night)
    return [f"{audience.name}: {_counted(outcome)}" for audience, outcome in states.items()]


def _to_audience(settings: Settings, night: date, audience: Audience, ledger: mail.Ledger) -> dict[str, str]:
    path = settings.data / "reports" / night.isoformat() / "letters" / f"{audience.name}.eml"
    if not path.exists():
        raise StageError("the e-mail was not written", where=str(path), fix="Run the stage report first")
    letter = path.read_bytes()
    if settings.smtp.host:
        return mail.send(letter, audience, night, settings, ledger)
    return _file(settings, night, audience, ledger, letter)


def _file(settings: Settings, night: date, audience: Audience, ledger: mail.Ledger, letter: bytes) -> dict[str, str]:
    """Puts the letter into the outbox; filing it again after a crash changes nothing."""
    done = ledger.outcomes(night, audience.name)
    waiting = [name for name in audience.recipients if done.get(name) != "sent"]
    for name in waiting:
        ledger.put(night, audience.name, name, "sending")
    if waiting:
        write_bytes(settings.data / "outbox" / f"{night.isoformat()}-{audience.name}.eml", letter)
    for name in waiting:
        ledger.put(night, audience.name, name, "sent")
    return dict.fromkeys(audience.recipients, "sent")


def _complain(states: dict[Audience, dict[str, str]], night: date) -> None:
    """Raises where a recipient is worth another try, or where a whole audience was refused."""
    failed = [name for outcome in states.values() for name, state in outcome.items() if state == "failed"]
    if failed:
        raise StageError(
            "the mail server did not take the e-mail",
            where=f"stage deliver, night {night}",
            value=", ".join(failed),
            fix="Check the setting smtp and run the stage deliver again: who got it does not get it twice",
        )
    for audience, outcome in states.items():
        if outcome and all(state == "refused" for state in outcome.values()):
            raise StageError(
                "the mail server refuses every recipient",
                where=f"setting audiences, {audience.name}",
                value=", ".join(outcome),
                fix="Correct the addresses; DATA/outbox/ledger.jsonl has the server's words",
            )


def _counted(outcome: dict[str, str]) -> str:
    counts = {state: list(outcome.values()).count(state) for state in ("sent", "refused", "unsure")}
    return ", ".join(f"{number} {state}" for state, number in counts.items() if number) or "no recipients"
