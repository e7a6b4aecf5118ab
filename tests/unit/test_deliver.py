"""Who gets which letter, and when not: outbox, corrections, approval, dead processes, a server that fails."""

import argparse
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session

from pipeline.commands import approve as command
from pipeline.errors import LandmarkError, SettingsError, StageError
from pipeline.mailing import approvals, mail
from pipeline.settings import Audience, SmtpSettings
from pipeline.stages.deliver import deliver
from tests.unit import post_case
from tests.unit.post_case import LETTER, NIGHT, TEAM, Post, ledger, put_letter, served, settings

ROOT = Path(__file__).resolve().parents[2]
FILED = "filed in the outbox (no mail server is set)"
BOARD = Audience(name="board", recipients=("d@x.org",), approval="always")
CAREFUL = Audience(name="careful", recipients=("e@x.org",), approval="trouble")


@pytest.fixture
def post(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Post, SmtpSettings]]:
    monkeypatch.setattr(mail, "PAUSE_SECONDS", 0.0)
    handler = Post()
    with served(handler) as port:
        yield handler, post_case.plain(port)


def bodies(handler: Post) -> list[str]:
    return [content.decode().replace("\r\n", "\n") for _, content in handler.arrived]


# -- where and when -------------------------------------------------------------------------------------------------


def test_without_a_server_the_letter_lies_in_the_outbox_once(tmp_path: Path) -> None:
    letter = put_letter(tmp_path)
    assert deliver(settings(tmp_path), NIGHT) == [f"team: 3 {FILED}"]
    filed = tmp_path / "outbox" / "2026-06-30-team.eml"
    assert filed.read_bytes() == letter.read_bytes()
    before = ledger(tmp_path)
    filed.unlink()
    assert deliver(settings(tmp_path), NIGHT) == [f"team: 3 {FILED}"]
    assert not filed.exists()
    assert ledger(tmp_path) == before


def test_a_letter_that_was_only_filed_goes_out_once_a_server_is_set(
    tmp_path: Path, post: tuple[Post, SmtpSettings]
) -> None:
    handler, smtp = post
    put_letter(tmp_path)
    deliver(settings(tmp_path), NIGHT)
    assert deliver(settings(tmp_path, smtp), NIGHT) == ["team: 3 sent"]
    assert deliver(settings(tmp_path, smtp), NIGHT) == ["team: 3 sent"]
    assert handler.names() == list(TEAM.recipients)


def test_a_back_fill_and_an_old_night_send_nothing(tmp_path: Path) -> None:
    put_letter(tmp_path)
    assert deliver(settings(tmp_path), NIGHT, backfill=True) == ["no mail: a back-fill"]
    assert deliver(settings(tmp_path), date(2026, 6, 29)) == ["no mail: the published night is 2026-06-30"]
    assert not (tmp_path / "outbox").exists()


def test_a_missing_letter_says_which_stage_makes_it_and_stops_no_other(tmp_path: Path) -> None:
    put_letter(tmp_path)
    other = Audience(name="other", recipients=("o@x.org",))
    with pytest.raises(StageError, match="Run the stage report first"):
        deliver(settings(tmp_path, None, other, TEAM), NIGHT)
    assert (tmp_path / "outbox" / "2026-06-30-team.eml").exists()


def test_an_audience_whose_missions_are_not_there_is_a_wrong_setting_and_stops_no_other(tmp_path: Path) -> None:
    put_letter(tmp_path)
    lost = Audience(name="lost", recipients=("o@x.org",), missions=("no_such",))
    with pytest.raises(SettingsError, match=r"lost.*no_such"):
        deliver(settings(tmp_path, None, lost, TEAM), NIGHT)
    assert (tmp_path / "outbox" / "2026-06-30-team.eml").exists()


def test_a_letter_whose_audience_changed_since_is_not_sent_and_stops_no_other(tmp_path: Path) -> None:
    wider = BOARD.model_copy(update={"recipients": ("d@x.org", "new@x.org")})
    for audience in (TEAM, BOARD):
        put_letter(tmp_path, audience=audience)
    given = settings(tmp_path, None, wider, TEAM)
    assert approvals.asked(given, NIGHT, False) == {}
    with pytest.raises(SettingsError, match=r"board.*before its audience's settings changed"):
        deliver(given, NIGHT)
    assert [path.name for path in (tmp_path / "outbox").glob("*.eml")] == ["2026-06-30-team.eml"]
    put_letter(tmp_path, audience=wider)
    assert sorted(approvals.asked(given, NIGHT, False)) == ["board"]


def test_the_error_has_the_servers_words(tmp_path: Path, post: tuple[Post, SmtpSettings]) -> None:
    handler, smtp = post
    handler.answers["b@x.org"] = "451 greylisted for now"
    put_letter(tmp_path)
    with pytest.raises(StageError, match=r"b@x.org .*greylisted for now"):
        deliver(settings(tmp_path, smtp), NIGHT)


# -- nights made again ----------------------------------------------------------------------------------------------


