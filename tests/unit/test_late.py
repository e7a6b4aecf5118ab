"""The line that readers get when a night has no figures for them: its words, its form, once whatever fails."""

import email
import email.policy
from datetime import date
from pathlib import Path

import pytest

from pipeline.catalog import Catalog, Store
from pipeline.errors import StageError
from pipeline.mailing import late, mail
from pipeline.settings import Audience, SmtpSettings
from tests.unit import post_case
from tests.unit.letter_lint import faults
from tests.unit.post_case import TEAM, Post, served, settings

NIGHT = date(2026, 7, 1)
GERMAN = Audience(name="team", recipients=("a@x.org",), locale="de_DE")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Readers have the letters of 30 June."""
    post_case.put_letter(tmp_path)
    return tmp_path


def test_it_says_which_figures_stand_in_the_form_of_every_letter(place: Path) -> None:
    given = settings(place, None, GERMAN).model_copy(update={"report_url": "https://reports.example.org"})
    assert late.tell(given, NIGHT) == ["team: told that the figures of 2026-06-30 stand, 1 reached"]
    raw = (place / "outbox" / "2026-07-01-team-late.eml").read_bytes()
    sent = email.message_from_bytes(raw, policy=email.policy.default)
    assert sent["Subject"] == "No new figures today: those of 30. Juni 2026 stand"
    assert sent["Message-ID"] == "<landmark.2026-07-01.team.late@x.org>"
    text = sent.get_body(("plain",)).get_content()  # type: ignore[attr-defined,union-attr]
    assert "The figures of 1. Juli 2026 could not be made in time." in text
    assert "https://reports.example.org/2026-06-30/report.html" in text
    assert faults(sent) == []  # type: ignore[arg-type]


def test_each_recipient_gets_it_once_also_where_the_server_failed(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mail, "PAUSE_SECONDS", 0.0)
    handler = Post()
    handler.answers["b@x.org"] = "451 later"
    with served(handler) as port:
        given = settings(place, post_case.plain(port))
        with pytest.raises(StageError, match="did not take"):
            late.tell(given, NIGHT)
        handler.answers = {}
        for _ in range(2):
            late.tell(given, NIGHT)
    assert sorted(handler.names()) == sorted(TEAM.recipients)


def test_the_night_s_letter_still_goes_out_when_it_is_there_at_last(place: Path) -> None:
    late.tell(settings(place), NIGHT)
    book = mail.Ledger(place / "outbox" / "ledger.jsonl")
    assert book.outcomes(NIGHT, "team") == {}
    Store(place).update(lambda _: Catalog(published=NIGHT.isoformat()))
    folder = place / "reports" / NIGHT.isoformat() / "letters"
    folder.mkdir(parents=True)
    for suffix in ("eml", "json"):
        (folder / f"team.{suffix}").write_text("{}", "utf-8")
    assert late.tell(settings(place, SmtpSettings()), NIGHT) == []
