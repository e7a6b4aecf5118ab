"""Runs every golden case under tests/models: given rows, one SQL model, expected rows."""

import re
from datetime import date
from pathlib import Path

import duckdb
import pytest
import yaml

from pipeline.warehouse import read_model

HERE = Path(__file__).parent
CASES = sorted(HERE.glob("*/*.yml"))
KINDS = [
    (r"_at$|_from$|_to$|^window_|^started|^ended", "timestamp"),
    (r"^night$|^date$|_date$|_night$", "date"),
    (r"_seconds$|_probability$|_share$|^amount$|^rating$|^value$|^valence$|^arousal$|^effect", "double"),
    (r"^is_|^consent_|^retained$|^followed_up$", "boolean"),
]
# a vendor's table at the door is text, but for where it lies
AS_DELIVERED = ("delivered_night", "known_night", "delivered_line")


def kind_of(column: str, values: list[object]) -> str:
    """The SQL type of a given column: by its name, else by its first value that is not null."""
    seen = next((v for v in values if v is not None), None)
    for pattern, kind in KINDS:
        if re.search(pattern, column) and not (kind == "double" and isinstance(seen, str)):
            return kind
    if isinstance(seen, list):
        return f"{kind_of('', seen)}[]"
    names = {bool: "boolean", int: "bigint", float: "double", date: "date"}
    return names.get(type(seen), "varchar")


def make(connection: duckdb.DuckDBPyConnection, table: str, rows: list[dict] | dict) -> None:
    """Creates one given table."""
    listed = rows if isinstance(rows, list) else []
    columns = list(dict.fromkeys(c for row in (listed or [rows]) for c in row))
    kinds = {c: kind_of(c, [row.get(c) for row in listed]) for c in columns}
    if "__" in table:
        kinds = {c: kind if c in AS_DELIVERED else "varchar" for c, kind in kinds.items()}
    connection.execute(f"create schema if not exists {table.split('.', maxsplit=1)[0]}")
    declared = ", ".join(f'"{column}" {kind}' for column, kind in kinds.items())
    connection.execute(f"create table {table} ({declared})")
    for row in listed:
        marks = ", ".join("?" for _ in columns)
        connection.execute(f"insert into {table} values ({marks})", [row.get(c) for c in columns])


def plain(value: object) -> object:
    """A value as the YAML writes it: times and dates as text, numbers to nine digits."""
    if isinstance(value, float):
        return round(value, 9)
    if isinstance(value, bool | int | str | None):
        return value
    return [plain(v) for v in value] if isinstance(value, list) else str(value)


def in_order(rows: list[tuple]) -> list[tuple]:
    return sorted(rows, key=lambda row: [(v is None, str(v)) for v in row])


@pytest.mark.parametrize("path", CASES, ids=lambda p: f"{p.parent.name}/{p.stem}")
def test_golden_case(path: Path) -> None:
    case = yaml.safe_load(path.read_text("utf-8"))
    model = read_model(case["model"])
    connection = duckdb.connect()
    connection.execute("set timezone = 'UTC'")
    for table, rows in case["given"].items():
        make(connection, table, rows)
    params = {name: case.get("params", {})[name] for name in model.params}
    connection.execute(f"create schema if not exists {model.table.split('.')[0]}")
    connection.execute(f"create table result as {model.sql}", params) if params else connection.execute(
        f"create table result as {model.sql}"
    )
    columns = list(case["expect"][0]) if case["expect"] else ["1"]
    quoted = ", ".join(f'"{c}"' if c != "1" else c for c in columns)
    found = [tuple(plain(v) for v in row) for row in connection.execute(f"select {quoted} from result").fetchall()]
    wanted = [tuple(plain(row[c]) for c in columns) for row in case["expect"]]
    assert in_order(found) == in_order(wanted)


def test_there_are_cases() -> None:
    assert len(CASES) >= 20
