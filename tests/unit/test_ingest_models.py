"""What the texts of a delivery mean: each rule of the typed models, on rows as the door gives them."""

from datetime import date, datetime
from typing import Any

import duckdb
import pytest

from pipeline.ingest.rows import ISO_TIME, NUMBER
from pipeline.sources.forms import FORMS, Form
from pipeline.warehouse import read_model
from tests.unit.ingest_case import CUSTOMER, ORDER, TOUCH

EVENT = {"message_id": "m1", "type": "page", "anonymous_id": "a", "occurred_at": "2026-01-01T10:00:00Z"}
POST = {"post_id": "p", "platform": "x", "author_handle": "h", "created_at": "2026-01-01T10:00:00Z", "text": "t"}
RIDE = {"activity_id": "1", "customer_ref": "r", "occurred_at": "2026-01-01T10:00:00Z", "activity_type": "ride"}
FACTOR = {"date": "2026-01-01", "factor": "rain", "value": "0.5"}
GOOD = {
    "customers": CUSTOMER,
    "links": {"kind": "owner", "from_id": "O1", "to_id": "C1"},
    "orders": ORDER,
    "interactions": TOUCH,
    "events": EVENT,
    "posts": POST,
    "activities": RIDE,
    "factors": FACTOR,
}
BY_NAME = {form.name: form for form in FORMS}


def typed(name: str, given: dict[str, str | None], **more: str | None) -> dict[str, Any]:
    """The model's row of one row at the door."""
    form: Form = BY_NAME[name]
    row: dict[str, Any] = dict.fromkeys(("broken", "raw", "unmapped"))
    row |= dict.fromkeys(column.name for column in form.columns)
    row |= {"table_name": "cabs" if name == "activities" else name, "delivered_file": "f"} | given | more
    connection = duckdb.connect()
    connection.execute("set timezone = 'UTC'; create schema door")
    declared = ", ".join(f'"{column}" varchar' for column in row)
    connection.execute(f"create table door.{name} ({declared}, delivered_night date, delivered_line bigint)")
    connection.execute(
        f"insert into door.{name} values ({', '.join('?' * len(row))}, '2026-01-02', 2)",
        list(row.values()),
    )
    model = read_model(f"ingest.{name}")
    known = {"iso_time": ISO_TIME, "number": NUMBER, "consent_analytics_default": True}
    result = connection.execute(model.sql, {param: known[param] for param in model.params})
    names = [column[0] for column in result.description]
    return dict(zip(names, result.fetchall()[0], strict=True))


@pytest.mark.parametrize("name", GOOD)
def test_a_row_with_its_required_columns_only_is_good(name: str) -> None:
    row = typed(name, GOOD[name])
    assert row["problem"] is None
    assert row["record_id"]
    assert row["latest_at"] == datetime(2026, 1, 3)


@pytest.mark.parametrize(
    ("name", "column"), [(f.name, c.name) for f in FORMS for c in f.columns if c.required], ids=str
)
def test_a_required_value_that_is_missing_is_named(name: str, column: str) -> None:
    path = {c.name: c.path for c in BY_NAME[name].columns}[column]
    assert typed(name, GOOD[name], **{column: None})["problem"] == f"missing_value: {path} is empty"


def test_an_event_needs_one_of_its_two_ids() -> None:
    assert typed("events", EVENT, anonymous_id=None)["problem"] == "missing_value: anonymousId and userId are empty"
    assert typed("events", EVENT, anonymous_id=None, user_id="C1")["problem"] is None


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2026-01-01T10:00:00Z", datetime(2026, 1, 1, 10)),
        ("2026-01-01 10:00", datetime(2026, 1, 1, 10)),
        ("2026-01-01T10:00:00.123456789Z", datetime(2026, 1, 1, 10, 0, 0, 123456)),
        ("2026-01-01T10:00:00+02:00", datetime(2026, 1, 1, 8)),
        ("2026-01-01T10:00:00-0130", datetime(2026, 1, 1, 11, 30)),
        ("2026-01-01", datetime(2026, 1, 1)),
    ],
)
def test_iso_times_are_read_as_utc(text: str, time: datetime) -> None:
    assert typed("interactions", TOUCH, occurred_at=text)["occurred_at"] == time


@pytest.mark.parametrize(
    "text",
    ["yesterday-ish", "31/02/2026 25:61", "2026-02-30", "infinity", "epoch", "1767225600", "2026/01/02", "01-02-2026",
     "0000-01-01", "2026-01-01T25:00:00Z", "2026-01-01T10:00:00 Europe/Berlin", "2026"],
)  # fmt: skip
def test_what_is_no_iso_time_is_refused(text: str) -> None:
    problem = typed("interactions", TOUCH, occurred_at=text)["problem"]
    assert problem == "bad_time: occurred_at is not an ISO 8601 time"


@pytest.mark.parametrize("text", ["abc", "nan", "inf", "-Infinity", "1,5", "0x1f", "1_000", "1e999", "9" * 400, "٣"])
def test_what_is_no_finite_number_is_refused(text: str) -> None:
    assert typed("orders", ORDER, amount=text)["problem"] == "bad_number: amount is not a number"


@pytest.mark.parametrize(("text", "value"), [("10", 10.0), ("-3.2", -3.2), (".5", 0.5), ("1e3", 1000.0), ("+7.", 7.0)])
def test_numbers_are_read(text: str, value: float) -> None:
    assert typed("orders", ORDER, amount=text)["amount"] == value


def test_an_optional_value_that_cannot_be_read_is_empty() -> None:
    row = typed("interactions", TOUCH, rating="good", duration_seconds="long")
    assert (row["problem"], row["rating"], row["duration_seconds"]) == (None, None, None)


@pytest.mark.parametrize(
    ("text", "wanted"), [(None, True), ("True", True), ("yes", True), ("0", False), ("no", False), ("perhaps", False)]
)
def test_a_consent_that_cannot_be_read_counts_as_none(text: str | None, wanted: bool) -> None:
    assert typed("customers", CUSTOMER, consent_analytics=text)["consent_analytics"] is wanted
    assert typed("customers", CUSTOMER, consent_marketing=text)["consent_marketing"] is (wanted and text is not None)


def test_a_partner_is_its_folder_whatever_the_file_says() -> None:
    assert typed("activities", RIDE, partner="other")["partner"] == "cabs"


def test_an_order_without_a_time_of_use_is_used_when_it_is_placed() -> None:
    row = typed("orders", ORDER)
    assert row["starts_at"] == row["ends_at"] == row["ordered_at"]


def test_a_factor_is_known_by_its_day_region_and_name() -> None:
    assert typed("factors", FACTOR, region="EU")["record_id"] == "2026-01-01/EU/rain"
    assert typed("factors", FACTOR)["date"] == date(2026, 1, 1)


def test_what_the_door_could_not_read_keeps_its_reason() -> None:
    row = typed("orders", ORDER, broken="unreadable: a NUL character", amount="-")
    assert (row["problem"], row["record_id"]) == ("unreadable: a NUL character", "O1")
