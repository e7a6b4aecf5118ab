"""A delivery beside its own last nights: few, no, old and strange rows are told with the figures; missing ones stop."""

import shutil
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from pipeline.context import Run
from pipeline.errors import QualityError
from pipeline.quality import expectations_of, stop_on_critical, validate
from tests.unit.ingest_case import CUSTOMER, ORDER, TOUCH, Case, csv_text

FIRST = date(2026, 1, 1)


def night_of(number: int) -> str:
    return (FIRST + timedelta(days=number)).isoformat()


def orders(night: str, count: int, **changed: str) -> str:
    """So many orders of the day before the night."""
    at = f"{date.fromisoformat(night) - timedelta(days=1)}T22:00:00Z"
    rows = [ORDER | {"order_id": f"{night}/{n}", "ordered_at": at} | changed for n in range(count)]
    return csv_text(rows or [ORDER]) if rows else ",".join(ORDER) + "\n"


def delivered(case: Case, number: int, count: int, **changed: str) -> None:
    """A whole CRM delivery with so many orders, taken in and published."""
    night = night_of(number)
    case.deliver(f"crm/customers/{night}/c.csv", csv_text([CUSTOMER | {"crm_id": f"C{number}"}]))
    case.deliver(f"crm/interactions/{night}/i.csv", csv_text([TOUCH | {"interaction_id": f"I{number}"}]))
    case.deliver(f"crm/orders/{night}/o.csv", orders(night, count, **changed))
    case.night(night, "crm")


def usual(case: Case, measure: str, column: str = "") -> dict[str, Any]:
    """What the last night says of a measure of orders."""
    table = case.connection("crm").execute(
        "select * from ingest.usual where table_name = 'crm/orders' and measure = ? and column_name = ?",
        [measure, column],
    )
    names = [each[0] for each in table.description]
    return dict(zip(names, table.fetchone(), strict=True))


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A history of 400 orders, then five nights of about twenty."""
    made = Case(tmp_path_factory.mktemp("before"))
    delivered(made, 0, 400)
    for number in range(1, 6):
        delivered(made, number, 18 + number)
    return made.root


@pytest.fixture
def case(before: Path, tmp_path: Path) -> Case:
    """A company with that history."""
    return Case(Path(shutil.copytree(before, tmp_path / "case")))


def test_a_night_like_others_is_within_what_is_usual(case: Case) -> None:
    delivered(case, 6, 20)
    assert usual(case, "rows")["told"] == "20 rows; usual 21 (7 to 43), by 5 nights"
    assert {usual(case, measure)["excess"] for measure in ("rows", "newest", "set_aside")} == {0.0}
    assert usual(case, "newest")["tonight"] == 2.0
    assert usual(case, "gone", "status")["told"] == "none"


def test_the_first_delivery_is_no_part_of_what_is_usual_and_the_first_nights_say_so(tmp_path: Path) -> None:
    case, told = Case(tmp_path), []
    for number, count in enumerate((400, 20, 20, 20, 20)):
        delivered(case, number, count)
        told.append(usual(case, "rows")["told"])
    assert told == [
        "400 rows; its first delivery: there is no history yet",
        "20 rows; no nights of history: too little to tell what is usual",
        "20 rows; 1 night of history: too little to tell what is usual",
        "20 rows; 2 nights of history: too little to tell what is usual",
        "20 rows; usual 20 (6 to 43), by 3 nights",
    ]


def test_few_rows_many_rows_and_old_ones_are_warnings_with_the_figures(case: Case) -> None:
    delivered(case, 6, 200, ordered_at="2026-01-03T22:00:00Z")
    many, old = usual(case, "rows"), usual(case, "newest")
    assert many["excess"] > 0 and many["lacks"] == 0.0
    assert old["told"] == "74.0 h; usual 2.0 h (at most 14.0 h), by 5 nights"
    assert checked(case)["crm/orders newest"] == (False, "warning", old["told"])


def test_a_renamed_category_is_told_by_both_its_names(case: Case) -> None:
    delivered(case, 6, 20, category="suite")
    assert usual(case, "appeared", "category")["told"] == "new: 'suite' (100.0 %)"
    assert usual(case, "gone", "category")["told"] == "gone, with their usual shares: '(empty)' (100.0 %)"
    assert usual(case, "shift", "category")["excess"] > 0
    assert usual(case, "appeared", "status")["excess"] == 0


def test_what_few_rows_name_is_not_told(case: Case) -> None:
    delivered(case, 6, 9, category="Ann Smith")
    assert usual(case, "appeared", "category")["told"] == "none"


def test_more_rows_set_aside_than_usual_are_a_warning_but_for_repeats(case: Case) -> None:
    delivered(case, 6, 20, amount="?")
    assert usual(case, "set_aside")["told"].startswith("100.0 %; usual 0.0 % (at most ")
    delivered(case, 7, 20, order_id="once")
    assert usual(case, "set_aside")["excess"] == 0.0


def checked(case: Case) -> dict[str, tuple[bool, str, str]]:
    """The outcomes on the last night's measures: by table and measure, of those that did not hold."""
    run = Run(FIRST, case.settings)
    frame = case.connection("crm").execute("select * from ingest.usual").df()
    found = validate("ingest.usual", frame, expectations_of("ingest", run)["usual"])
    return {
        f"{one.table_name.partition('.')[2]} {one.column_name}": (one.success, one.severity, one.observed)
        for one in found
        if not one.success
    }


def test_a_night_without_any_row_of_what_must_come_stops(case: Case) -> None:
    delivered(case, 6, 0)
    row = usual(case, "rows")
    assert (row["tonight"], row["lacks"]) == (0.0, 1.0)
    run = Run(FIRST, case.settings)
    frame = case.connection("crm").execute("select * from ingest.usual").df()
    with pytest.raises(QualityError, match="a broken export") as stopped:
        stop_on_critical("ingest", run, validate("ingest.usual", frame, expectations_of("ingest", run)["usual"]))
    assert "crm/orders" in str(stopped.value) and "0 rows; usual 21" in str(stopped.value)


def test_where_a_missing_delivery_may_be_it_is_a_warning(tmp_path: Path) -> None:
    case = Case(tmp_path, stop=())
    for number, count in enumerate((400, 20, 20, 20, 20, 0)):
        delivered(case, number, count)
    assert usual(case, "rows")["lacks"] is None
    assert [key for key, (_, severity, _) in checked(case).items() if severity == "critical"] == []
    assert checked(case)["crm/orders rows"][1] == "warning"


def test_a_table_of_a_handful_of_rows_may_bring_none(tmp_path: Path) -> None:
    case = Case(tmp_path)
    for number, count in enumerate((40, 3, 2, 4, 3, 0)):
        delivered(case, number, count)
    assert usual(case, "rows")["lacks"] == 0.0


def test_nights_taken_in_at_once_measure_what_they_measure_one_by_one(case: Case, tmp_path: Path) -> None:
    delivered(case, 6, 20)
    other = Case(tmp_path / "again")
    (tmp_path / "again").mkdir()
    (tmp_path / "again" / "exports").symlink_to(case.root / "exports")
    other.night(night_of(6), "crm")
    every = "from ingest.measures order by all"
    assert other.ask("crm", every) == case.ask("crm", every)
    assert other.ask("crm", "from ingest.usual order by all") == case.ask("crm", "from ingest.usual order by all")


def test_a_night_that_is_run_again_is_no_history_of_itself(case: Case) -> None:
    before = case.ask("crm", "from ingest.usual order by all")
    case.night(night_of(5), "crm")
    assert case.ask("crm", "from ingest.usual order by all") == before
