"""The e-mail's form, and that each recipient gets it exactly once, against a real SMTP server."""

import json
import socket
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from pipeline import mail
from pipeline.catalog import Catalog, Store
from pipeline.errors import StageError
from pipeline.settings import Audience, Settings, SmtpSettings
from pipeline.stages.deliver import deliver

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
        if self.data_answers:
            return self.data_answers.pop(0)
        self.arrived.append((envelope.rcpt_tos[0], bytes(envelope.content or b"")))
        return "250 OK"


@pytest.fixture
def post(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Post, SmtpSettings]]:
    monkeypatch.setattr(mail, "PAUSE_SECONDS", 0.0)
    handler = Post()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    controller = Controller(handler, hostname="127.0.0.1", port=port)
    controller.start()
    yield handler, SmtpSettings(host="127.0.0.1", port=port, starttls=False)
    controller.stop()


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A data folder whose newest published night has its letters."""
    Store(tmp_path).update(lambda _: Catalog(published=NIGHT.isoformat()))
    letters = tmp_path / "reports" / NIGHT.isoformat() / "letters"
    letters.mkdir(parents=True)
    (letters / "team.eml").write_bytes(mail.compose(LETTER, TEAM, "l@x.org", NIGHT).as_bytes())
    return tmp_path


def settings(place: Path, smtp: SmtpSettings | None = None) -> Settings:
    return Settings(data=place, audiences=(TEAM,), mail_from="l@x.org", smtp=smtp or SmtpSettings(), hash_key="k")


def ledger(place: Path) -> list[tuple[str, str]]:
    lines = (place / "outbox" / "ledger.jsonl").read_text("utf-8").splitlines()
    return [(entry["recipient"], entry["state"]) for entry in map(json.loads, lines)]


def test_the_message_is_text_and_html_with_its_picture_and_the_same_bytes_twice() -> None:
    message = mail.compose(LETTER, TEAM, "Landmark <l@x.org>", NIGHT)
    kinds = [part.get_content_type() for part in message.walk()]
    assert kinds == ["multipart/alternative", "text/plain", "multipart/related", "text/html", "image/png"]
    picture = list(message.walk())[-1]
    assert picture["Content-ID"] == f"<{mail.PICTURE}>"
    assert message["Message-ID"] == "<landmark.2026-06-30.team@x.org>"
    assert message["List-Unsubscribe"] == "<mailto:l@x.org?subject=unsubscribe%20team>"
    assert message["Date"] == "Tue, 30 Jun 2026 00:00:00 +0000"
    assert message.as_bytes() == mail.compose(LETTER, TEAM, "Landmark <l@x.org>", NIGHT).as_bytes()


def test_a_letter_without_picture_has_none() -> None:
    message = mail.compose(mail.Letter("s", "t", "<p>h</p>", None), TEAM, "l@x.org", NIGHT)
    assert [part.get_content_type() for part in message.walk()] == ["multipart/alternative", "text/plain", "text/html"]


def test_without_a_server_the_letter_lies_in_the_outbox_once(place: Path) -> None:
    assert deliver(settings(place), NIGHT) == ["team: 3 sent"]
    filed = place / "outbox" / "2026-06-30-team.eml"
    assert filed.read_bytes() == (place / "reports" / "2026-06-30" / "letters" / "team.eml").read_bytes()
    before = ledger(place)
    filed.unlink()
    assert deliver(settings(place), NIGHT) == ["team: 3 sent"]
    assert not filed.exists()
    assert ledger(place) == before


def test_a_back_fill_and_an_old_night_send_nothing(place: Path) -> None:
    assert deliver(settings(place), NIGHT, backfill=True) == ["no mail: a back-fill"]
    assert deliver(settings(place), date(2026, 6, 29)) == ["no mail: the published night is 2026-06-30"]
    assert not (place / "outbox").exists()


def test_every_recipient_gets_it_once_whatever_is_retried(place: Path, post: tuple[Post, SmtpSettings]) -> None:
    handler, smtp = post
    for _ in range(3):
        assert deliver(settings(place, smtp), NIGHT) == ["team: 3 sent"]
    assert [name for name, _ in handler.arrived] == list(TEAM.recipients)
    assert handler.arrived[0][1].rstrip() == (place / "reports/2026-06-30/letters/team.eml").read_bytes().rstrip()


def test_a_refused_recipient_does_not_stop_the_others(place: Path, post: tuple[Post, SmtpSettings]) -> None:
    handler, smtp = post
    handler.answers["a@x.org"] = "550 no such user"
    assert deliver(settings(place, smtp), NIGHT) == ["team: 2 sent, 1 refused"]
    assert [name for name, _ in handler.arrived] == ["b@x.org", "c@x.org"]
    assert ("a@x.org", "refused") in ledger(place)


def test_a_whole_audience_refused_is_an_error(place: Path, post: tuple[Post, SmtpSettings]) -> None:
    handler, smtp = post
    handler.answers = dict.fromkeys(TEAM.recipients, "550 no")
    with pytest.raises(StageError, match="refuses every recipient"):
        deliver(settings(place, smtp), NIGHT)


def test_a_server_that_is_busy_is_asked_again(place: Path, post: tuple[Post, SmtpSettings]) -> None:
    handler, smtp = post
    handler.answers["b@x.org"] = "451 later"
    handler.data_answers = ["451 later"]
    with pytest.raises(StageError, match="did not take"):
        deliver(settings(place, smtp), NIGHT)
    assert [name for name, _ in handler.arrived] == ["a@x.org", "c@x.org"]
    handler.answers = {}
    assert deliver(settings(place, smtp), NIGHT) == ["team: 3 sent"]
    assert sorted(name for name, _ in handler.arrived) == sorted(TEAM.recipients)


def test_an_absent_server_is_an_error_that_names_who_waits(place: Path, post: tuple[Post, SmtpSettings]) -> None:
    absent = SmtpSettings(host="127.0.0.1", port=1, starttls=False)
    with pytest.raises(StageError, match=r"a@x\.org, b@x\.org, c@x\.org"):
        deliver(settings(place, absent), NIGHT)
    assert deliver(settings(place, post[1]), NIGHT) == ["team: 3 sent"]


def test_a_server_without_tls_gets_nothing_where_tls_is_asked_for(place: Path, post: tuple[Post, SmtpSettings]) -> None:
    handler, smtp = post
    with pytest.raises(StageError):
        deliver(settings(place, smtp.model_copy(update={"starttls": True})), NIGHT)
    assert handler.arrived == []


def test_what_a_dead_run_had_handed_over_is_not_sent_again(place: Path, post: tuple[Post, SmtpSettings]) -> None:
    handler, smtp = post
    mail.Ledger(place / "outbox" / "ledger.jsonl").put(NIGHT, "team", "a@x.org", "sending")
    assert deliver(settings(place, smtp), NIGHT) == ["team: 2 sent, 1 unsure"]
    assert [name for name, _ in handler.arrived] == ["b@x.org", "c@x.org"]


def test_a_ledger_line_that_a_crash_cut_short_spoils_no_other(tmp_path: Path) -> None:
    book = mail.Ledger(tmp_path / "ledger.jsonl")
    book.put(NIGHT, "team", "a@x.org", "sent")
    with book.path.open("ab") as handle:
        handle.write(b'{"night": "2026-06-30", "audi')
    book.put(NIGHT, "team", "b@x.org", "sent")
    assert book.outcomes(NIGHT, "team") == {"a@x.org": "sent", "b@x.org": "sent"}
    assert book.outcomes(NIGHT, "other") == {}


def test_a_missing_letter_says_which_stage_makes_it(place: Path) -> None:
    (place / "reports" / "2026-06-30" / "letters" / "team.eml").unlink()
    with pytest.raises(StageError, match="Run the stage report first"):
        deliver(settings(place), NIGHT)
