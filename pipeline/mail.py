"""The night's e-mail: composed once an audience, then sent once a recipient, whatever is retried.

A ledger (one JSON object a line, each written through to the disk) says what became of each recipient: `sending`
before the message is handed over, `sent`, `refused` or `failed` after. A `sending` without an outcome means that the
process ended while the server had the message: it may have arrived, so it is not sent again.
"""

import json
import os
import smtplib
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from email import policy
from email.message import EmailMessage
from email.utils import parseaddr
from pathlib import Path

from pipeline.settings import Audience, Settings, SmtpSettings

PICTURE = "moments@landmark"  # the Content-ID under which the letter's HTML shows its chart
ATTEMPTS = 3  # a server that is busy is asked again; one that refuses is not
PAUSE_SECONDS = 2.0


@dataclass(frozen=True)
class Letter:
    """What an e-mail says, in its three forms; the picture is a PNG, or None where there is nothing to draw."""

    subject: str
    text: str
    html: str
    picture: bytes | None


def compose(letter: Letter, audience: Audience, sender: str, night: date) -> EmailMessage:
    """The e-mail of an audience: the same bytes for the same letter, with one Message-ID an audience and night."""
    domain = parseaddr(sender)[1].rpartition("@")[2] or "localhost"
    tag = f"{night.isoformat()}.{audience.name}"
    message = EmailMessage(policy=policy.SMTP)
    message["From"] = sender
    message["To"] = ", ".join(audience.recipients)
    message["Subject"] = letter.subject
    message["Date"] = datetime(night.year, night.month, night.day, tzinfo=UTC)
    message["Message-ID"] = f"<landmark.{tag}@{domain}>"
    message["List-Unsubscribe"] = f"<mailto:{parseaddr(sender)[1]}?subject=unsubscribe%20{audience.name}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(letter.text, cte="quoted-printable")
    message.add_alternative(letter.html, subtype="html", cte="quoted-printable")
    if letter.picture is not None:
        page = list(message.iter_parts())[1]
        page.add_related(
            letter.picture, "image", "png", cid=f"<{PICTURE}>", disposition="inline", filename="moments.png"
        )
        page.set_boundary(f"related.{tag}")
    message.set_boundary(f"alternative.{tag}")
    return message


class Ledger:
    """What became of each (night, audience, recipient), in one file that only grows."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def outcomes(self, night: date, audience: str) -> dict[str, str]:
        """The last known state by recipient; a line that a crash cut short counts as not written."""
        states: dict[str, str] = {}
        for line in self.path.read_bytes().splitlines() if self.path.exists() else []:
            try:
                entry = json.loads(line)
            except ValueError:
                continue
            if (entry["night"], entry["audience"]) == (night.isoformat(), audience):
                states[entry["recipient"]] = entry["state"]
        return states

    def put(self, night: date, audience: str, recipient: str, state: str, detail: str = "") -> None:
        """Adds a line and waits until the disk has it."""
        entry = {"night": night.isoformat(), "audience": audience, "recipient": recipient, "state": state}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("ab+") as handle:
            handle.seek(0, os.SEEK_END)
            cut = handle.tell() > 0 and not _ends_line(handle.fileno(), handle.tell())
            text = json.dumps(entry | ({"detail": detail} if detail else {}), ensure_ascii=False)
            handle.write(("\n" if cut else "").encode() + text.encode() + b"\n")
            handle.flush()
            os.fsync(handle.fileno())


def _ends_line(handle: int, size: int) -> bool:
    return os.pread(handle, 1, size - 1) == b"\n"


def send(message: bytes, audience: Audience, night: date, settings: Settings, ledger: Ledger) -> dict[str, str]:
    """Sends the message to each of the audience's recipients who has not got it; returns what became of each.

    The states are sent (also before this call), unsure (handed over by a run that died: not sent again), refused
    (the server will not have this recipient) and failed (worth another try). One recipient never stops another.
    """
    before = ledger.outcomes(night, audience.name)
    states = {name: {"sent": "sent", "sending": "unsure"}.get(before.get(name, ""), "") for name in audience.recipients}
    for recipient in [name for name, state in states.items() if not state]:
        states[recipient] = _send_one(message, _Line(ledger, night, audience.name, recipient), settings)
    return states


@dataclass(frozen=True)
class _Line:
    """One recipient's lines in the ledger."""

    ledger: Ledger
    night: date
    audience: str
    recipient: str

    def put(self, state: str, detail: str = "") -> None:
        self.ledger.put(self.night, self.audience, self.recipient, state, detail)


def _send_one(message: bytes, line: _Line, settings: Settings) -> str:
    for attempt in range(1, ATTEMPTS + 1):
        try:
            _hand_over(message, line, settings)
        except (smtplib.SMTPException, OSError) as error:
            state = "refused" if _is_final(error) else "failed"
            line.put(state, _said(error))
            if state == "refused":
                return state
            if attempt < ATTEMPTS:
                time.sleep(PAUSE_SECONDS)
        else:
            line.put("sent")
            return "sent"
    return "failed"


def _hand_over(message: bytes, line: _Line, settings: Settings) -> None:
    """One message to one recipient; raises what smtplib raises.

    The ledger says `sending` only once the server agreed to take it: a process that dies earlier leaves no doubt.
    """
    sender = parseaddr(settings.mail_from)[1]
    with _connected(settings.smtp) as server:
        code, answer = server.mail(sender)
        if code != 250:
            raise smtplib.SMTPSenderRefused(code, answer, sender)
        code, answer = server.rcpt(line.recipient)
        if code not in (250, 251):
            raise smtplib.SMTPRecipientsRefused({line.recipient: (code, answer)})
        line.put("sending")
        code, answer = server.data(message)
        if code != 250:
            raise smtplib.SMTPDataError(code, answer)


@contextmanager
def _connected(smtp: SmtpSettings) -> Iterator[smtplib.SMTP]:
    server = smtplib.SMTP(smtp.host, smtp.port, timeout=smtp.timeout_seconds)
    try:
        if smtp.starttls:
            server.starttls(context=ssl.create_default_context())
        if smtp.user:
            server.login(smtp.user, smtp.password)
        server.ehlo_or_helo_if_needed()
        yield server
    finally:
        try:
            server.quit()
        except (smtplib.SMTPException, OSError):
            server.close()


def _is_final(error: Exception) -> bool:
    """Whether the server refused this recipient or message for good (5xx), rather than for now."""
    codes = [answer[0] for answer in getattr(error, "recipients", {}).values()]
    return bool(codes) and all(500 <= code < 600 for code in codes)


def _said(error: Exception) -> str:
    """The server's words, short; never a password (smtplib's errors carry none)."""
    return f"{type(error).__name__}: {error}"[:300]
