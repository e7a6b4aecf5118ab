"""Context that comes with a column for each factor: read by a column map, value by value."""

import io
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.errors import SettingsError
from pipeline.ingest import again
from pipeline.ingest.door import Door, ask
from pipeline.ingest.reading import Arrival
from pipeline.onboarding.check_words import told
from pipeline.settings import Settings, SourceSettings, load_settings
from pipeline.sources.vendors import route
from pipeline.warehouse import Session
from tests.unit.dirt_case import NIGHT, Dirt
from tests.unit.ingest_case import csv_text
from tests.unit.test_sources_check import checked, pasted

WIDE = {"columns": {"factors": {"date": "Day", "factor": "*"}}}
ROWS = [
    {"Day": "2026-01-01", "rain mm": "1.5", 'price "a"': "7", "region": "North", "sun": "", "cloud": ""},
    {"Day": "2026-01-02", "rain mm": "0", 'price "a"': "much", "region": "North", "sun": "4", "cloud": ""},
]
FACTORS = "select cast(date as varchar), region, factor, value, delivered_line from ingest.factors order by all"
FILES = "select arrived, accepted, superseded, quarantined from ingest.files order by night, file"


class Weather(Dirt):
    """A company whose context is told of."""

    @property
    def settings(self) -> Settings:
        settings = super().settings
        return settings.model_copy(
            update={"sources": settings.sources | {"context": SourceSettings(**self.told["context"])}}
        )


def weather(tmp_path: Path, content: str | bytes, name: str = "w.csv", **more: Any) -> Weather:
    case = Weather(tmp_path, stop=(), told={"context": WIDE | more})
    case.deliver(f"context/factors/{NIGHT}/{name}", content)
    case.night(NIGHT, "context")
    return case


def csv_of(rows: list[dict[str, str]]) -> str:
    head = ",".join('"' + name.replace('"', '""') + '"' for name in rows[0])
    return "\n".join([head, *csv_text(rows).splitlines()[1:]]) + "\n"


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_every_column_that_is_not_named_is_a_factor(tmp_path: Path, ending: str) -> None:
    content: str | bytes = csv_of(ROWS)
    if ending == "jsonl":
        content = "".join(json.dumps(row) + "\n" for row in ROWS)
    elif ending == "parquet":
        sink = io.BytesIO()
        pq.write_table(pa.Table.from_pylist(ROWS), sink)
        content = sink.getvalue()
    case, first = weather(tmp_path, content, f"w.{ending}"), 2 if ending == "csv" else 1
    assert case.ask("context", FACTORS) == [
        ("2026-01-01", "North", 'price "a"', 7.0, 1000 * first + 2),
        ("2026-01-01", "North", "rain mm", 1.5, 1000 * first + 3),
        ("2026-01-02", "North", "rain mm", 0.0, 1000 * (first + 1) + 3),
        ("2026-01-02", "North", "sun", 4.0, 1000 * (first + 1) + 4),
    ]
    assert case.codes("context") == [(1000 * (first + 1) + 2, "bad_number: value is not a number")]
    assert case.ask("context", FILES) == [(5, 4, 0, 1)], "an empty cell is no value"


def test_each_value_is_replaced_by_itself(tmp_path: Path) -> None:
    case = weather(tmp_path, csv_text([{"Day": "2026-01-01", "rain": "1", "sun": "2"}]))
    case.deliver("context/factors/2026-01-06/w.csv", csv_text([{"Day": "2026-01-01", "rain": "3", "sun": ""}]))
    case.night("2026-01-06", "context")
    assert [row[2:4] for row in case.ask("context", FACTORS)] == [("rain", 3.0), ("sun", 2.0)]
    assert case.ask("context", FILES) == [(2, 1, 1, 0), (1, 1, 0, 0)]


def test_rows_stand_in_the_order_of_their_file(tmp_path: Path) -> None:
    day = {"Day": "2026-01-01"} | {f"c{m}": "1" for m in range(20)}
    days = [day | {"region": f"r{n}"} for n in range(3000)]
    case = weather(tmp_path, csv_text(days))
    lines = [line for (line,) in case.ask("context", "select delivered_line from ingest.factors")]
    assert len(lines) == 60_000 and lines == sorted(lines)


