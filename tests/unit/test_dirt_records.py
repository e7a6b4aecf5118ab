"""docs/dirt.md, records over nights: late, changed, deleted at the source, and ids that are used again."""

import json
from pathlib import Path
from typing import Any

import pytest

from pipeline.quarantine.release import Why, release, release_repaired
from pipeline.quarantine.shown import Chosen, rows
from tests.unit.dirt_case import Dirt, dirt
from tests.unit.ingest_case import CUSTOMER, ORDER, TOUCH, csv_text

NIGHTS = ("2026-01-05", "2026-01-06", "2026-01-07")


def company(root: Path, nights: dict[str, list[dict[str, Any]]], run: tuple[str, ...] = NIGHTS) -> Dirt:
    """A CRM that delivers these orders, night by night, and is run on some of the nights."""
    case = dirt(root)
    for night, told in nights.items():
        case.deliver(f"crm/orders/{night}/o.csv", csv_text(told))
        case.deliver(f"crm/customers/{night}/c.csv", csv_text([CUSTOMER]))
        case.deliver(f"crm/interactions/{night}/i.csv", csv_text([TOUCH]))
    for night in run:
        case.night(night, "crm")
    return case


def orders(case: Dirt) -> list[tuple[Any, ...]]:
    return case.ask("crm", "select order_id, amount from ingest.orders order by 1")


def accounts(case: Dirt) -> list[tuple[Any, ...]]:
    told = "select cast(night as varchar), arrived, accepted, superseded, quarantined from ingest.files"
    return case.ask("crm", f"{told} where table_name = 'orders' order by 1")


def both_ways(root: Path, nights: dict[str, list[dict[str, Any]]]) -> Dirt:
    """Night by night and all at once, which must agree."""
    each, once = company(root / "each", nights), company(root / "once", nights, NIGHTS[-1:])
    for table in ("orders", "files", "quarantine"):
        rows = f"select * from ingest.{table} order by all"
        assert each.ask("crm", rows) == once.ask("crm", rows)
    return each


def test_rows_weeks_late(tmp_path: Path) -> None:
    late = ORDER | {"order_id": "O9", "ordered_at": "2025-11-01T10:00:00Z"}
    case = both_ways(tmp_path, {NIGHTS[0]: [ORDER], NIGHTS[1]: [ORDER | {"order_id": "O2"}], NIGHTS[2]: [late]})
    assert ("O9", 10.5) in orders(case)
    assert accounts(case)[-1] == (NIGHTS[2], 1, 1, 0, 0)


def test_a_record_that_changes(tmp_path: Path) -> None:
    old, new = ({"updated_at": f"2026-01-0{day}T00:00:00Z"} for day in (2, 4))
    rows = {
        NIGHTS[0]: [ORDER | old, ORDER | {"order_id": "O2", "updated_at": ""}],
        NIGHTS[1]: [ORDER | new | {"amount": "20"}, ORDER | {"order_id": "O2", "updated_at": "", "amount": "30"}],
        NIGHTS[2]: [ORDER | old | {"amount": "40"}],
    }
    case = both_ways(tmp_path, rows)
    assert orders(case) == [("O1", 20.0), ("O2", 30.0)]
    assert accounts(case) == [(NIGHTS[0], 2, 0, 2, 0), (NIGHTS[1], 2, 2, 0, 0), (NIGHTS[2], 1, 0, 1, 0)]


def test_what_a_later_delivery_leaves_out_stands(tmp_path: Path) -> None:
    rows = {NIGHTS[0]: [ORDER, ORDER | {"order_id": "O2"}], NIGHTS[1]: [ORDER], NIGHTS[2]: [ORDER]}
    assert orders(both_ways(tmp_path, rows)) == [("O1", 10.5), ("O2", 10.5)]


def test_an_id_that_is_used_again(tmp_path: Path) -> None:
    again = ORDER | {"crm_id": "C7", "amount": "99", "ordered_at": "2026-01-05T10:00:00Z"}
    case = both_ways(tmp_path, {NIGHTS[0]: [ORDER], NIGHTS[1]: [again], NIGHTS[2]: [again]})
    assert case.ask("crm", "select crm_id, amount from ingest.orders") == [("C7", 99.0)]
    assert [row[1:] for row in accounts(case)] == [(1, 0, 1, 0), (1, 0, 1, 0), (1, 1, 0, 0)]


