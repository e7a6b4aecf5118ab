"""The night's e-mail: composed once an audience, then sent once a recipient, whatever is retried.

A ledger (one JSON object a line, each written through to the disk) says what became of each recipient: `sending`
before the message is handed over, `sent`, `refused`, `failed` or `unsure` after. A `sending` without an outcome means
that the process ended while the server had the message: it may have arrived, so it is not sent again.
"""

import json
import os
import re
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

from pipeline.catalog import write_bytes
from pipeline.settings import Audience, Settings, SmtpSettings

PICTURE = "moments@landmark"  # the Content-ID under which the letter's HTML shows its chart
FIRST, LATE = "1", "late"  # letters of a night: the one that tells its figures, and the one that says they are late
ATTEMPTS = 3  # a server that is busy is asked again; one that refuses is not
PAUSE_SECONDS = 2.0


@dataclass(frozen=True)
class Letter:
    """What an e-mail says, in its three forms; the picture is a PNG, or None where there is nothing to draw."""

    subject: str
    text: str
    html: str
    picture: bytes | None


def compose(letter: Letter, audience: Audience, sender: str, night: date, name: str = FIRST) -> EmailMessage:
    """The e-mail of an audience: the same bytes for the same letter, with one Message-ID an audience, night and name.

    name: FIRST, the number of an edition that corrects the one before it, or LATE. A correction answers what it
    corrects, so that mail programs show the two together.
    """
    tag = _tag(night, audience, name)
    message = EmailMessage(policy=policy.SMTP)
    message["From"] = sender
    message["To"] = ", ".join(audience.recipients)
    message["Subject"] = letter.subject
    message["Date"] = datetime(night.year, night.month, night.day, tzinfo=UTC)
    message["Message-ID"] = _message_id(tag, sender)
    if name.isdigit() and name != FIRST:
        before = _message_id(_tag(night, audience, str(int(name) - 1)), sender)
        message["In-Reply-To"], message["References"] = before, before
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


def _tag(night: date, audience: Audience, name: str) -> str:
    return f"{night.isoformat()}.{audience.name}" + ("" if name == FIRST else f".{name}")


def _message_id(tag: str, sender: str) -> str:
    domain = parseaddr(sender)[1].rpartition("@")[2] or "localhost"
    return f"<landmark.{tag}@{domain}>"


class Ledger:
    """What became of each (night, audience, letter, recipient), in one file that only grows.

    letter: "1" is the night's letter, "2" the first that corrects it, and so on; others (LATE) have names.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def outcomes(self, night: date, audience: str, letter: str = FIRST) -> dict[str, str]:
        """The last known state by recipient; a line that a crash cut short counts as not written."""
        return {
            entry["recipient"]: entry["state"]
            for entry in self._entries(night, audience)
            if entry.get("letter", FIRST) == letter
        }

    def words(self, night: date, audience: str) -> dict[str, str]:
        """The mail server's last words by recipient, of those who did not get it."""
        return {entry["recipient"]: entry["detail"] for entry in self._entries(night, audience) if "detail" in entry}

    def _entries(self, night: date, audience: str) -> Iterator[dict[str, str]]:
        for line in self.path.read_bytes().splitlines() if self.path.exists() else []:
            try:
                entry = json.loads(line)
            except ValueError:
                continue
            if (entry["night"], entry["audience"]) == (night.isoformat(), audience):
                yield entry

    def put(
        self, night: date, audience: str, recipient: str, state: str, *, detail: str = "", letter: str = FIRST
    ) -> None:
        """Adds a line and waits until the disk has it."""
        entry = {"at": datetime.now(UTC).isoformat(timespec="seconds"), "night": night.isoformat()}
        entry |= {"audience": audience, "letter": letter, "recipient": recipient}
        append(self.path, entry | {"state": state} | ({"detail": detail} if detail else {}))


