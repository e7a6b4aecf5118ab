"""The quarantine listed, shown and released: what a released row becomes, and that every file still adds up."""

import json
import shutil
import stat
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.commands.quarantine import printable
from pipeline.errors import IdentityError, NightError, QuestionError, StageError
from pipeline.privacy import tombstones
from pipeline.privacy.erasure_plan import Plan
from pipeline.privacy.files import Files
from pipeline.quarantine import releases
from pipeline.quarantine.release import Outcome, Why, release, release_repaired
from pipeline.quarantine.shown import Chosen, Row, counts, rows
from pipeline.settings import SourceSettings
from tests.unit.ingest_case import EVENT, ORDER, Case, crm, csv_text, jsonl
from tests.unit.quarantine_case import FILES, N1, N2, N3, WHY, Told, asked, repaired, web_nights


@pytest.fixture
def web(tmp_path: Path) -> Told:
    return web_nights(tmp_path)


def test_what_stands_is_counted_by_table_and_reason_and_shown_as_it_came(web: Told) -> None:
    web.night(N2, "web")
    found = counts(web.settings, Chosen())
    row = {"source": "web", "table": "events", "rows": 1, "first_night": N1, "last_night": N1}
    row |= {"open": 1, "released": 0, "dismissed": 0}
    assert found == [row | {"reason": "bad_time"}, row | {"reason": "missing_value"}]
    (shown,) = rows(web.settings, Chosen(reason="bad_time"))
    assert shown.document == {
        "source": "web", "table": "events", "night": N1, "file": "e.jsonl", "line": 2, "record_id": "m2",
        "reason": "bad_time: timestamp is not an ISO 8601 time", "decided": "",
        "repair": 'correct its text (--rows); where the day or the month stands first, set sources.web.dates = '
        '"day_first" or "month_first" and release it',
        "raw": json.dumps(EVENT | {"messageId": "m2", "timestamp": "soon"}),
    }  # fmt: skip
    for chosen in (Chosen(night=N2), Chosen(source="crm"), Chosen(table="x"), Chosen(lines=(1,)), Chosen(file="x")):
        assert counts(web.settings, chosen) == []


def test_a_repaired_row_is_taken_in_at_its_own_place_and_its_file_adds_up(web: Told, tmp_path: Path) -> None:
    fixed = json.dumps(EVENT | {"messageId": "m2"})
    assert repaired(web, tmp_path / "r", l2=fixed) == Outcome(N2, 1, 1, {})
    assert [row["released"] for row in counts(web.settings, Chosen())] == [1, 0]
    assert web.ask("web", FILES) == [(N1, 3, 1, 0, 2, 0)], "a release is of the next night"
    web.night(N2, "web")
    assert web.ask("web", FILES) == [(N1, 3, 2, 0, 1, 0), (N2, 1, 1, 0, 0, 0)]
    place = "select message_id, cast(delivered_night as varchar), delivered_line from ingest.events order by 1"
    assert web.ask("web", place) == [("m1", N1, 1), ("m2", N1, 2), ("m9", N2, 1)]
    assert "of the rows released from quarantine 1 are taken in, 0 stay set aside" in web.logs
    with pytest.raises(QuestionError, match="no such row"):
        repaired(web, tmp_path / "r", l2=fixed) if rows(web.settings, Chosen(lines=(2,))) else release_repaired(
            web.settings, (tmp_path / "r").read_text().splitlines(), "r", WHY
        )


def test_releasing_again_changes_nothing_and_another_text_replaces_the_first(web: Told, tmp_path: Path) -> None:
    assert repaired(web, tmp_path / "r", l2=json.dumps(EVENT | {"messageId": "wrong"})).fresh == 1
    fixed = json.dumps(EVENT | {"messageId": "right"})
    assert [repaired(web, tmp_path / "r", l2=fixed).fresh for _ in range(2)] == [1, 0]
    (kept,) = releases.read(web.settings.data, "web")
    assert (kept.by, kept.why, kept.released_at) == (WHY.by, WHY.why, WHY.at)
    web.night(N2, "web")
    assert web.ask("web", "select message_id from ingest.events order by 1") == [("m1",), ("m9",), ("right",)]