@pytest.mark.parametrize("name", ["o.csv", "again.csv"])
def test_a_file_that_is_delivered_again_mended(tmp_path: Path, name: str) -> None:
    case = company(tmp_path, {NIGHTS[0]: [ORDER | {"amount": "x"}]}, NIGHTS[:1])
    case.deliver(f"crm/orders/{NIGHTS[0]}/{name}", csv_text([ORDER]))
    for table in ("customers", "orders", "interactions"):
        row = {"customers": CUSTOMER, "orders": ORDER | {"order_id": "O5"}, "interactions": TOUCH}[table]
        case.deliver(f"crm/{table}/{NIGHTS[1]}/x.csv", csv_text([row]))
    case.night(NIGHTS[1], "crm")
    assert orders(case) == ([("O5", 10.5)] if name == "o.csv" else [("O1", 10.5), ("O5", 10.5)])
    assert case.said("changed after it was taken in; what landed first stands") == (name == "o.csv")


def test_a_record_that_is_deleted_at_the_source(tmp_path: Path) -> None:
    dated = ORDER | {"updated_at": "2026-01-04T00:00:00Z", "deleted_at": ""}
    gone = dated | {"updated_at": "2026-01-05T00:00:00Z", "deleted_at": "2026-01-05T00:00:00Z"}
    rows = {
        NIGHTS[0]: [dated, dated | {"order_id": "O2"}, gone | {"order_id": "O3"}],
        NIGHTS[1]: [gone, gone | {"order_id": "O2"}],
        NIGHTS[2]: [dated | {"order_id": "O2", "updated_at": "2026-01-06T00:00:00Z"}, gone | {"deleted_at": "yes"}],
    }
    case = both_ways(tmp_path, rows)
    assert orders(case) == [("O2", 10.5)]
    assert accounts(case) == [(NIGHTS[0], 3, 0, 3, 0), (NIGHTS[1], 2, 0, 2, 0), (NIGHTS[2], 2, 1, 0, 1)]
    assert case.codes("crm") == [(3, "bad_time: deleted_at is not an ISO 8601 time")]


def test_rows_that_a_setting_repairs_are_released_as_their_file_is_written(tmp_path: Path) -> None:
    row = ORDER | {"order_id": "O5", "category": "Zoë", "amount": "1,5"}
    text = csv_text([row, row | {"order_id": "O6", "amount": "x"}]).replace('"', "").replace(",", ";")
    text = text.replace("1;5", "1,5")
    case = company(tmp_path, {NIGHTS[0]: [ORDER]}, ())
    case.deliver(f"crm/orders/{NIGHTS[0]}/more.csv", text.encode("cp1252"))
    case.told["crm"] = {"encoding": "cp1252"}
    assert case.night(NIGHTS[0], "crm").fate("more.csv") == (2, 0, 0, 2)
    case.told["crm"] |= {"decimals": "comma"}
    assert release(case.settings, Chosen(lines=(2,)), Why("comma", "ann", "2026-01-05T09:00:00+00:00")).fresh == 1
    found = [row.document for row in rows(case.settings, Chosen(lines=(3,)))]
    lines = [json.dumps(one | {"raw": str(one["raw"]).replace(";x;", ";2,5;")}) for one in found]
    release_repaired(case.settings, lines, "rows.jsonl", Why("typed", "ann", "2026-01-05T09:00:00+00:00"))
    for table, one in {"customers": CUSTOMER, "orders": ORDER, "interactions": TOUCH}.items():
        case.deliver(f"crm/{table}/{NIGHTS[1]}/x.csv", csv_text([one]))
    assert case.night(NIGHTS[1], "crm").fate("more.csv") == (2, 2, 0, 0)
    told = "select order_id, amount, category from ingest.orders where order_id <> 'O1' order by 1"
    assert case.ask("crm", told) == [("O5", 1.5, "Zoë"), ("O6", 2.5, "Zoë")]


