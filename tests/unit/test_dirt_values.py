"""docs/dirt.md, the values: decimals, dates, zones, clocks. What is not told by the settings is never guessed."""

import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from pipeline.errors import SettingsError
from pipeline.ingest import conventions
from pipeline.quarantine.remedies import TEXT, remedy
from pipeline.settings import SourceSettings, load_settings
from pipeline.sources.forms import FORMS
from tests.unit.dirt_case import Dirt, dirt, event
from tests.unit.ingest_case import CUSTOMER, ORDER, csv_text, jsonl

ROOT = Path(__file__).resolve().parents[2]


def read(root: Path, column: str, values: list[str], **told: Any) -> list[Any]:
    """What becomes of values of an order's column, in order; the code where the row is quarantined."""
    case = dirt(root, crm=told)
    case.orders(csv_text([ORDER | {"order_id": f"O{n}", column: value} for n, value in enumerate(values)]))
    return found(case, column, len(values))


def found(case: Dirt, column: str, count: int) -> list[Any]:
    rows = dict(case.ask("crm", f"select order_id, cast({column} as varchar) from ingest.orders"))
    refused = {record: reason.partition(":")[0] for _, _, record, reason in case.reasons("crm")}
    return [rows.get(f"O{n}", refused.get(f"O{n}")) for n in range(count)]


def test_decimal_commas(tmp_path: Path) -> None:
    values = ["1,5", "1.234,56", "1234,56", "1 234,5", "-3,0", "7", "1.234", "10.5", "1,2,3", "1.23,4", "x"]
    assert read(tmp_path, "amount", values, decimals="comma") == [
        *("1.5", "1234.56", "1234.56", "1234.5", "negative_amount", "7.0", "1234.0"),
        *["bad_number"] * 4,
    ]


def test_decimal_commas_untold(tmp_path: Path) -> None:
    case = dirt(tmp_path).orders(csv_text([ORDER | {"order_id": "O0", "amount": "1,5"}]))
    assert found(case, "amount", 1) == ["bad_number"]
    assert case.said("amount is no number in 1 of 2 rows, quarantined", 'sources.crm.decimals = "comma"')


def test_decimal_commas_are_not_of_json(tmp_path: Path) -> None:
    case = dirt(tmp_path, web={"decimals": "comma"}).events(jsonl([event(1, properties={"amount": 1.234})]))
    assert case.ask("web", "select amount from ingest.events") == [(1.234,)]


def test_numbers_as_text(tmp_path: Path) -> None:
    rows = [event(n, properties={"amount": value}) for n, value in enumerate(["12.50", 12.5, " 1e2", "12 EUR", ""])]
    case = dirt(tmp_path).events(jsonl(rows))
    assert case.ask("web", "select message_id, amount from ingest.events order by 1") == [
        *(("m0", 12.5), ("m1", 12.5)),
        *((f"m{n}", None) for n in (2, 3, 4)),
    ]
    assert case.said("properties.amount is no number in 2 of 5 rows, taken as empty")


@pytest.mark.parametrize(
    ("order", "expected"),
    [("day_first", "2026-04-03 00:00:00"), ("month_first", "2026-03-04 00:00:00"), ("iso", "bad_time")],
)
def test_day_first_dates(tmp_path: Path, order: str, expected: str) -> None:
    got = read(tmp_path / order, "ordered_at", ["03/04/2026"], dates=order)
    assert got == ["future_time" if order != "iso" else expected]
    values = ["03/04/2025", "03.04.2025 10:05", "3-4-2025 1:05:07 PM", "2025-04-03T01:02:03Z", "03/04/25", "03/04-2025"]
    day = {"day_first": "2025-04-03", "month_first": "2025-03-04"}.get(order)
    wanted = [f"{day} 00:00:00", f"{day} 10:05:00", f"{day} 13:05:07"] if day else ["bad_time"] * 3
    got = read(tmp_path / f"{order}2", "ordered_at", values, dates=order)
    assert got == [*wanted, "2025-04-03 01:02:03", "bad_time", "bad_time"]


def test_day_first_dates_that_are_none(tmp_path: Path) -> None:
    assert read(tmp_path, "ordered_at", ["12/31/2025", "31/12/2025"], dates="day_first") == [
        "bad_time",
        "2025-12-31 00:00:00",
    ]


def test_day_first_dates_untold(tmp_path: Path) -> None:
    case = dirt(tmp_path).orders(csv_text([ORDER | {"order_id": "O0", "ends_at": "31.12.2025"}]))
    assert found(case, "ends_at", 1) == ["2026-01-01 10:00:00"]
    assert case.said("ends_at is no ISO 8601 time in 1 of 2 rows, taken as empty", 'dates to "day_first"')


def test_time_zone(tmp_path: Path) -> None:
    values = [
        "2025-07-01 10:00:00",
        "2025-12-01T10:00",
        "2025-07-01T10:00:00Z",
        "2025-07-01T10:00:00+05:00",
        "2025-07-01",
    ]
    assert read(tmp_path, "ordered_at", values, time_zone="Europe/Berlin") == [
        "2025-07-01 08:00:00",
        "2025-12-01 09:00:00",
        "2025-07-01 10:00:00",
        "2025-07-01 05:00:00",
        "2025-06-30 22:00:00",
    ]