def test_a_row_that_still_cannot_be_taken_in_stays_under_its_new_reason(web: Told, tmp_path: Path) -> None:
    repaired(web, tmp_path / "r", l2=json.dumps(EVENT | {"messageId": "m2", "timestamp": "2027-01-01"}))
    assert release(web.settings, Chosen(reason="missing_value"), WHY).fresh == 1
    web.night(N2, "web")
    assert [(line, reason.partition(":")[0]) for _, line, _, reason in web.reasons("web")] == [
        (2, "future_time"), (3, "missing_value"),
    ]  # fmt: skip
    assert "of the rows released from quarantine 0 are taken in, 2 stay set aside" in web.logs
    (shown,) = rows(web.settings, Chosen(lines=(2,)))
    assert "2027-01-01" in str(shown.raw)
    assert web.ask("web", FILES) == [(N1, 3, 1, 0, 2, 0), (N2, 1, 1, 0, 0, 0)]


def test_nights_one_by_one_again_and_from_nothing_come_to_the_same(web: Told, tmp_path: Path) -> None:
    def state(case: Case) -> list[list[tuple[Any, ...]]]:
        events = "select message_id, delivered_night, delivered_line from ingest.events order by all"
        return [case.ask("web", FILES), case.reasons("web"), case.ask("web", events)]

    repaired(web, tmp_path / "r", l2=json.dumps(EVENT | {"messageId": "m2"}))
    first = state(web)
    after = state(web.night(N2, "web"))
    assert state(web.night(N1, "web").night(N2, "web")) == after
    again = Told(tmp_path / "again")
    shutil.copytree(tmp_path / "exports", again.root / "exports")
    for part in ("landing", "quarantine/released"):
        shutil.copytree(web.settings.data / part, again.settings.data / part)
    assert state(again.night(N2, "web")) == after
    assert state(again.night(N1, "web").night(N2, "web")) == after
    assert first != after


def test_an_older_record_that_is_released_does_not_replace_a_newer_one(tmp_path: Path) -> None:
    case = Case(tmp_path)
    crm(case, N1, csv_text([ORDER, ORDER | {"order_id": "O2", "amount": "1,5"}]))
    crm(case, N2, csv_text([ORDER | {"order_id": "O2", "amount": "7"}]))
    crm(case, N3, csv_text([ORDER | {"order_id": "O3"}]))
    case.night(N1, "crm").night(N2, "crm")
    (row,) = rows(case.settings, Chosen(table="orders"))
    repaired(case, tmp_path / "r", l3=str(row.raw).replace("1,5", "1.5"))
    case.night(N3, "crm")
    assert case.ask("crm", "select amount from ingest.orders where order_id = 'O2'") == [(7.0,)]
    orders = FILES.replace("order by", "where table_name = 'orders' order by")
    assert case.ask("crm", orders) == [(N1, 2, 1, 1, 0, 0), (N2, 1, 1, 0, 0, 0), (N3, 1, 1, 0, 0, 0)]


def test_rows_are_read_again_under_the_settings_of_now(tmp_path: Path) -> None:
    case = Told(tmp_path)
    given = {"activity_id": "A1", "guest": "g1", "occurred_at": "2026-01-02", "activity_type": "ride"}
    case.deliver(f"partner/cab/{N1}/a.csv", csv_text([given, given | {"activity_id": "A2"}]))
    case.deliver(f"partner/cab/{N2}/b.csv", csv_text([given | {"activity_id": "A3"}]))
    case.night(N1, "partner")
    assert [row["reason"] for row in counts(case.settings, Chosen())] == ["missing_column"]
    case.told = {"partner": SourceSettings(columns={"cab": {"customer_ref": "guest"}})}
    assert release(case.settings, Chosen(source="partner", table="cab"), WHY).fresh == 2
    case.night(N2, "partner")
    assert case.ask("partner", "select activity_id, customer_ref from ingest.activities order by 1") == [
        (name, "g1") for name in ("A1", "A2", "A3")
    ]
    assert case.ask("partner", FILES) == [(N1, 2, 2, 0, 0, 0), (N2, 1, 1, 0, 0, 0)]