def test_a_night_made_again_with_the_same_figures_mails_nobody_again(
    tmp_path: Path, post: tuple[Post, SmtpSettings]
) -> None:
    handler, smtp = post
    put_letter(tmp_path)
    deliver(settings(tmp_path, smtp), NIGHT)
    put_letter(tmp_path, mail.Letter("Other words", "t", "h", None))
    assert deliver(settings(tmp_path, smtp), NIGHT) == ["team: 3 sent"]
    assert len(handler.arrived) == 3


def test_a_night_made_again_with_other_figures_is_mailed_again_once(
    tmp_path: Path, post: tuple[Post, SmtpSettings]
) -> None:
    handler, smtp = post
    put_letter(tmp_path)
    deliver(settings(tmp_path, smtp), NIGHT)
    put_letter(tmp_path, mail.Letter("Correction", "t", "h", None), number=2, told=2)
    for _ in range(2):
        assert deliver(settings(tmp_path, smtp), NIGHT) == ["team: 3 sent"]
    assert handler.names() == [*TEAM.recipients, *TEAM.recipients]
    assert all("Subject: Correction" in body for body in bodies(handler)[3:])


def test_who_did_not_get_the_first_letter_gets_the_correction_alone(
    tmp_path: Path, post: tuple[Post, SmtpSettings]
) -> None:
    handler, smtp = post
    handler.answers["b@x.org"] = "451 later"
    put_letter(tmp_path)
    with pytest.raises(StageError):
        deliver(settings(tmp_path, smtp), NIGHT)
    handler.answers = {}
    put_letter(tmp_path, mail.Letter("Correction", "t", "h", None), number=2, told=2)
    deliver(settings(tmp_path, smtp), NIGHT)
    assert handler.names() == ["a@x.org", "c@x.org", *TEAM.recipients]


def test_what_was_told_is_kept_from_the_moment_that_it_leaves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mail, "PAUSE_SECONDS", 0.0)
    put_letter(tmp_path)
    absent = SmtpSettings(host="127.0.0.1", port=1, starttls=False)
    with pytest.raises(StageError):
        deliver(settings(tmp_path, absent), NIGHT)
    told = json.loads((tmp_path / "outbox/told/2026-06-30.team.json").read_text("utf-8"))
    assert told == [{"figures": 1}]


# -- approval -------------------------------------------------------------------------------------------------------


def approve(place: Path, *names: str) -> None:
    given = settings(place, None, TEAM, BOARD, CAREFUL)
    letters = {name: letter.digest for name, letter in approvals.asked(given, NIGHT, False).items()}
    assert sorted(letters) == sorted(names)
    approvals.approve(given, NIGHT, letters, approvals.responder({"responded_by_user": {"name": "ann"}}))


def test_a_letter_that_needs_approval_waits_for_it_and_holds_up_no_other(
    tmp_path: Path, post: tuple[Post, SmtpSettings]
) -> None:
    handler, smtp = post
    for audience in (TEAM, BOARD):
        put_letter(tmp_path, audience=audience)
    given = settings(tmp_path, smtp, TEAM, BOARD)
    assert deliver(given, NIGHT)[1:] == [
        "board: waits for approval, in Airflow or by `landmark approve` (the audience's setting approval)"
    ]
    assert handler.names() == list(TEAM.recipients)
    approve(tmp_path, "board")
    assert deliver(given, NIGHT) == ["team: 3 sent", "board: 1 sent"]
    assert handler.names()[3:] == ["d@x.org"]
    assert '"by": "ann"' in (tmp_path / "outbox" / "approvals.jsonl").read_text("utf-8")


def test_a_letter_is_read_and_approved_on_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("getpass.getuser", lambda: "bea")
    put_letter(tmp_path, audience=BOARD)

    def landmark(**options: str | None) -> str:
        given = argparse.Namespace(**{"audience": None, "night": None} | options)
        command.run(given, settings(tmp_path, None, BOARD))
        return capsys.readouterr().out

    shown = landmark()
    assert "to board (1 recipients): Früh: 22 in 100 more" in shown
    assert "Text – 22" in shown
    for wrong in ({"audience": "team"}, {"night": "2026-06-29"}):
        with pytest.raises(LandmarkError):
            landmark(**wrong)
    assert landmark(audience="board") == f"board: 1 {FILED}\n"
    assert '"by": "bea"' in (tmp_path / "outbox" / "approvals.jsonl").read_text("utf-8")
    assert landmark() == f"no e-mail of the night {NIGHT} waits for approval\n"


def test_another_letter_than_the_approved_one_waits_anew(tmp_path: Path) -> None:
    put_letter(tmp_path, audience=BOARD)
    approve(tmp_path, "board")
    put_letter(tmp_path, mail.Letter("Other", "t", "h", None), BOARD, told=2)
    assert "waits for approval" in deliver(settings(tmp_path, None, BOARD), NIGHT)[0]
    assert not list((tmp_path / "outbox").glob("*.eml"))


