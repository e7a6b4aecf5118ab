"""The e-mail's form, and how it is handed to a real SMTP server: encrypted, once, with a ledger that crashes spare."""

import ssl
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from pipeline.errors import StageError
from pipeline.mailing import mail
from pipeline.settings import SmtpSettings
from pipeline.stages.deliver import deliver
from tests.unit import post_case
from tests.unit.post_case import LETTER, NIGHT, TEAM, Post, ledger, served, settings


@pytest.fixture
def post(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Post, SmtpSettings]]:
    monkeypatch.setattr(mail, "PAUSE_SECONDS", 0.0)
    handler = Post()
    with served(handler) as port:
        yield handler, post_case.plain(port)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A data folder whose newest published night has its letters."""
    post_case.put_letter(tmp_path)
    return tmp_path


# -- form -----------------------------------------------------------------------------------------------------------


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


def test_a_correction_answers_what_it_corrects() -> None:
    first, second, third = (mail.compose(LETTER, TEAM, "l@x.org", NIGHT, name) for name in ("1", "2", "3"))
    assert first["In-Reply-To"] is None
    assert second["In-Reply-To"] == first["Message-ID"]
    assert third["In-Reply-To"] == third["References"] == second["Message-ID"]
    assert mail.compose(LETTER, TEAM, "l@x.org", NIGHT, mail.LATE)["In-Reply-To"] is None


# -- encryption -----------------------------------------------------------------------------------------------------


@pytest.fixture
def secure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """A server's certificate, and clients that trust it."""
    context, public = post_case.certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(public))
    return context


def test_by_starttls_nothing_is_said_before_the_line_is_encrypted(place: Path, secure: ssl.SSLContext) -> None:
    handler = Post()
    with served(handler, tls_context=secure, require_starttls=True) as port:
        assert deliver(settings(place, SmtpSettings(host="127.0.0.1", port=port)), NIGHT) == ["team: 3 sent"]
    assert handler.names() == list(TEAM.recipients)


def test_by_tls_the_line_is_encrypted_from_its_first_byte(place: Path, secure: ssl.SSLContext) -> None:
    handler = Post()
    with served(handler, ssl_context=secure) as port:
        smtp = SmtpSettings(host="127.0.0.1", port=port, tls=True)
        assert deliver(settings(place, smtp), NIGHT) == ["team: 3 sent"]
    assert handler.names() == list(TEAM.recipients)