def test_time_zone_leaves_dates_alone(tmp_path: Path) -> None:
    case = dirt(tmp_path, crm={"time_zone": "Europe/Berlin", "dates": "day_first"})
    case.deliver("crm/customers/2026-01-05/b.csv", csv_text([CUSTOMER | {"crm_id": "C9", "birth_date": "02.01.1980"}]))
    case.orders(csv_text([ORDER]))
    born = "select cast(birth_date as varchar), cast(created_at as varchar) from ingest.customers where crm_id = 'C9'"
    assert case.ask("crm", born) == [("1980-01-02", "2026-01-01 00:00:00")]


def test_hours_that_clocks_show_twice_or_never(tmp_path: Path) -> None:
    case = dirt(tmp_path, crm={"time_zone": "Europe/Berlin"})
    values = ["2025-10-26 02:30:00", "2025-10-26 03:30:00", "2025-03-30 02:30:00"]
    case.orders(csv_text([ORDER | {"order_id": f"O{n}", "ordered_at": value} for n, value in enumerate(values)]))
    assert found(case, "ordered_at", 3) == ["2025-10-26 00:30:00", "2025-10-26 02:30:00", "bad_time"]
    assert case.said("more.csv", "1 times that clocks of Europe/Berlin showed twice: the earlier is taken")
    told = "bad_time: ordered_at is a time that was never shown by the clocks of Europe/Berlin"
    assert case.codes("crm") == [(4, told)]
    assert remedy(case.settings.sources["crm"], "crm", "orders", told) == TEXT
    assert "dates" in remedy(case.settings.sources["crm"], "crm", "orders", "bad_time: ordered_at is no time")
    settled = SourceSettings(dates="day_first", decimals="comma")
    for reason in ("bad_time: ordered_at is no time", "bad_number: amount is not a number"):
        assert remedy(settled, "crm", "orders", reason) == TEXT


def test_a_column_map_s_values_are_read_as_told_and_a_vendor_s_are_not(tmp_path: Path) -> None:
    columns = {"orders": {"amount": "Betrag", "ordered_at": "Datum"}}
    case = dirt(tmp_path, crm={"decimals": "comma", "dates": "day_first", "columns": columns})
    row = {("Betrag" if k == "amount" else "Datum" if k == "ordered_at" else k): v for k, v in ORDER.items()}
    case.deliver("crm/customers/2026-01-05/c.csv", csv_text([CUSTOMER]))
    case.deliver("crm/orders/2026-01-05/o.csv", csv_text([row | {"Betrag": "1.000,5", "Datum": "02.01.2026"}]))
    case.night("2026-01-05", "crm")
    assert case.ask("crm", "select amount, cast(ordered_at as date)::varchar from ingest.orders") == [
        (1000.5, "2026-01-02")
    ]


def test_clocks_that_are_off(tmp_path: Path) -> None:
    times = ["1970-01-01T00:00:00Z", "2026-01-06T00:00:00Z", "2026-01-06T00:00:01Z", 1767261600, "2026-13-01T00:00:00Z"]
    case = dirt(tmp_path).events(jsonl([event(n, timestamp=time) for n, time in enumerate(times)]))
    assert [(at, reason.partition(":")[0]) for at, reason in case.codes("web")] == [
        (1, "unset_clock"),
        (3, "future_time"),
        (4, "bad_time"),
        (5, "bad_time"),
    ]


def test_the_same_rows_in_one_night_and_in_several(tmp_path: Path) -> None:
    nights, states = ("2026-01-03", "2026-01-04", "2026-01-05"), []
    for name, run in (("each", nights), ("once", nights[-1:])):
        case = dirt(tmp_path / name, crm={"time_zone": "Europe/Berlin", "dates": "day_first", "decimals": "comma"})
        for day, night in enumerate(nights):
            rows = [
                ORDER | {"order_id": f"O{n}", "amount": f"{day},5", "ordered_at": f"0{n + 1}.01.2026"} for n in (0, 1)
            ]
            case.deliver(f"crm/orders/{night}/o.csv", csv_text(rows))
            case.deliver(f"crm/customers/{night}/c.csv", csv_text([CUSTOMER]))
        for night in run:
            case.night(night, "crm")
        states.append(
            [case.ask("crm", f"select * from ingest.{t} order by all") for t in ("orders", "files", "quarantine")]
        )
    assert states[0] == states[1]


def test_settings_that_are_none_are_refused() -> None:
    for told in (
        {"dates": "european"},
        {"decimals": ","},
        {"time_zone": "Berlin"},
        {"largest_file": "huge"},
        {"encoding": "cp9"},
        {"encoding": "base64"},
    ):
        with pytest.raises(ValidationError):
            SourceSettings(**told)
    with pytest.raises(SettingsError, match="Berlin"):
        load_settings({"LANDMARK_SOURCES__WEB__TIME_ZONE": "Berlin"})
    told = load_settings({"LANDMARK_SOURCES__WEB__DATES": "day_first", "LANDMARK_SOURCES__WEB__LARGEST_FILE": "2GB"})
    assert (told.sources["web"].dates, told.sources["web"].largest_file) == ("day_first", 2_000_000_000)


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
def test_every_time_and_number_that_a_model_reads_can_be_told_of(form: Any) -> None:
    text = (ROOT / "sql" / "ingest" / f"{form.name}.sql").read_text("utf-8")
    times, numbers = (set(re.findall(rf"regexp_matches\((\w+), \${kind}\)", text)) for kind in ("iso_time", "number"))
    names = {column.name for column in form.columns}
    assert times == names & {*conventions.TIMES, *conventions.DATES}
    assert numbers == names & set(conventions.NUMBERS)
