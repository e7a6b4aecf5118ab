"""Ingest: which rows stand, what is refused and why, and that every file adds up, night by night or all at once."""

import json
import stat
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from pipeline.errors import DeliveryError
from pipeline.ingest import door, reading
from tests.unit.ingest_case import CUSTOMER, EVENT, ORDER, TOUCH, Case, crm, csv_text, jsonl

NIGHTS = ("2026-01-02", "2026-01-03", "2026-01-04")


def files(case: Case, source: str) -> list[tuple[Any, ...]]:
    return case.ask(
        source,
        "select table_name, cast(night as varchar), file, arrived, accepted, superseded, quarantined from ingest.files "
        "order by all",
    )


def test_a_delivery_becomes_typed_rows_that_know_where_they_came_from(tmp_path: Path) -> None:
    case = Case(tmp_path)
    crm(case, "2026-01-02", csv_text([ORDER | {"attributes": '{"a": 1}', "starts_at": "2026-05-01T00:00:00+02:00"}]))
    case.night("2026-01-02", "crm")
    row = case.connection("crm").execute("select * from ingest.orders").df().iloc[0].to_dict()
    assert row["amount"] == 10.5
    assert row["ordered_at"] == row["ends_at"] == pd.Timestamp("2026-01-01 10:00")
    assert row["starts_at"] == pd.Timestamp("2026-04-30 22:00")
    assert (str(row["delivered_night"])[:10], row["delivered_file"], row["delivered_line"]) == (
        "2026-01-02",
        "orders.csv",
        2,
    )
    assert case.ask("crm", "select consent_analytics, consent_marketing from ingest.customers") == [(True, False)]


def test_a_replaced_row_leaves_its_file_s_accepted_for_its_superseded(tmp_path: Path) -> None:
    case = Case(tmp_path)
    crm(case, "2026-01-02", csv_text([ORDER, ORDER | {"order_id": "O2"}]))
    case.night("2026-01-02", "crm")
    crm(case, "2026-01-03", csv_text([ORDER | {"status": "cancelled"}]))
    case.night("2026-01-03", "crm")
    assert case.ask("crm", "select order_id, status from ingest.orders order by 1") == [
        ("O1", "cancelled"),
        ("O2", "completed"),
    ]
    assert [row for row in files(case, "crm") if row[0] == "orders"] == [
        ("orders", "2026-01-02", "orders.csv", 2, 1, 1, 0),
        ("orders", "2026-01-03", "orders.csv", 1, 1, 0, 0),
    ]


def deliver_three_nights(case: Case) -> None:
    """Replacements, an older update that comes late, repeats within a night and over nights, bad rows."""
    old, new = "2026-01-01T01:00:00Z", "2026-01-01T09:00:00Z"
    people = [
        [CUSTOMER | {"city": "A", "updated_at": new}, CUSTOMER | {"crm_id": "C2", "city": "A", "updated_at": ""}],
        [CUSTOMER | {"city": "B", "updated_at": old}, CUSTOMER | {"crm_id": "C2", "city": "B", "updated_at": old}],
        [CUSTOMER | {"city": "C", "updated_at": new}, CUSTOMER | {"crm_id": "C2", "city": "A", "updated_at": ""}],
    ]
    for night, rows in zip(NIGHTS, people, strict=True):
        case.deliver(f"crm/customers/{night}/b.csv", csv_text(rows))
        case.deliver(
            f"crm/customers/{night}/a.csv", csv_text([rows[0], CUSTOMER | {"crm_id": "", "updated_at": "", "city": ""}])
        )
        bad = [ORDER | {"order_id": "", "amount": "1"}, ORDER | {"order_id": f"X{night}", "amount": "-1"}]
        case.deliver(f"crm/orders/{night}/o.csv", csv_text([ORDER, ORDER, ORDER | {"amount": night[-1]}, *bad]))
        case.deliver(f"crm/interactions/{night}/i.csv", csv_text([TOUCH | {"interaction_id": f"I{night}"}]))


def state(case: Case) -> list[list[tuple[Any, ...]]]:
    return [
        case.ask("crm", f"select * from ingest.{t} order by all")
        for t in ("customers", "orders", "interactions", "files", "quarantine")
    ]


