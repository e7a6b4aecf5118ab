"""Rows in quarantine that nobody will repair, decisions that are taken back, and what would let a row in."""

import json
import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from pipeline.context import Run
from pipeline.errors import IdentityError, QuestionError
from pipeline.ingest.door import FILE_FAULTS
from pipeline.privacy.erasure_plan import Plan
from pipeline.privacy.files import Files
from pipeline.quarantine import dismissals, releases
from pipeline.quarantine.dismiss import RELEASED, TAKEN_IN, Withdrawn, dismiss, withdraw
from pipeline.quarantine.release import Outcome, Why, release
from pipeline.quarantine.remedies import BY_CODE, remedy
from pipeline.quarantine.shown import Chosen, counts, rows
from pipeline.settings import SourceSettings
from pipeline.sources.column_maps import Given
from pipeline.stages import marts
from pipeline.warehouse import Session
from tests.unit.ingest_case import EVENT, Case
from tests.unit.quarantine_case import FILES, N1, N2, N3, WHY, Told, asked, repaired, web_nights

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def web(tmp_path: Path) -> Told:
    return web_nights(tmp_path)


def figures(case: Case) -> list[tuple[object, ...]]:
    return [(r["reason"], r["open"], r["released"], r["dismissed"]) for r in counts(case.settings, Chosen())]


def test_a_dismissed_row_stays_in_its_account_and_is_open_no_more(web: Told) -> None:
    assert dismiss(web.settings, Chosen(reason="bad_time"), WHY) == Outcome(N2, 1, 1, {})
    assert dismiss(web.settings, Chosen(source="web"), WHY) == Outcome(N2, 2, 1, {})
    assert figures(web) == [("bad_time", 0, 0, 1), ("missing_value", 0, 0, 1)]
    (kept,) = [one for one in dismissals.read(web.settings.data) if one.line == 2]
    assert (kept.reason, kept.by, kept.why, kept.dismissed_at) == ("bad_time", WHY.by, WHY.why, WHY.at)
    web.night(N2, "web")
    assert web.ask("web", FILES) == [(N1, 3, 1, 0, 2, 0), (N2, 1, 1, 0, 0, 0)]
    assert [row.decided for row in rows(web.settings, Chosen())] == [f"dismissed by {WHY.by}: {WHY.why}"] * 2
    with pytest.raises(QuestionError, match=r"2 are dismissed: landmark quarantine withdraw"):
        release(web.settings, Chosen(source="web"), WHY)
    with pytest.raises(QuestionError, match="no row in quarantine is meant"):
        dismiss(web.settings, Chosen(table="x"), WHY)
    with pytest.raises(IdentityError, match="--why is text"):
        dismiss(web.settings, Chosen(source="web"), Why(" ", "ann", ""))


def test_a_row_that_is_set_aside_for_another_reason_is_open_again(web: Told, tmp_path: Path) -> None:
    dismiss(web.settings, Chosen(lines=(2,)), WHY)
    late = releases.Release(N2, "web", "events", N1, "e.jsonl", 2, json.dumps(EVENT | {"messageId": ""}), "b", "w", "")
    releases.add(web.settings.data, [late])
    assert figures(web.night(N2, "web")) == [("missing_value", 2, 0, 0)]
    assert dismiss(web.settings, Chosen(lines=(2,)), WHY).fresh == 1


def test_what_no_night_has_applied_is_taken_back_and_leaves_nothing(web: Told, tmp_path: Path) -> None:
    repaired(web, tmp_path / "r", l2=json.dumps(EVENT | {"messageId": "m2"}))
    assert dismiss(web.settings, Chosen(source="web"), WHY).kept == {RELEASED: 1}
    assert withdraw(web.settings, Chosen(source="web")) == Withdrawn(1, 1, {})
    assert (releases.read(web.settings.data, "web"), dismissals.read(web.settings.data)) == ([], [])
    assert figures(web) == [("bad_time", 1, 0, 0), ("missing_value", 1, 0, 0)]
    assert web.night(N2, "web").ask("web", FILES) == [(N1, 3, 1, 0, 2, 0), (N2, 1, 1, 0, 0, 0)]


def test_a_dismissal_that_a_night_counted_with_ends_with_the_next(web: Told) -> None:
    dismiss(web.settings, Chosen(lines=(3,)), WHY)
    web.night(N2, "web")
    assert withdraw(web.settings, Chosen(lines=(3,))) == Withdrawn(0, 1, {})
    assert figures(web)[1] == ("missing_value", 1, 0, 0)
    data = web.settings.data
    assert [len(dismissals.as_of(data, night)) for night in (N1, N2, N3)] == [0, 1, 0], "as each night said"
    assert dismiss(web.settings, Chosen(lines=(3,)), WHY).fresh == 1
    assert [len(dismissals.as_of(data, night)) for night in (N1, N2, N3)] == [0, 1, 1]


def test_the_marts_are_told_what_is_dismissed_on_their_night(web: Told, tmp_path: Path) -> None:
    dismiss(web.settings, Chosen(lines=(3,)), WHY)
    for night, told in ((N1, []), (N2, [("web", "events", date.fromisoformat(N1), "e.jsonl", 3, "missing_value")])):
        with Session(web.settings, "marts", tmp_path / night, tmp_path / "spill") as session:
            marts._put_dismissed(Run(date.fromisoformat(night), web.settings), session)
            columns = "source, table_name, night, file, line, reason"
            assert session.connection.execute(f"select {columns} from marts.dismissed").fetchall() == told