def test_a_column_that_is_called_otherwise_for_one_night(tmp_path: Path) -> None:
    case = company(tmp_path, {night: [ORDER] for night in NIGHTS}, ())
    odd = {("TotalAmount" if name == "amount" else name): value for name, value in ORDER.items()}
    case.deliver(f"crm/orders/{NIGHTS[1]}/odd.csv", csv_text([odd | {"order_id": "O2"}]))
    worded = ORDER | {"order_id": "O3", "status": "voltooid"}
    case.deliver(f"crm/orders/{NIGHTS[1]}/words.csv", csv_text([worded]))
    case.night(NIGHTS[0], "crm").night(NIGHTS[1], "crm")
    assert [reason.partition(":")[0] for _, reason in case.codes("crm")] == ["missing_column", "unknown_status"]
    columns = {"orders": {"amount": ["amount", "TotalAmount"]}}
    case.told["crm"] = {"columns": columns, "values": {"orders": {"status": {"voltooid": "completed"}}}}
    assert release(case.settings, Chosen(table="orders"), Why("renamed", "ann", "2026-01-06T09:00:00+00:00")).fresh == 2
    case.night(NIGHTS[2], "crm")
    names = "select order_id, amount, status, cast(delivered_night as varchar) from ingest.orders order by 1"
    told = [("O1", 10.5, "completed", NIGHTS[2]), *((o, 10.5, "completed", NIGHTS[1]) for o in ("O2", "O3"))]
    assert case.ask("crm", names) == told, "and the nights on which the column is called right are read as before"
    assert case.fate("odd.csv") == (1, 1, 0, 0)
    assert case.night(NIGHTS[1], "crm").night(NIGHTS[2], "crm").ask("crm", names) == told, "nights that are run again"


def customers(case: Dirt) -> list[tuple[Any, ...]]:
    return case.ask("crm", "select crm_id, consent_analytics from ingest.customers order by 1")


@pytest.mark.parametrize(
    ("told", "first", "later"),
    [
        ({"columns": {"customers": {"consent_analytics": "Ja/nee"}}}, "Ja/nee", "Ja/nee?"),
        ({}, "consent_analytics", "consent_analytic"),
    ],
)
def test_a_consent_that_is_renamed_brings_nobody_back(
    tmp_path: Path, told: dict[str, Any], first: str, later: str
) -> None:
    case = dirt(tmp_path, crm=told)
    for night, name in zip(NIGHTS, (first, later), strict=False):
        case.deliver(f"crm/orders/{night}/o.csv", csv_text([ORDER | {"order_id": night}]))
        case.deliver(f"crm/customers/{night}/c.csv", csv_text([CUSTOMER | {name: "false"}]))
        case.deliver(f"crm/interactions/{night}/i.csv", csv_text([TOUCH | {"interaction_id": night}]))
        case.night(night, "crm")
    assert customers(case) == [("C1", False)]
    ((reason,),) = case.ask("crm", "select reason from ingest.quarantine where table_name = 'customers'")
    assert reason.startswith("missing_column: the file has no column ")


def test_a_consent_in_other_words_is_a_refusal_that_is_told(tmp_path: Path) -> None:
    case = dirt(tmp_path)
    given = [
        CUSTOMER | {"crm_id": f"C{n}", "consent_analytics": word} for n, word in enumerate(("ja", "YES", "no", ""))
    ]
    case.deliver(f"crm/orders/{NIGHTS[0]}/o.csv", csv_text([ORDER]))
    case.deliver(f"crm/customers/{NIGHTS[0]}/c.csv", csv_text(given))
    case.deliver(f"crm/interactions/{NIGHTS[0]}/i.csv", csv_text([TOUCH]))
    case.night(NIGHTS[0], "crm")
    assert customers(case) == [("C0", False), ("C1", True), ("C2", False), ("C3", True)]
    assert [log for log in case.logs if "consent_analytics is neither yes nor no in 1 of 4 rows" in log]