def test_nights_one_by_one_and_all_at_once_come_to_the_same(tmp_path: Path) -> None:
    each, once, two = Case(tmp_path / "each"), Case(tmp_path / "once"), Case(tmp_path / "two")
    for case in (each, once, two):
        deliver_three_nights(case)
    for night in NIGHTS:
        each.night(night, "crm")
    once.night(NIGHTS[-1], "crm")
    two.night(NIGHTS[0], "crm").night(NIGHTS[-1], "crm")
    assert state(each) == state(once) == state(two)
    assert each.ask("crm", "select crm_id, city from ingest.customers order by 1") == [("C1", "C"), ("C2", "A")]
    assert each.ask("crm", "select amount from ingest.orders") == [(4.0,)]


def test_the_same_night_twice_writes_the_same_bytes(tmp_path: Path) -> None:
    case = Case(tmp_path)
    deliver_three_nights(case)
    seen = []
    for _ in range(2):
        case.night(NIGHTS[-1], "crm")
        newest = max((case.settings.data / "builds" / NIGHTS[-1]).iterdir(), key=lambda path: int(path.name))
        seen.append({str(p.relative_to(newest)): p.read_bytes() for p in sorted(newest.rglob("ingest/**/*.parquet"))})
    assert seen[0] == seen[1]
    assert len(seen[0]) >= 5


def test_a_file_for_an_old_night_that_comes_late_is_taken_in_as_if_it_had_come_in_time(tmp_path: Path) -> None:
    case = Case(tmp_path)
    crm(case, "2026-01-02", csv_text([ORDER]))
    crm(case, "2026-01-03", csv_text([ORDER | {"amount": "3"}]))
    case.night("2026-01-02", "crm").night("2026-01-03", "crm")
    crm(case, "2026-01-04", csv_text([ORDER | {"order_id": "O4"}]))
    case.deliver(
        "crm/orders/2026-01-02/late.csv", csv_text([ORDER, ORDER | {"amount": "2"}, ORDER | {"order_id": "O9"}])
    )
    case.night("2026-01-04", "crm")
    assert case.ask("crm", "select order_id, amount from ingest.orders order by 1") == [
        ("O1", 3.0),
        ("O4", 10.5),
        ("O9", 10.5),
    ]
    assert ("orders", "2026-01-02", "late.csv", 3, 1, 2, 0) in files(case, "crm")
    assert case.reasons("crm") == [("orders.csv", 2, "O1", "duplicate: an exact repeat within the night")]


def test_the_same_file_under_two_names_counts_once(tmp_path: Path) -> None:
    case = Case(tmp_path)
    events = jsonl([EVENT | {"messageId": f"m{i}"} for i in range(5)])
    case.deliver("web/events/2026-01-02/a.jsonl", events)
    case.deliver("web/events/2026-01-02/b.jsonl.gz", events)
    case.night("2026-01-02", "web")
    assert [row[2:] for row in files(case, "web")] == [("a.jsonl", 5, 5, 0, 0), ("b.jsonl.gz", 5, 0, 0, 5)]


def test_partners_may_use_the_same_numbers_and_file_names(tmp_path: Path) -> None:
    case = Case(tmp_path)
    row = {"activity_id": "1", "customer_ref": "r", "occurred_at": "2026-01-01", "activity_type": "ride"}
    for partner in ("cabs", "gym"):
        case.deliver(
            f"partner/{partner}/2026-01-02/x.csv",
            csv_text([row, row, row | {"activity_id": "2", "activity_type": partner}]),
        )
    case.night("2026-01-02", "partner")
    rows = case.ask("partner", "select partner, activity_id, activity_type from ingest.activities order by all")
    assert rows == [("cabs", "1", "ride"), ("cabs", "2", "cabs"), ("gym", "1", "ride"), ("gym", "2", "gym")]
    assert files(case, "partner") == [(p, "2026-01-02", "x.csv", 3, 2, 0, 1) for p in ("cabs", "gym")]


