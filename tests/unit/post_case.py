"""A real mail server for tests, and a data folder whose newest night has its letters."""

import json
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from pipeline.catalog import Catalog, Store
from pipeline.mailing import approvals, mail
from pipeline.settings import Audience, Settings, SmtpSettings

NIGHT = date(2026, 6, 30)
LETTER = mail.Letter("Früh: 22 in 100 more", "Text – 22\n", "<p>HTML 22</p>", b"\x89PNG")
TEAM = Audience(name="team", recipients=("a@x.org", "b@x.org", "c@x.org"))


class Post:
    """A mail server's memory: what arrived, and what to answer to whom."""

    def __init__(self) -> None:
        self.arrived: list[tuple[str, bytes]] = []
        self.answers: dict[str, str] = {}
        self.data_answers: list[str] = []

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.answers:
            return self.answers[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        answer = self.data_answers.pop(0) if self.data_answers else "250 OK"
        if answer.startswith("250"):
            self.arrived.append((envelope.rcpt_tos[0], bytes(envelope.content or b"")))
        return answer

    def names(self) -> list[str]:
        """Who got something, in the order of arrival."""
        return [name for name, _ in self.arrived]


@contextmanager
def served(handler: Post, **options: object) -> Iterator[int]:
    """A mail server on a free port of the loopback; options: what aiosmtpd's Controller takes."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    controller = Controller(handler, hostname="127.0.0.1", port=port, **options)
    controller.start()
    try:
        yield port
    finally:
        controller.stop()


def plain(port: int) -> SmtpSettings:
    return SmtpSettings(host="127.0.0.1", port=port, starttls=False)


def put_letter(
    data: Path,
    letter: mail.Letter = LETTER,
    audience: Audience = TEAM,
    *,
    number: int = 1,
    told: object = 1,
    troubles: tuple[str, ...] = (),
) -> Path:
    """Writes a letter as the stage report does, and publishes its night."""
    Store(data).update(lambda _: Catalog(published=NIGHT.isoformat()))
    folder = data / "reports" / NIGHT.isoformat() / "letters"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{audience.name}.eml"
    path.write_bytes(mail.compose(letter, audience, "l@x.org", NIGHT, str(number)).as_bytes())
    beside = {"number": number, "told": {"figures": told}, "corrects": None, "troubles": list(troubles)}
    beside |= {"terms": approvals.terms(settings(data), audience)}
    path.with_suffix(".json").write_text(json.dumps(beside | {"subject": letter.subject}), "utf-8")
    return path


def settings(data: Path, smtp: SmtpSettings | None = None, *audiences: Audience) -> Settings:
    return Settings(
        data=data, audiences=audiences or (TEAM,), mail_from="l@x.org", smtp=smtp or SmtpSettings(), hash_key="k"
    )


def ledger(data: Path) -> list[tuple[str, str]]:
    """Who has which state, line by line."""
    lines = (data / "outbox" / "ledger.jsonl").read_text("utf-8").splitlines()
    return [(entry["recipient"], entry["state"]) for entry in map(json.loads, lines)]


def certificate(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """A server's TLS for 127.0.0.1, and the file of the certificate that its clients have to trust."""
    import datetime as dt
    import ipaddress

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .sign(key, hashes.SHA256())
    )
    public, private = folder / "server.pem", folder / "server.key"
    public.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(public, private)
    return context, public