def test_what_is_a_repeat_or_a_whole_file_stays(tmp_path: Path) -> None:
    case = Case(tmp_path)
    case.deliver(f"web/events/{N1}/e.jsonl", jsonl([EVENT, EVENT]))
    case.deliver(f"web/events/{N1}/p.parquet", b"no parquet")
    case.night(N1, "web")
    with pytest.raises(QuestionError, match=r"1 is among exact repeats.*1 is of files that could not be read at all"):
        release(case.settings, Chosen(source="web"), WHY)
    with pytest.raises(QuestionError, match="among exact repeats"):
        repaired(case, tmp_path / "r", l2="{}")


TORN = {
    "a.csv": ('order_id,crm_id,ordered_at,status,amount,currency\nO1,C1,"2026-01-01,completed,1,EUR\n', 2),
    "a.tsv": ("order_id\tcrm_id\tordered_at\tstatus\tamount\tcurrency\nO1\tC1\n", 2),
    "a.json": ('[\n  {"order_id": "O1",,},\n  {"x": 1}\n]\n', 2),
}
WHOLE = {
    "a.csv": 'O1,C1,2026-01-01,"comp\nleted",1,EUR'.replace("comp\nleted", "completed"),
    "a.tsv": "O1\tC1\t2026-01-01\tcompleted\t1\tEUR",
    "a.json": json.dumps(ORDER, indent=1) + ",",
    "a.parquet": json.dumps(ORDER),
}


@pytest.mark.parametrize("name", list(WHOLE))
def test_a_repaired_row_is_read_as_its_file_has_rows(tmp_path: Path, name: str) -> None:
    case = Case(tmp_path, stop=())
    if name == "a.parquet":
        path = case.deliver(f"crm/orders/{N1}/{name}", b"")
        pq.write_table(pa.Table.from_pylist([ORDER | {"amount": "x"}]), path)
        line = 1
    else:
        text, line = TORN[name]
        case.deliver(f"crm/orders/{N1}/{name}", text)
    case.night(N1, "crm")
    case.deliver(f"crm/orders/{N2}/b.csv", csv_text([ORDER | {"order_id": "O2"}]))
    repaired(case, tmp_path / "r", **{f"l{line}": WHOLE[name]})
    case.night(N2, "crm")
    assert case.ask("crm", "select order_id from ingest.orders order by 1") == [("O1",), ("O2",)]


@pytest.mark.parametrize(
    "raw", ['O1,C1,"2026', "O1,C1\nO2,C2", "O1,C1,2026-01-01,completed,1,EUR\n\nO2,C1,2026-01-01,x,1,EUR"]
)
def test_a_text_that_is_not_one_record_is_refused(tmp_path: Path, raw: str) -> None:
    case = Case(tmp_path, stop=())
    case.deliver(
        f"crm/orders/{N1}/a.csv", csv_text([ORDER | {"amount": "x"}, ORDER | {"order_id": "O2", "amount": "y"}])
    )
    case.night(N1, "crm")
    good = "O2,C1,2026-01-01,completed,1,EUR"
    with pytest.raises(QuestionError, match="does not read as one record"):
        repaired(case, tmp_path / "r", l2=raw, l3=good)
    assert releases.read(case.settings.data, "crm") == []


