"""Letters that somebody has to approve before they are sent, and what was approved: DATA/outbox/approvals.jsonl.

What is approved is the letter as it was read: another letter of the same night, a correction say, is asked about anew.
"""

import email
import email.policy
import hashlib
import json
import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from pipeline.catalog import Store
from pipeline.mailing import mail
from pipeline.settings import Audience, Settings


@dataclass(frozen=True)
class Written:
    """A night's letter to an audience as the stage report left it."""

    audience: Audience
    message: bytes
    beside: dict[str, Any]

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.message).hexdigest()

    def is_outdated(self, settings: Settings) -> bool:
        """Whether the settings that it was written by have changed since: it must not go out as it is."""
        return bool(self.beside["terms"] != terms(settings, self.audience))

    @property
    def needs_approval(self) -> bool:
        """Whether its audience wants it approved: always, or because of trouble in the night's data."""
        asked = self.audience.approval
        return asked == "always" or (asked == "trouble" and bool(self.beside["troubles"]))

    def text(self) -> str:
        """What it says, without pictures."""
        parsed = email.message_from_bytes(self.message, policy=email.policy.default)
        part = parsed.get_body(("plain",))
        return "" if part is None else str(part.get_content())


def terms(settings: Settings, audience: Audience) -> str:
    """What a letter is written by, beside the night's figures, as a digest: to whom, of what, how, by whom."""
    by = [audience.recipients, audience.missions, audience.locale, settings.mail_from, settings.report_url]
    return hashlib.sha256(json.dumps(by).encode()).hexdigest()


def written(settings: Settings, night: date) -> dict[str, Written]:
    """The night's letters by audience; an audience that has none is not in it."""
    folder = settings.data / "reports" / night.isoformat() / "letters"
    found = {}
    for audience in settings.audiences:
        path = folder / f"{audience.name}.eml"
        if path.exists():
            beside = json.loads(path.with_suffix(".json").read_text("utf-8"))
            found[audience.name] = Written(audience, path.read_bytes(), beside)
    return found


def no_mail(settings: Settings, night: date, backfill: bool) -> str:
    """Why nothing of the night is mailed; '' where it is."""
    newest = Store(settings.data).read().published
    if backfill:
        return "a back-fill"
    return "" if newest == night.isoformat() else f"the published night is {newest}"


def asked(settings: Settings, night: date, backfill: bool) -> dict[str, Written]:
    """The letters that somebody is to be asked about now: those that wait, of a night that is mailed."""
    return {} if no_mail(settings, night, backfill) else waiting(settings, night)


def approved(settings: Settings) -> set[str]:
    """The digests of all letters that were approved."""
    path = _path(settings)
    lines = path.read_text("utf-8").splitlines() if path.exists() else []
    return {json.loads(line)["letter"] for line in lines if line.endswith("}")}


def waiting(settings: Settings, night: date) -> dict[str, Written]:
    """The night's letters that wait for approval, by audience."""
    known = approved(settings)
    sendable = {name: one for name, one in written(settings, night).items() if not one.is_outdated(settings)}
    return {name: letter for name, letter in sendable.items() if letter.needs_approval and letter.digest not in known}


def body(letters: dict[str, Written]) -> str:
    """The letters as whoever approves reads them: Markdown in which their own words are nothing but text."""
    return "\n\n".join(_told(name, letter) for name, letter in letters.items())


def _told(name: str, letter: Written) -> str:
    lines = [f"Subject: {letter.beside['subject']}", "", *letter.text().splitlines()]
    to = f"To **{name}** ({len(letter.audience.recipients)} recipients):"
    paragraphs = re.split(r"\n\s*\n", "\n".join(lines).strip())
    return "\n\n".join([to, *("\\\n".join(map(_verbatim, part.splitlines())) for part in paragraphs)])


def _verbatim(line: str) -> str:
    """A line as code: no mark of its own counts. Airflow runs the lines of one block of code together."""
    fence = "`" * (max(map(len, re.findall("`+", line)), default=0) + 1)
    return f"{fence} {line.strip()} {fence}"


def responder(answer: dict[str, Any]) -> str:
    """Who answered the approval's task, as Airflow tells it."""
    return (answer.get("responded_by_user") or {}).get("name") or "nobody in time"


def approve(settings: Settings, night: date, letters: dict[str, str], by: str) -> None:
    """Notes that the letters (digests by audience) may be sent, and who said so."""
    for audience, digest in sorted(letters.items()):
        mail.append(_path(settings), {"night": night.isoformat(), "audience": audience, "letter": digest, "by": by})


def _path(settings: Settings) -> Path:
    return settings.data / "outbox" / "approvals.jsonl"