def append(path: Path, entry: dict[str, str]) -> None:
    """Adds one JSON object as a line of a file that only grows, and waits until the disk has it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab+") as handle:
        handle.seek(0, os.SEEK_END)
        cut = handle.tell() > 0 and not _ends_line(handle.fileno(), handle.tell())
        handle.write(("\n" if cut else "").encode() + json.dumps(entry, ensure_ascii=False).encode() + b"\n")
        handle.flush()
        os.fsync(handle.fileno())


def _ends_line(handle: int, size: int) -> bool:
    return os.pread(handle, 1, size - 1) == b"\n"


# -- sending --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Parcel:
    """One letter of a night to one audience, as it goes out."""

    message: bytes
    audience: Audience
    night: date
    letter: str = FIRST


def send(parcel: Parcel, settings: Settings, ledger: Ledger) -> dict[str, str]:
    """Sends the letter to each of the audience's recipients who has not got it; returns what became of each.

    The states are sent (also before this call), unsure (handed over, without an answer: it may have arrived, so it is
    not sent again), refused (the server will not have this recipient) and failed (worth another try). One recipient
    never stops another.
    """
    audience = parcel.audience
    before = ledger.outcomes(parcel.night, audience.name, parcel.letter)
    settled = {"sent": "sent", "sending": "unsure", "unsure": "unsure"}
    states = {name: settled.get(before.get(name, ""), "") for name in audience.recipients}
    for recipient in [name for name, state in states.items() if not state]:
        states[recipient] = _send_one(parcel, _Line(ledger, parcel, recipient), settings)
    return states


def file(parcel: Parcel, path: Path, ledger: Ledger) -> dict[str, str]:
    """Puts the letter into the outbox for want of a server; filing it again changes nothing.

    It counts as filed, not as sent: where a server is set later, it still goes out.
    """
    audience = parcel.audience
    done = ledger.outcomes(parcel.night, audience.name, parcel.letter)
    states = {name: "sent" if done.get(name) == "sent" else "filed" for name in audience.recipients}
    waiting = [name for name, state in states.items() if done.get(name) != state]
    if waiting:
        write_bytes(path, parcel.message)
    for name in waiting:
        _Line(ledger, parcel, name).put("filed")
    return states


@dataclass(frozen=True)
class _Line:
    """One recipient's lines in the ledger."""

    ledger: Ledger
    parcel: Parcel
    recipient: str

    def put(self, state: str, detail: str = "") -> None:
        parcel = self.parcel
        self.ledger.put(parcel.night, parcel.audience.name, self.recipient, state, detail=detail, letter=parcel.letter)


class _NoAnswer(Exception):  # noqa: N818 (neither sent nor failed: nobody knows)
    """The whole message was handed over, and the server did not say what it did with it."""


def _send_one(parcel: Parcel, line: _Line, settings: Settings) -> str:
    for attempt in range(1, ATTEMPTS + 1):
        state, detail = _try(parcel, line, settings)
        line.put(state, detail)
        if state != "failed":
            return state
        if attempt < ATTEMPTS:
            time.sleep(PAUSE_SECONDS)
    return "failed"


def _try(parcel: Parcel, line: _Line, settings: Settings) -> tuple[str, str]:
    """Hands the message over once; returns what became of it, and the server's words where it was not taken."""
    try:
        _hand_over(parcel.message, line, settings)
    except _NoAnswer as error:
        return "unsure", _said(error)
    except (smtplib.SMTPException, OSError) as error:
        return ("refused" if _is_final(error) else "failed"), _said(error)
    return "sent", ""


def _hand_over(message: bytes, line: _Line, settings: Settings) -> None:
    """One message to one recipient; raises what smtplib raises, or _NoAnswer.

    A server takes a message at the dot that ends it (RFC 5321, 4.1.1.4), and throws an unfinished one away. The ledger
    says `sending` between the two: a process that dies earlier leaves no doubt.
    """
    sender = parseaddr(settings.mail_from)[1]
    with _connected(settings.smtp) as server:
        code, answer = server.mail(sender)
        if code != 250:
            raise smtplib.SMTPSenderRefused(code, answer, sender)
        code, answer = server.rcpt(line.recipient)
        if code not in (250, 251):
            raise smtplib.SMTPRecipientsRefused({line.recipient: (code, answer)})
        code, answer = server.docmd("DATA")
        if code != 354:
            raise smtplib.SMTPDataError(code, answer)
        server.send(_stuffed(message))
        line.put("sending")
        code, answer = _ended(server)
        if code != 250:
            raise smtplib.SMTPDataError(code, answer)


def _stuffed(message: bytes) -> bytes:
    """The message as it travels: CRLF ends every line, and a dot that begins one is doubled."""
    text = re.sub(rb"\r\n|\r|\n", b"\r\n", message)
    stuffed = re.sub(rb"(?m)^\.", b"..", text)
    return stuffed if stuffed.endswith(b"\r\n") else stuffed + b"\r\n"


def _ended(server: smtplib.SMTP) -> tuple[int, bytes]:
    """Ends the message and returns the server's answer; raises _NoAnswer where none comes."""
    try:
        server.send(b".\r\n")
        return server.getreply()
    except (smtplib.SMTPException, OSError) as error:
        raise _NoAnswer(_said(error)) from error


@contextmanager
def _connected(smtp: SmtpSettings) -> Iterator[smtplib.SMTP]:
    server = _server(smtp)
    try:
        if smtp.starttls and not smtp.tls:
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


def _server(smtp: SmtpSettings) -> smtplib.SMTP:
    if smtp.tls:
        context = ssl.create_default_context()
        return smtplib.SMTP_SSL(smtp.host, smtp.port, timeout=smtp.timeout_seconds, context=context)
    return smtplib.SMTP(smtp.host, smtp.port, timeout=smtp.timeout_seconds)


def _is_final(error: Exception) -> bool:
    """Whether the server refused this recipient for good (5xx), rather than for now."""
    codes = [answer[0] for answer in getattr(error, "recipients", {}).values()]
    return bool(codes) and all(500 <= code < 600 for code in codes)


def _said(error: Exception) -> str:
    """The server's words, short; never a password (smtplib's errors carry none)."""
    return f"{type(error).__name__}: {error}"[:300]
