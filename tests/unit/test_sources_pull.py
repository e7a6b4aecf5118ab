"""Pull: what lands, what is told, what stops, and that no name leaves its folder."""

import io
import json
import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import DeliveryError, LandmarkError, NightError
from pipeline.sources.landing import safe_name
from pipeline.sources.places import Exports
from tests.unit.ingest_case import EVENT, ORDER, Case, crm, csv_text, jsonl


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=300))
def test_a_safe_name_is_one_plain_path_component(name: str) -> None:
    safe = safe_name(name)
    assert safe not in ("", ".", "..")
    assert not safe.startswith(".")
    assert "/" not in safe and "\\" not in safe and "\0" not in safe
    assert len(safe.encode()) <= 255


@given(st.lists(st.text(max_size=200), min_size=2, max_size=6, unique=True))
def test_other_names_stay_other_names(names: list[str]) -> None:
    assert len({safe_name(name) for name in names}) == len(names)


def test_what_lands_is_what_came_and_its_owner_s_alone(tmp_path: Path) -> None:
    case = Case(tmp_path)
    source = case.deliver("web/events/2026-01-02/e v.jsonl", jsonl([EVENT]))
    case.night("2026-01-02", "web")
    line = json.loads((case.settings.data / "landing/web/manifest.jsonl").read_text())
    landed = case.settings.data / "landing" / line["path"]
    assert landed.read_bytes() == source.read_bytes()
    assert (line["file"], line["night"], line["bytes"]) == ("e v.jsonl", "2026-01-02", source.stat().st_size)
    assert stat.S_IMODE(landed.stat().st_mode) == 0o600
    assert stat.S_IMODE(landed.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize(
    "name", ["x%2f..%2f..%2fx.jsonl", "<b>x<b>.jsonl", "x;rm -rf ~.jsonl", "'; drop table x --.jsonl", "a\nb.jsonl"]
)
def test_a_hostile_name_is_only_a_name(tmp_path: Path, name: str) -> None:
    case = Case(tmp_path)
    case.deliver(f"web/events/2026-01-02/{name}", jsonl([EVENT]))
    case.deliver(
        f"partner/{name}/2026-01-02/{name}",
        jsonl([{"activity_id": "1", "customer_ref": "r", "occurred_at": "x", "activity_type": "t"}]),
    )
    case.night("2026-01-02", "web")
    assert case.ask("web", "select count(*) from ingest.events") == [(1,)]
    case.night("2026-01-02", "partner")
    assert len(case.reasons("partner")) == 1
    inside = {p.name for p in (tmp_path / "data").rglob("*") if p.is_file()}
    assert all("\n" not in found for found in inside)
    assert {p.name for p in tmp_path.iterdir()} <= {"exports", "data", "spill"}


def test_a_name_that_is_not_utf_8_lands_too(tmp_path: Path) -> None:
    case = Case(tmp_path)
    path = case.deliver("web/events/2026-01-02/x.jsonl", jsonl([EVENT]))
    path.rename(path.with_name(os.fsdecode(b"\xff.jsonl")))
    case.night("2026-01-02", "web")
    assert case.ask("web", "select file from ingest.files") == [("\\xff.jsonl",)]


def test_a_file_that_changes_before_its_night_is_finished_lands_again(tmp_path: Path) -> None:
    case = Case(tmp_path)
    path = case.deliver("web/events/2026-01-02/e.jsonl", jsonl([EVENT]))
    exports = Exports(case.settings.exports)
    from datetime import date

    from pipeline.context import Run
    from pipeline.stages import pull
    from pipeline.warehouse import Session

    def landed() -> list[tuple[int, ...]]:
        run = Run(date(2026, 1, 2), case.settings)
        (tmp_path / "out").mkdir(exist_ok=True)
        with Session(case.settings, "pull", tmp_path / "out", tmp_path / "spill") as session:
            pull.build(run, session, "web")
            return session.connection.execute("select bytes from pull.files").fetchall()

    assert landed() == [(path.stat().st_size,)]
    path.write_text(jsonl([EVENT, EVENT]))
    assert exports.deliveries("web")[0].size == path.stat().st_size
    assert landed() == [(path.stat().st_size,)]


def test_a_file_that_changes_after_it_was_taken_in_is_told_and_changes_nothing(tmp_path: Path) -> None:
    case = Case(tmp_path)
    path = case.deliver("web/events/2026-01-02/e.jsonl", jsonl([EVENT]))
    case.night("2026-01-02", "web")
    path.write_text(jsonl([EVENT, EVENT | {"messageId": "m2"}]))
    case.deliver("web/events/2026-01-03/e.jsonl", jsonl([EVENT | {"messageId": "m3"}]))
    assert late(case, "2026-01-03") == 1
    assert case.ask("web", "select message_id from ingest.events order by 1") == [("m1",), ("m3",)]


def late(case: Case, night: str) -> int:
    """How many files a night, with one new event, says came too late."""
    case.deliver(f"web/events/{night}/e.jsonl", jsonl([EVENT | {"messageId": "m3"}]))
    case.logs.clear()
    case.night(night, "web")
    return sum("changed after it was taken in" in text for text in case.logs)


def test_a_file_that_changes_too_late_is_told_once_a_change(tmp_path: Path) -> None:
    case = Case(tmp_path)
    path = case.deliver("web/events/2026-01-02/e.jsonl", jsonl([EVENT]))
    case.night("2026-01-02", "web")
    path.write_text(jsonl([EVENT, EVENT | {"messageId": "m2"}]))
    assert [late(case, night) for night in ("2026-01-03", "2026-01-03", "2026-01-04", "2026-01-05")] == [1, 1, 0, 0]
    path.write_text(jsonl([EVENT, EVENT | {"messageId": "another"}]))
    assert [late(case, night) for night in ("2026-01-06", "2026-01-07")] == [1, 0]
    case.deliver("web/events/2026-01-02/mended.jsonl", path.read_text())
    assert late(case, "2026-01-08") == 0
    names = case.ask("web", "select distinct message_id from ingest.events order by 1")
    assert names == [("another",), ("m1",), ("m3",)], "under another name it is taken in"


def test_a_night_that_does_not_exist_is_named_with_those_that_do(tmp_path: Path) -> None:
    case = Case(tmp_path)
    crm(case, "2026-01-02", csv_text([ORDER]))
    with pytest.raises(NightError, match="2026-01-02") as caught:
        case.night("2026-01-03", "web")
    assert caught.value.value == "2026-01-03"


def test_no_exports_at_all_is_an_error_that_names_the_place(tmp_path: Path) -> None:
    with pytest.raises(DeliveryError, match="no such place") as caught:
        Case(tmp_path).night("2026-01-02", "crm")
    assert str(tmp_path / "exports") in str(caught.value)


def test_exports_without_a_delivery_are_an_error(tmp_path: Path) -> None:
    (tmp_path / "exports" / "crm" / "orders").mkdir(parents=True)
    with pytest.raises(DeliveryError, match="no delivery at all"):
        Case(tmp_path).night("2026-01-02", "crm")


@pytest.mark.parametrize("table", ["orders", "customers", "interactions"])
def test_a_missing_crm_table_stops_and_says_how_to_go_on(tmp_path: Path, table: str) -> None:
    case = Case(tmp_path)
    crm(case, "2026-01-02", csv_text([ORDER]))
    for file in (tmp_path / "exports/crm" / table / "2026-01-02").iterdir():
        file.unlink()
    with pytest.raises(DeliveryError, match="a table is missing") as caught:
        case.night("2026-01-02", "crm")
    assert caught.value.where == f"crm/{table}/2026-01-02"
    assert "LANDMARK_SOURCES__CRM__MISSING=warn" in str(caught.value)


def test_a_missing_web_table_is_told(tmp_path: Path) -> None:
    case = Case(tmp_path)
    case.deliver("web/events/2026-01-02/e.jsonl", jsonl([EVENT]))
    crm(case, "2026-01-03", csv_text([ORDER]))
    case.night("2026-01-02", "web").night("2026-01-03", "web")
    assert "warning: web/events is missing for the night 2026-01-03" in case.logs
    assert case.ask("web", "select count(*) from ingest.events") == [(1,)]


def test_a_company_without_a_source_has_its_tables_empty(tmp_path: Path) -> None:
    case = Case(tmp_path)
    crm(case, "2026-01-02", csv_text([ORDER]))
    case.night("2026-01-02", "web")
    assert case.ask("web", "select count(*), max(typeof(occurred_at)) from ingest.events") == [(0, None)]
    described = {row[0]: row[1] for row in case.ask("web", "describe ingest.events")}
    assert (described["occurred_at"], described["message_id"]) == ("TIMESTAMP", "VARCHAR")


def test_what_is_no_delivery_is_left_and_told(tmp_path: Path) -> None:
    case = Case(tmp_path)
    crm(case, "2026-01-02", csv_text([ORDER]))
    case.deliver("crm/orders/2026-01-02/notes.xlsx", "x")
    case.deliver("crm/orders/2026-01-02/.orders.csv.tmp", "x")
    case.deliver("crm/invoices/2026-01-02/i.csv", "x")
    case.deliver("crm/orders/latest/o.csv", "x")
    case.night("2026-01-02", "crm")
    assert sum("left: " in text for text in case.logs) == 3
    assert any("no such table, only customers" in text for text in case.logs)
    assert case.ask("crm", "select count(*) from ingest.files") == [(3,)]


def test_a_later_night_waits_for_its_turn(tmp_path: Path) -> None:
    case = Case(tmp_path)
    case.deliver("web/events/2026-01-02/e.jsonl", jsonl([EVENT]))
    case.deliver("web/events/2026-01-05/e.jsonl", jsonl([EVENT | {"messageId": "m2"}]))
    case.night("2026-01-02", "web")
    assert case.ask("web", "select count(*) from ingest.events") == [(1,)]
    assert not list((case.settings.data / "landing").rglob("2026-01-05"))


def test_credentials_in_the_place_s_address_are_never_told() -> None:
    shown = Exports("memory://user:secret@host/exports").shown
    assert "secret" not in shown
    with pytest.raises(LandmarkError) as caught:
        Exports("nosuchplace://user:secret@host/exports")
    assert "secret" not in str(caught.value)


def test_any_place_of_fsspec_will_do() -> None:
    import fsspec

    with fsspec.filesystem("memory").open("/company/exports/web/events/2026-01-02/e.jsonl", "wb") as handle:
        handle.write(jsonl([EVENT]).encode())
    exports = Exports("memory://company/exports")
    found = exports.deliveries("web")
    assert [(d.night, d.table, d.name) for d in found] == [("2026-01-02", "events", "e.jsonl")]
    content = io.BytesIO()
    assert exports.write(found[0], lambda: content) == ""
    assert content.getvalue() == jsonl([EVENT]).encode()
    assert exports.deliveries("crm") == []


def test_what_is_no_file_of_the_exports_is_left_and_told(tmp_path: Path) -> None:
    case = Case(tmp_path)
    case.deliver("web/events/2026-01-02/e.jsonl", jsonl([EVENT]))
    folder = tmp_path / "exports" / "web" / "events" / "2026-01-02"
    (tmp_path / "secret.jsonl").write_text(jsonl([EVENT | {"messageId": "stolen"}]))
    (folder / "away.jsonl").symlink_to(tmp_path / "secret.jsonl")
    os.mkfifo(folder / "pipe.jsonl")
    case.night("2026-01-02", "web")
    assert case.ask("web", "select message_id from ingest.events") == [(EVENT["messageId"],)]
    told = "\n".join(case.logs)
    assert "away.jsonl: a link that leads out of the exports" in told
    assert "pipe.jsonl: not an ordinary file" in told