def test_commas_and_dates_are_read_as_told_and_what_is_broken_is_one_row(tmp_path: Path) -> None:
    rows = [{"Day": "31.12.2025", "rain": "1,5", "sun": "2"}, {"Day": "", "rain": "1", "sun": "2"}]
    text = csv_text(rows) + '"x","1"\n'
    case = weather(tmp_path, text, dates="day_first", decimals="comma")
    assert [row[0] for row in case.ask("context", FACTORS)] == ["2025-12-31", "2025-12-31"]
    reasons = [(line, reason.partition(":")[0]) for line, reason in case.codes("context")]
    assert reasons == [(3001, "missing_value"), (3002, "missing_value"), (4000, "unreadable")]


def test_a_value_is_read_again_alone(tmp_path: Path) -> None:
    case = weather(tmp_path, csv_text([{"Day": "2026-01-01", "rain": "1,5", "sun": "2,5"}]))
    assert [line for line, _ in case.codes("context")] == [2001, 2002]
    told_now = SourceSettings(**WIDE, decimals="comma")
    way = route("context", "factors", told_now)
    assert way is not None
    path = tmp_path / "exports" / "context" / "factors" / NIGHT / "w.csv"
    with Session(case.settings, "ingest", tmp_path / "out", tmp_path / "spill") as session:
        door = Door(session, way.form)
        door.clear()
        for _ in again.slabs(door, Arrival(way, "factors", NIGHT, "w.csv", path), {2002: None}):
            pass
        assert ask(session, "select factor, value, delivered_line from door.factors") == [("sun", "2.5", 2002)]


def test_a_file_without_its_dates_and_one_of_too_many_columns_are_set_aside(tmp_path: Path) -> None:
    case = weather(tmp_path, csv_text([{"Tag": "2026-01-01", "rain": "1"}]))
    assert [line for line, _ in case.codes("context")] == [2000], "the header is no row"
    assert case.codes("context")[0][1].startswith("missing_column")
    case = weather(tmp_path / "bare", "2026-01-01,1\n2026-01-02,2\n")
    assert [line for line, _ in case.codes("context")] == [1000, 2000], "without a header every line is a row"
    many = {"Day": "2026-01-01"} | {f"c{n}": "1" for n in range(1200)}
    case = weather(tmp_path / "many", csv_text([many]))
    assert case.codes("context") == [(2000, "unreadable: 1000 columns or more")]


@pytest.mark.parametrize(
    ("source", "table", "columns"),
    [
        ("crm", "orders", {"amount": "*"}),
        ("context", "factors", {"value": "*"}),
        ("context", "factors", {"factor": "*", "value": "x"}),
        ("context", "factors", {"factor": ["*", "x"]}),
    ],
)
def test_nothing_else_can_be_every_column(source: str, table: str, columns: dict[str, Any]) -> None:
    with pytest.raises(SettingsError, match=r"cannot be \*"):
        load_settings({"LANDMARK_HASH_KEY": "k"}, sources={source: {"columns": {table: columns}}})


@pytest.mark.parametrize("told_of", [{}, WIDE["columns"]])
def test_sources_check_sees_decimal_commas_in_columns_that_are_factors(tmp_path: Path, told_of: dict[str, Any]) -> None:
    case = Weather(tmp_path, stop=(), told={"context": {}})
    rows = [{"Day": f"2026-01-0{n}", "rain_mm": "1,5", "temperature": f"{n},25"} for n in range(1, 5)]
    case.deliver(f"context/factors/{NIGHT}/w.csv", csv_text(rows))
    found = checked(tmp_path, crm={"missing": "warn"}, context={"columns": told_of})
    assert pasted(found)["sources"]["context"]["decimals"] == "comma"  # type: ignore[index]


def test_sources_check_proposes_it_and_is_then_content(tmp_path: Path) -> None:
    case = Weather(tmp_path, stop=(), told={"context": {}})
    rows = [{"Day": f"2026-01-0{n}", "rain_mm": "1.5", "temperature": f"{n}"} for n in range(1, 5)]
    case.deliver(f"context/factors/{NIGHT}/w.csv", csv_text(rows))
    proposed = pasted(checked(tmp_path, crm={"missing": "warn"}))["sources"]
    assert proposed == {"context": {"columns": {"factors": {"date": "Day", "factor": "*"}}}}
    again = checked(tmp_path, crm={"missing": "warn"}, **proposed)  # type: ignore[arg-type]
    assert [table.fates["accepted"] for table in again.tables] == [8]
    assert "Settings to add" not in "\n".join(told(again)) and again.tables[0].unmapped == ()