def test_every_format_comes_to_the_same_rows(tmp_path: Path) -> None:
    rows = [TOUCH | {"interaction_id": f"I{i}", "text": 'say "hi",\nthere', "rating": str(i)} for i in range(3)]
    found = []
    for nth, ending in enumerate(("csv", "csv.gz", "csv.zst", "jsonl", "json", "jsonl.gz", "parquet")):
        case = Case(tmp_path / str(nth))
        crm(case, "2026-01-02", csv_text([ORDER]))
        (tmp_path / str(nth) / "exports/crm/interactions/2026-01-02/interactions.csv").unlink()
        path = case.deliver(
            f"crm/interactions/2026-01-02/i.{ending}", csv_text(rows) if "csv" in ending else jsonl(rows)
        )
        if ending == "parquet":
            pd.DataFrame(rows).assign(
                rating=[0.0, 1.0, 2.0], occurred_at=pd.Timestamp("2026-01-01 10:00", tz="UTC")
            ).to_parquet(path)
        if ending == "csv.zst":
            import zstandard

            path.write_bytes(zstandard.compress(csv_text(rows).encode()))
        case.night("2026-01-02", "crm")
        found.append(
            case.ask("crm", "select interaction_id, occurred_at, rating, text from ingest.interactions order by 1")
        )
    assert len(found[0]) == 3
    assert all(one == found[0] for one in found)