def test_a_server_that_cannot_prove_who_it_is_gets_nothing(
    place: Path, secure: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    monkeypatch.setattr(mail, "PAUSE_SECONDS", 0.0)
    handler = Post()
    with served(handler, tls_context=secure) as port, pytest.raises(StageError, match="did not take"):
        deliver(settings(place, SmtpSettings(host="127.0.0.1", port=port)), NIGHT)
    assert handler.arrived == []


def test_a_server_without_tls_gets_nothing_where_tls_is_asked_for(place: Path, post: tuple[Post, SmtpSettings]) -> None:
    handler, smtp = post
    with pytest.raises(StageError):
        deliver(settings(place, smtp.model_copy(update={"starttls": True})), NIGHT)
    assert handler.arrived == []


# -- recipients -----------------------------------------------------------------------------------------------------


def test_every_recipient_gets_it_once_whatever_is_retried(place: Path, post: tuple[Post, SmtpSettings]) -> None:
    handler, smtp = post
    for _ in range(3):
        assert deliver(settings(place, smtp), NIGHT) == ["team: 3 sent"]
    assert handler.names() == list(TEAM.recipients)
    assert handler.arrived[0][1].rstrip() == (place / "reports/2026-06-30/letters/team.eml").read_bytes().rstrip()


def test_a_refused_recipient_does_not_stop_the_others(place: Path, post: tuple[Post, SmtpSettings]) -> None:
    handler, smtp = post
    handler.answers["a@x.org"] = "550 no such user"
    assert deliver(settings(place, smtp), NIGHT) == ["team: 2 sent, 1 refused"]
    assert handler.names() == ["b@x.org", "c@x.org"]
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
    assert handler.names() == ["a@x.org", "c@x.org"]
    handler.answers = {}
    assert deliver(settings(place, smtp), NIGHT) == ["team: 3 sent"]
    assert sorted(handler.names()) == sorted(TEAM.recipients)


def test_an_absent_server_is_an_error_that_names_who_waits(place: Path, post: tuple[Post, SmtpSettings]) -> None:
    absent = SmtpSettings(host="127.0.0.1", port=1, starttls=False)
    with pytest.raises(StageError, match=r"a@x\.org, b@x\.org, c@x\.org"):
        deliver(settings(place, absent), NIGHT)
    assert deliver(settings(place, post[1]), NIGHT) == ["team: 3 sent"]


@pytest.mark.parametrize("body", ["\n.\n.dots\n..\n", "no line break at the end", "a\rb\r\nc\nd"])
def test_a_message_arrives_as_it_is(tmp_path: Path, post: tuple[Post, SmtpSettings], body: str) -> None:
    handler, smtp = post
    message = b"Subject: x\n\n" + body.encode()
    parcel = mail.Parcel(message, TEAM.model_copy(update={"recipients": ("a@x.org",)}), NIGHT)
    assert mail.send(parcel, settings(tmp_path, smtp), mail.Ledger(tmp_path / "l.jsonl")) == {"a@x.org": "sent"}
    assert handler.arrived[0][1].splitlines() == message.splitlines()


# -- the ledger -----------------------------------------------------------------------------------------------------


def test_what_a_dead_run_had_handed_over_is_not_sent_again(place: Path, post: tuple[Post, SmtpSettings]) -> None:
    handler, smtp = post
    mail.Ledger(place / "outbox" / "ledger.jsonl").put(NIGHT, "team", "a@x.org", "sending")
    assert deliver(settings(place, smtp), NIGHT) == ["team: 2 sent, 1 unsure"]
    assert handler.names() == ["b@x.org", "c@x.org"]


def test_a_server_that_takes_a_message_and_says_nothing_may_have_it(
    place: Path, post: tuple[Post, SmtpSettings], monkeypatch: pytest.MonkeyPatch
) -> None:
    handler, smtp = post
    replies = iter([True, False, True, True, True])

    def silent(server: object) -> tuple[int, bytes]:
        answer = said(server)  # type: ignore[arg-type]
        if next(replies):
            return answer
        raise mail._NoAnswer("the line went dead")

    said = mail._ended
    monkeypatch.setattr(mail, "_ended", silent)
    for _ in range(2):
        assert deliver(settings(place, smtp), NIGHT) == ["team: 2 sent, 1 unsure"]
    assert handler.names() == list(TEAM.recipients)


def test_a_ledger_line_that_a_crash_cut_short_spoils_no_other(tmp_path: Path) -> None:
    book = mail.Ledger(tmp_path / "ledger.jsonl")
    book.put(NIGHT, "team", "a@x.org", "sent")
    with book.path.open("ab") as handle:
        handle.write(b'{"night": "2026-06-30", "audi')
    book.put(NIGHT, "team", "b@x.org", "sent")
    assert book.outcomes(NIGHT, "team") == {"a@x.org": "sent", "b@x.org": "sent"}
    assert book.outcomes(NIGHT, "other") == {}
    assert book.outcomes(date(2026, 6, 29), "team") == {}


def test_each_letter_of_a_night_has_its_own_account(tmp_path: Path) -> None:
    book = mail.Ledger(tmp_path / "ledger.jsonl")
    book.put(NIGHT, "team", "a@x.org", "sent", letter=mail.LATE)
    assert book.outcomes(NIGHT, "team") == {}
    assert book.outcomes(NIGHT, "team", mail.LATE) == {"a@x.org": "sent"}