def test_an_erased_person_s_rows_are_not_released(web: Told, tmp_path: Path) -> None:
    key = web.settings.hash_key
    hashes = (tombstones.hashed("anonymous_id", "cookie-9", key),)
    tombstones.add(web.settings, tombstones.Tombstone(N1, "C", tombstones.key_mark(key), hashes, {}))
    theirs = json.dumps({**EVENT, "messageId": "m2", "anonymousId": "cookie-9"})
    with pytest.raises(QuestionError, match=r"rows.jsonl, line 1: the text names a person who was erased"):
        repaired(web, tmp_path / "r", l2=theirs)
    late = releases.Release(N2, "web", "events", N1, "e.jsonl", 2, theirs, "ann", "why", "")
    releases.add(web.settings.data, [late])
    web.night(N2, "web")
    assert web.ask("web", FILES) == [(N1, 3, 1, 0, 2, 0), (N2, 1, 1, 0, 0, 0)]
    assert any("name people who were erased: they stay set aside" in line for line in web.logs)


DEAL = {
    "deal_id": "d1",
    "property_hs_is_closed_won": "true",
    "property_amount": "x",
    "property_closedate": "2026-01-02",
}


def test_a_repaired_row_waits_for_what_it_names_with_its_new_text(tmp_path: Path) -> None:
    case = Told(tmp_path, told={"crm": SourceSettings(missing="warn", form=("hubspot",))})
    case.deliver(f"crm/deal/{N1}/a.csv", csv_text([DEAL | {"property_deal_currency_code": "EUR"}]) + '"torn\n')
    case.deliver(f"crm/deal/{N2}/a.csv", csv_text([DEAL | {"deal_id": "d2"}]))
    case.deliver(f"crm/deal_contact/{N3}/a.csv", csv_text([{"deal_id": "d1", "contact_id": "c1"}]))
    case.night(N1, "crm")
    repaired(case, tmp_path / "r", l3="d1,true,5,2026-01-02,EUR")
    case.night(N2, "crm")
    assert ("a.csv", 3, "d1", "unmatched: no contact of the deal has arrived in deal_contact") in case.reasons("crm")
    case.night(N3, "crm")
    assert case.ask("crm", "select order_id, amount, delivered_line from ingest.orders") == [("d1", 5.0, 3)]


def test_what_is_wrong_is_told_with_its_line(web: Told, tmp_path: Path) -> None:
    with pytest.raises(NightError, match="nothing is published"):
        counts(Case(tmp_path / "new").settings, Chosen())
    with pytest.raises(QuestionError, match="no row in quarantine is meant"):
        release(web.settings, Chosen(table="x"), WHY)
    with pytest.raises(IdentityError, match="--why is text"):
        release(web.settings, Chosen(source="web"), Why(" ", "ann", ""))
    row = rows(web.settings, Chosen())[0].document
    for wrong in (
        "{",
        "[]",
        json.dumps(row | {"raw": " "}),
        json.dumps(row | {"more": 1}),
        json.dumps(row | {"line": "2"}),
    ):
        with pytest.raises(QuestionError, match="f, line 2: a repaired row is one JSON object"):
            release_repaired(web.settings, ["", wrong], "f", WHY)
    path = web.settings.data / "quarantine" / "released" / "web__events.jsonl"
    release(web.settings, Chosen(source="web"), WHY)
    path.write_text(path.read_text() + "{\n")
    with pytest.raises(StageError, match=r"web__events.jsonl, line 3"):
        releases.read(web.settings.data, "web")


# -- the command line -------------------------------------------------------------------------------------------------


@pytest.fixture
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANDMARK_HASH_KEY", "k")