def test_unknown_columns_are_kept_and_told(tmp_path: Path) -> None:
    case = Case(tmp_path)
    crm(case, "2026-01-02", csv_text([ORDER | {"Colour": "red", "status": "COMPLETED"}]))
    case.deliver(
        "web/events/2026-01-02/e.jsonl", jsonl([EVENT | {"version": 2, "properties": {"topic": "spa", "order_id": 7}}])
    )
    case.night("2026-01-02", "crm")
    assert json.loads(case.ask("crm", "select unmapped from ingest.orders")[0][0]) == {"Colour": "red"}
    assert "note: orders: unknown columns kept: Colour" in case.logs
    case.night("2026-01-02", "web")
    unmapped, topic, order = case.ask("web", "select unmapped, topic, order_id from ingest.events")[0]
    assert (json.loads(unmapped), topic, order) == ({"version": 2}, "spa", "7")


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_a_file_without_a_required_column_is_refused_with_its_name(tmp_path: Path, form: str) -> None:
    rows = [{k: v for k, v in ORDER.items() if k != "amount"} | {"total": "1"}]
    case = Case(tmp_path)
    crm(case, "2026-01-02", csv_text([ORDER]))
    path = case.deliver(f"crm/orders/2026-01-02/second.{form}", csv_text(rows))
    if form == "parquet":
        pd.DataFrame(rows).to_parquet(path)
    with pytest.raises(DeliveryError, match="no column amount") as caught:
        case.night("2026-01-02", "crm")
    assert caught.value.where == f"crm/orders/2026-01-02/second.{form}"
    warn = Case(tmp_path, stop=()).night("2026-01-02", "crm")
    assert [row[2:] for row in warn.reasons("crm")] == [("O1", "missing_column: the file has no column amount")]
    assert warn.ask("crm", "select count(*) from ingest.orders") == [(1,)]


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("x.csv", "", "no_header"),
        ("x.parquet", b"not parquet", "not_parquet"),
        ("x.parquet", b"", "not_parquet"),
        ("x.jsonl.gz", b"\x1f\x8b\x08\x00broken", "truncated"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_row_that_says_so(
    tmp_path: Path, name: str, content: str | bytes, code: str
) -> None:
    case = Case(tmp_path, stop=())
    crm(case, "2026-01-02", csv_text([ORDER]))
    case.deliver(f"crm/orders/2026-01-02/{name}", content)
    case.night("2026-01-02", "crm")
    assert [row[3].partition(":")[0] for row in case.reasons("crm")] == [code]
    assert case.ask("crm", "select count(*) from ingest.orders") == [(1,)]
    with pytest.raises(DeliveryError, match=code):
        Case(tmp_path).night("2026-01-02", "crm")


def test_an_empty_crm_delivery_stops(tmp_path: Path) -> None:
    case = Case(tmp_path)
    for table, row in (("orders", ORDER), ("customers", CUSTOMER), ("interactions", TOUCH)):
        case.deliver(f"crm/{table}/2026-01-02/x.csv", ",".join(row) + "\n")
    with pytest.raises(DeliveryError, match="the delivery is empty"):
        case.night("2026-01-02", "crm")


def test_a_first_crm_delivery_without_a_usable_order_stops(tmp_path: Path) -> None:
    case = Case(tmp_path)
    crm(case, "2026-01-02", ",".join(ORDER) + "\n")
    with pytest.raises(DeliveryError, match="no usable row") as caught:
        case.night("2026-01-02", "crm")
    assert caught.value.where == "crm/orders, night 2026-01-02"


def test_a_quiet_night_is_no_error(tmp_path: Path) -> None:
    case = Case(tmp_path)
    crm(case, "2026-01-02", csv_text([ORDER]))
    crm(case, "2026-01-03", ",".join(ORDER) + "\n")
    case.night("2026-01-02", "crm").night("2026-01-03", "crm")
    assert ("orders", "2026-01-03", "orders.csv", 0, 0, 0, 0) in files(case, "crm")


def test_raw_lines_are_kept_for_their_owner_only(tmp_path: Path) -> None:
    case = Case(tmp_path)
    broken = '{"messageId": "m9", "type"'
    case.deliver(
        "web/events/2026-01-02/e.jsonl",
        jsonl([EVENT, EVENT]) + broken + "\n" + jsonl([EVENT | {"messageId": "m2", "timestamp": "?"}]),
    )
    case.night("2026-01-02", "web")
    store = case.settings.data / "quarantine/2026-01-02/web__events.jsonl"
    kept = [json.loads(line) for line in store.read_text().splitlines()]
    assert [(row["line"], row["raw"]) for row in kept] == [
        (2, jsonl([EVENT]).strip()),
        (3, broken),
        (4, jsonl([EVENT | {"messageId": "m2", "timestamp": "?"}]).strip()),
    ]
    assert stat.S_IMODE(store.stat().st_mode) == 0o600
    assert stat.S_IMODE(store.parent.stat().st_mode) == 0o700
    assert [row[2] for row in case.reasons("web")] == ["m1", "", "m2"]


def test_a_reason_never_repeats_what_a_shifted_column_holds(tmp_path: Path) -> None:
    case = Case(tmp_path)
    crm(case, "2026-01-02", csv_text([ORDER, ORDER | {"order_id": "O2", "currency": "ann@x.example", "status": "Ann"}]))
    case.night("2026-01-02", "crm")
    assert not any("Ann" in row[3] or "ann@" in row[3] for row in case.reasons("crm"))
    assert len(case.reasons("crm")) == 1


@pytest.mark.parametrize(
    "most",
    [
        {"SLAB_ROWS": 7},
        {"SLAB_BYTES": 900, "DOOR_BYTES": 4000},
        {"SLAB_ROWS": 7, "SHOWN_BYTES": 0},
        {"SLAB_BYTES": 3000, "SHOWN_BYTES": 2000, "DOOR_BYTES": 4000},
    ],
)
def test_rows_over_many_slabs_come_to_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: dict[str, int]
) -> None:
    found, parts = [], []
    for limits in ({}, most):
        for name, value in limits.items():
            for module in (door, reading):
                monkeypatch.setattr(module, name, value, raising=False)
            monkeypatch.setattr("pipeline.sources.lines.BLOCK_BYTES", 900)
        case = Case(tmp_path / str(len(limits)))
        case.deliver("web/events/2026-01-02/e.jsonl", jsonl([EVENT | {"messageId": f"m{i % 50}"} for i in range(80)]))
        case.night("2026-01-02", "web")
        found.append((case.ask("web", "select * from ingest.events order by all"), case.reasons("web")))
        parts.append(len(list(case.root.rglob("events/*.parquet"))))
    assert found[0] == found[1]
    assert parts[0] == 1
    assert parts[1] > 1
    assert len(found[0][0]) == 50
    assert len(found[0][1]) == 30


def test_a_large_file_that_lacks_a_column_is_read_beside_one_that_has_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door, "SHOWN_BYTES", 0)
    case = Case(tmp_path)
    crm(case, "2026-01-02", csv_text([{k: v for k, v in ORDER.items() if k != "category"}]), "a.csv")
    case.deliver("crm/orders/2026-01-02/b.csv", csv_text([ORDER | {"order_id": "O2", "category": "rooms"}]))
    case.night("2026-01-02", "crm")
    assert case.ask("crm", "select order_id, category from ingest.orders order by all") == [
        ("O1", None),
        ("O2", "rooms"),
    ]
    assert len(list(case.root.rglob("orders/*.parquet"))) == 2