def test_a_night_with_trouble_is_held_for_who_wants_that_and_no_other_night_is(tmp_path: Path) -> None:
    given = settings(tmp_path, None, TEAM, CAREFUL)
    for audience in (TEAM, CAREFUL):
        put_letter(tmp_path, audience=audience)
    assert deliver(given, NIGHT) == [
        f"team: 3 {FILED}",
        f"careful: 1 {FILED}",
    ]
    put_letter(tmp_path, audience=CAREFUL, number=2, told=2, troubles=("No events (web) arrived.",))
    said = deliver(given, NIGHT)[1]
    assert said.startswith("careful: waits for approval")
    assert said.endswith("(trouble with the data: No events (web) arrived.)")
    approve(tmp_path, "careful")
    assert deliver(given, NIGHT)[1] == f"careful: 1 {FILED}"


def test_nobody_is_asked_about_a_back_fill_or_an_old_night(tmp_path: Path) -> None:
    put_letter(tmp_path, audience=BOARD)
    given = settings(tmp_path, None, BOARD)
    assert approvals.asked(given, NIGHT, True) == {}
    assert approvals.asked(given, date(2026, 6, 29), False) == {}


def test_what_is_approved_is_shown_as_text_whatever_it_holds(tmp_path: Path) -> None:
    hostile = mail.Letter("s", "x\n```\n<img src=x onerror=alert(1)>\n# head {{ 7*7 }}\n", "h", None)
    put_letter(tmp_path, hostile, BOARD)
    body = approvals.body(approvals.asked(settings(tmp_path, None, BOARD), NIGHT, False))
    told = body.splitlines()
    assert told[0] == "To **board** (1 recipients):"
    assert all(re.fullmatch(r"(`+) .* \1\\?", line) for line in told[2:] if line), "what is no code could be markup"
    assert "` <img src=x onerror=alert(1)> `\\" in told
    assert "```` ``` ````\\" in told, "a fence of its own does not end what stands around it"


# -- dead processes and failing servers -----------------------------------------------------------------------------

CHILD = """
import sys
from datetime import date
from pathlib import Path
from pipeline.mailing import mail
from pipeline.stages.deliver import deliver
from tests.unit.post_case import plain, settings
mail.PAUSE_SECONDS = 0.0
print(deliver(settings(Path(sys.argv[1]), plain(int(sys.argv[2]))), date(2026, 6, 30)))
"""


def child(data: Path, port: int) -> "subprocess.Popen[bytes]":
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.Popen([sys.executable, "-c", CHILD, str(data), str(port)], cwd=ROOT, env=environment)


class Killer(Post):
    """A server that kills its client at one point of the talk."""

    def __init__(self, point: str) -> None:
        super().__init__()
        self.point, self.steps, self.victim = point, 0, 0

    def _step(self, name: str) -> None:
        self.steps += 1
        if f"{name} {self.steps}" == self.point:
            os.kill(self.victim, signal.SIGKILL)

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self._step("rcpt")
        return await super().handle_RCPT(server, session, envelope, address, options)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        answer = await super().handle_DATA(server, session, envelope)
        self._step("data")
        return answer


@pytest.mark.parametrize("point", ["rcpt 1", "data 2", "rcpt 3", "data 4", "data 6"])
def test_killed_between_render_and_the_last_send_each_recipient_gets_exactly_one(tmp_path: Path, point: str) -> None:
    put_letter(tmp_path)
    handler = Killer(point)
    with served(handler) as port:
        first = child(tmp_path, port)
        handler.victim = first.pid
        assert first.wait(60) == -signal.SIGKILL
        assert child(tmp_path, port).wait(60) == 0
    assert sorted(handler.names()) == list(TEAM.recipients)


class Flaky(Post):
    """A server that fails one time in three: busy, or gone."""

    def __init__(self) -> None:
        super().__init__()
        self.calls = 0

    def _fails(self) -> bool:
        self.calls += 1
        return self.calls % 3 == 0

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self._fails():
            if self.calls % 2:
                server.transport.close()
            return "451 try again"
        return await super().handle_RCPT(server, session, envelope, address, options)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        return "452 no room" if self._fails() else await super().handle_DATA(server, session, envelope)


def test_with_a_server_that_fails_one_time_in_three_each_recipient_gets_exactly_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mail, "PAUSE_SECONDS", 0.0)
    many = TEAM.model_copy(update={"recipients": tuple(f"p{n}@x.org" for n in range(20))})
    put_letter(tmp_path, LETTER, many)
    handler, tries = Flaky(), 0
    with served(handler) as port:
        while tries < 10:
            tries += 1
            try:
                deliver(settings(tmp_path, post_case.plain(port), many), NIGHT)
                break
            except LandmarkError:
                continue
    assert sorted(handler.names()) == sorted(many.recipients)
    assert handler.calls > 50, "the server did fail"
    states = dict(ledger(tmp_path))
    assert set(states.values()) == {"sent"}
