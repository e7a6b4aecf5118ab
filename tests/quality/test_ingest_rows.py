"""Each row expectation of ingest quarantines the rows that fail it, under its rule's name, and no other."""

from pathlib import Path

import pytest

from tests.unit.ingest_case import CUSTOMER, EVENT, ORDER, TOUCH, Case, crm, csv_text, jsonl

LATE, EARLY = "2026-01-03T00:00:01Z", "2026-01-03T00:00:00Z"
UNKNOWN_STATUS = (
    "unknown_status: status is not among the known ones (completed, cancelled, refunded);"
    " sources.crm.values.orders.status tells what others mean"
)


@pytest.mark.parametrize(
    ("bad", "good", "reason"),
    [
        ({"amount": "-0.01"}, {"amount": "0"}, "negative_amount: amount is -0.01"),
        ({"currency": "XXQ"}, {"currency": "jpy"}, "unknown_currency: currency is not among the known ones"),
        ({"status": "pending"}, {"status": "Refunded"}, UNKNOWN_STATUS),
        ({"ordered_at": LATE}, {"ordered_at": EARLY}, "future_time: ordered_at is 2026-01-03 00:00:01"),
        ({"updated_at": LATE}, {"updated_at": EARLY}, "future_time: updated_at is 2026-01-03 00:00:01"),
        ({"amount": "-1", "status": "?"}, {"starts_at": "2031-01-01"}, "negative_amount: amount is -1.0"),
    ],
)
def test_orders(tmp_path: Path, bad: dict[str, str], good: dict[str, str], reason: str) -> None:
    case = Case(tmp_path)
    head = dict.fromkeys(("starts_at", "updated_at"), "")
    rows = [ORDER | head | {"order_id": "bad"} | bad, ORDER | head | {"order_id": "good"} | good]
    crm(case, "2026-01-02", csv_text(rows))
    case.night("2026-01-02", "crm")
    assert case.reasons("crm") == [("orders.csv", 2, "bad", reason)]
    assert case.ask("crm", "select order_id from ingest.orders") == [("good",)]


@pytest.mark.parametrize(
    ("source", "table", "good", "column"),
    [
        ("web", "events", EVENT, "timestamp"),
        ("web", "events", EVENT, "receivedAt"),
        ("social", "posts", {"id": "p", "platform": "x", "author_handle": "h", "text": "t"}, "created_at"),
        ("partner", "cabs", {"activity_id": "1", "customer_ref": "r", "activity_type": "t"}, "occurred_at"),
        ("context", "factors", {"date": "2027-01-01", "factor": "rain", "value": 1}, "updated_at"),
    ],
)
def test_no_time_lies_more_than_a_day_after_the_delivery_s_night(
    tmp_path: Path, source: str, table: str, good: dict[str, str], column: str
) -> None:
    case = Case(tmp_path)
    ids = [key for key in good if key in ("messageId", "id", "activity_id", "factor")]
    case.deliver(
        f"{source}/{table}/2026-01-02/x.jsonl", jsonl([good | {column: LATE}, good | {ids[0]: "ok", column: EARLY}])
    )
    case.night("2026-01-02", source)
    assert [row[1] for row in case.reasons(source)] == [1]
    assert case.reasons(source)[0][3].startswith("future_time: ")


def test_the_night_that_counts_is_the_delivery_s_not_the_run_s(tmp_path: Path) -> None:
    case = Case(tmp_path)
    crm(case, "2026-01-02", csv_text([ORDER, ORDER | {"order_id": "O2", "ordered_at": "2026-01-05T00:00:00Z"}]))
    crm(case, "2026-01-09", csv_text([ORDER]))
    case.night("2026-01-09", "crm")
    assert [row[2] for row in case.reasons("crm")] == ["O2"]


@pytest.mark.parametrize(("table", "row"), [("customers", CUSTOMER), ("interactions", TOUCH)])
def test_other_crm_tables(tmp_path: Path, table: str, row: dict[str, str]) -> None:
    case = Case(tmp_path)
    crm(case, "2026-01-02", csv_text([ORDER]))
    column = "created_at" if table == "customers" else "occurred_at"
    case.deliver(f"crm/{table}/2026-01-02/more.csv", csv_text([row | {column: LATE}]))
    case.night("2026-01-02", "crm")
    assert [(r[0], r[3][:11]) for r in case.reasons("crm")] == [("more.csv", "future_time")]


def test_outcomes_of_all_checks_are_kept_with_their_counts(tmp_path: Path) -> None:
    case = Case(tmp_path)
    crm(case, "2026-01-02", csv_text([ORDER, ORDER | {"order_id": "O2", "amount": "-1"}]))
    case.night("2026-01-02", "crm")
    failed = case.ask("crm", "select table_name, column_name, unexpected from ingest.checks where not success")
    assert failed == [("ingest.orders", "amount", 1)]
    assert case.ask("crm", "select count(*) from ingest.checks where success")[0][0] >= 7