def test_what_to_do_about_a_release_that_was_applied_is_told(web: Told, tmp_path: Path) -> None:
    repaired(web, tmp_path / "r", l2=json.dumps(EVENT | {"messageId": "m2"}))
    release(web.settings, Chosen(lines=(3,)), WHY)
    web.night(N2, "web")
    for line, words in ((2, "1 was taken in since.*delivered again"), (3, "1 was released.*repaired or dismissed")):
        with pytest.raises(QuestionError, match=f"nothing to take back: {words}"):
            withdraw(web.settings, Chosen(source="web", lines=(line,)))
    release(web.settings, Chosen(lines=(3,)), WHY)
    assert withdraw(web.settings, Chosen(source="web")) == Withdrawn(1, 0, {TAKEN_IN: 1})


def test_an_erasure_takes_the_dismissals_of_the_person_s_rows(tmp_path: Path) -> None:
    made = [dismissals.Dismissal(N2, "web", "events", N1, "e", n, "bad_time", "b", "w", "") for n in (2, 3)]
    dismissals.add(tmp_path, made)
    lists: dict[str, Any] = dict.fromkeys(("records", "own", "row_ids", "described", "hashes", "tokens"), ())
    dicts: dict[str, Any] = {"shared": {}, "places": {}, "landed": {}}
    mended = (("web", "events", N1, "e", 3, "text"),)
    lines = (("web", "events", N1, "e", 2),)
    plan = Plan(asked="", night=N1, customer_id="C", lines=lines, mended=mended, **lists, **dicts)
    Files(tmp_path, plan).sweep()
    assert [one.line for one in dismissals.read(tmp_path)] == [3]


# -- what would let a row in ------------------------------------------------------------------------------------------


def test_every_reason_has_a_remedy() -> None:
    sql = "".join(path.read_text("utf-8") for path in (ROOT / "sql" / "ingest").glob("*.sql"))
    suites = (ROOT / "expectations" / "ingest.py").read_text("utf-8")
    doors = "".join(p.read_text("utf-8") for f in ("ingest", "sources") for p in (ROOT / "pipeline" / f).glob("*.py"))
    codes = set(re.findall(r"'([a-z_]+): ", sql)) | set(re.findall(r'"rule": "([a-z_]+)"', suites))
    codes |= set(re.findall(r'"((?:unreadable|truncated)): ', doors)) | set(FILE_FAULTS)
    assert len(codes) > 12
    assert codes - {"not_ours", "missing_column"} <= set(BY_CODE)


LACKS = "missing_column: the file has no column"
MAPPED: dict[str, dict[str, Given]] = {"orders": {"amount": ("Total", "Sum"), "status": "State"}}


@pytest.mark.parametrize(
    ("told", "reason", "words"),
    [
        ({}, "bad_number: amount is not a number", 'set sources.crm.decimals = "comma"'),
        ({}, "unknown_status: status is not among the known ones (a, b)", "in sources.crm.values.orders.status and"),
        ({}, f"{LACKS} amount", 'in sources.crm.columns.orders: amount = ["amount", "<its name there>"], and'),
        ({}, f"{LACKS} amount, status (perhaps State for status, Sum for amount: then map it in sources.crm.columns)",
         'orders: amount = ["amount", "Sum"], and'),
        ({"columns": MAPPED}, f"{LACKS} State", 'orders: status = ["State", "<its name there>"], and'),
        ({"columns": MAPPED}, f"{LACKS} Total or Sum", 'orders: amount = ["Total", "Sum", "<its name there>"], and'),
        ({}, f"{LACKS} amount, nor any other that is known: has it a header line?", "have the file delivered again"),
        ({"form": ("salesforce",)}, "bad_time: ordered_at is not an ISO 8601 time", "correct its text (--rows)"),
        ({}, "unheard_of: x", "correct its text (--rows)"),
    ],
)  # fmt: skip
def test_a_remedy_names_the_setting_as_it_is_written(told: dict[str, Any], reason: str, words: str) -> None:
    table = "order" if "form" in told else "orders"
    found = remedy(SourceSettings(**told), "crm", table, reason)
    assert words in found
    assert ("sources." in found) == ("sources." in words or "columns" in words or "orders:" in words)


# -- the command line -------------------------------------------------------------------------------------------------


def test_the_commands_dismiss_and_take_back(
    web: Told, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LANDMARK_HASH_KEY", "k")
    for words in (("dismiss", "--why", "w"), ("withdraw",), ("withdraw", "--line", "2")):
        assert asked(web, *words) == 1
    assert asked(web, "release", "--line", "2", "--why", "w") == 0
    assert asked(web, "dismiss", "--source", "web", "--why", "w") == 0
    capsys.readouterr()
    assert asked(web, "withdraw", "--source", "web") == 0
    assert capsys.readouterr().out == "1 release taken back\n1 dismissal taken back\n"
    assert asked(web, "withdraw", "--source", "web") == 1
    assert "nothing was decided about such rows" in capsys.readouterr().err