@pytest.mark.usefixtures("key")
def test_the_commands_list_show_and_release(web: Told, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert asked(web, "list") == 0
    assert capsys.readouterr().out.splitlines()[1].split() == ["web", "events", "bad_time", "1", "0", "0", N1]
    assert asked(web, "show", "--reason", "bad_time", "--json") == 0
    shown = capsys.readouterr()
    assert json.loads(shown.out)["record_id"] == "m2"
    assert "people's data" in shown.err
    assert asked(web, "show", "--to", str(tmp_path / "rows")) == 0
    assert stat.S_IMODE((tmp_path / "rows").stat().st_mode) == 0o600
    capsys.readouterr()
    assert asked(web, "release", "--rows", str(tmp_path / "rows"), "--why", "w") == 0
    assert f"2 rows are released: the next night, {N2} or later" in capsys.readouterr().out
    assert [one.raw for one in releases.read(web.settings.data, "web")] == [None, None]
    assert asked(web, "release", "--line", "2", "--why", "w") == 0
    assert "1 row is released (1 was already): the next night" in capsys.readouterr().out
    assert asked(web, "release", "--why", "w") == 1
    assert asked(web, "release", "--rows", "x", "--line", "2", "--why", "w") == 1
    assert asked(web, "list", "--json", "--source", "crm") == 0
    assert capsys.readouterr().out == "[]\n"


@pytest.mark.usefixtures("key")
def test_show_tells_where_a_row_lies_and_what_would_let_it_in(web: Told, capsys: pytest.CaptureFixture[str]) -> None:
    assert asked(web, "dismiss", "--line", "3", "--why", "nobody knows whose", "--by", "ann") == 0
    assert capsys.readouterr().out == "1 row is dismissed: it stays in quarantine, and is open no more\n"
    assert asked(web, "show") == 0
    told = [line.split(None, 1) for line in capsys.readouterr().out.splitlines()]
    assert told[0] == [f"web/events/{N1}/e.jsonl,", "line 2 (m2)"]
    assert [name for name, _ in told[1:4]] == ["why", "repair", "row"]
    assert told[4] == [f"web/events/{N1}/e.jsonl,", "line 3"]
    assert told[6:8] == [
        ["repair", "correct its text (--rows), or have the record delivered again and dismiss this row"],
        ["decided", "dismissed by ann: nobody knows whose"],
    ]
    assert asked(web, "show", "--limit", "1") == 0
    assert "1 row of more: --limit N shows others" in capsys.readouterr().err


def test_what_a_terminal_would_obey_is_escaped() -> None:
    row = Row("web", "events", N1, "f", 1, "", "r", raw="é \x1b[2J \x9b \u202e \x7f \u2028 ok")
    text = printable(json.dumps(row.document, ensure_ascii=False))
    assert json.loads(text)["raw"] == row.raw
    assert "é" in text
    assert not any(c in text for c in "\x1b\x9b\u202e\x7f\u2028")


def test_an_erasure_takes_the_texts_that_are_the_person_s(tmp_path: Path) -> None:
    texts = {2: "a@x.org is theirs", 3: "at a place of theirs", 4: "another's"}
    releases.add(
        tmp_path, [releases.Release(N2, "web", "events", N1, "e", n, raw, "b", "w", "") for n, raw in texts.items()]
    )
    lists: dict[str, Any] = dict.fromkeys(("records", "own", "row_ids", "described", "hashes", "mended"), ())
    dicts: dict[str, Any] = {"shared": {}, "places": {}, "landed": {}}
    lines = (("web", "events", N1, "e", 3),)
    plan = Plan(asked="", night=N1, customer_id="C", tokens=("a@x.org",), lines=lines, **lists, **dicts)
    Files(tmp_path, plan).sweep()
    assert [one.line for one in releases.read(tmp_path, "web")] == [4]


@pytest.mark.usefixtures("web")
def test_released_rows_are_their_owner_s_alone(web: Told) -> None:
    release(web.settings, Chosen(source="web"), WHY)
    folder = web.settings.data / "quarantine" / "released"
    modes = {stat.S_IMODE(path.stat().st_mode) for path in (folder, *folder.iterdir())}
    assert modes <= {0o700, 0o600}
