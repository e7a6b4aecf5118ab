"""What a night brought is told from what stood before: new rows, and rows that no longer stand."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import pytest

from pipeline.arrived import show_arrived
from pipeline.warehouse import Session

SETTINGS: Any = SimpleNamespace(memory_limit="1GB", threads=1)


def part(folder: Path, name: str, *rows: tuple[str, int]) -> None:
    """A part of table `visits`: key and line of each row, delivered on a night of the part's name."""
    (folder / "visits").mkdir(parents=True, exist_ok=True)
    values = ", ".join(f"('{key}', date '{name}', 'f', {line})" for key, line in rows)
    columns = "(key, delivered_night, delivered_file, delivered_line)"
    duckdb.sql(f"select * from (values {values}) as v{columns}").write_parquet(
        str(folder / "visits" / f"{name}-00000.parquet")
    )


def gone(folder: Path, *rows: tuple[str, int]) -> None:
    (folder / "visits.gone").mkdir(parents=True)
    values = ", ".join(f"(date '{night}', 'f', {line})" for night, line in rows)
    columns = "(delivered_night, delivered_file, delivered_line)"
    duckdb.sql(f"select * from (values {values}) as v{columns}").write_parquet(
        str(folder / "visits.gone" / "gone.parquet")
    )


@pytest.fixture
def session(tmp_path: Path) -> Any:
    (tmp_path / "out").mkdir()
    with Session(SETTINGS, "identity", tmp_path / "out", tmp_path / "spill") as opened:
        opened.previous_folders = {"ingest": [tmp_path / "before"]}
        yield opened


def shown(session: Session, tmp_path: Path) -> set[str] | None:
    session.attach("ingest", [tmp_path / "now"])
    if not show_arrived(session):
        return None
    return {row[0] for row in session.connection.execute("select key from arrived.visits").fetchall()}


def test_only_new_parts_have_arrived(session: Session, tmp_path: Path) -> None:
    for folder in ("before", "now"):
        part(tmp_path / folder, "2026-01-01", ("a", 1), ("b", 2))
    part(tmp_path / "now", "2026-01-02", ("c", 1))
    assert shown(session, tmp_path) == {"c"}


def test_a_night_without_rows_of_a_table_brings_none(session: Session, tmp_path: Path) -> None:
    for folder in ("before", "now"):
        part(tmp_path / folder, "2026-01-01", ("a", 1))
    assert shown(session, tmp_path) == set()


def test_a_row_that_was_replaced_tonight_has_arrived_too(session: Session, tmp_path: Path) -> None:
    for folder in ("before", "now"):
        part(tmp_path / folder, "2026-01-01", ("a", 1), ("b", 2), ("c", 3))
    part(tmp_path / "now", "2026-01-02", ("d", 1))
    gone(tmp_path / "before", ("2026-01-01", 3))
    gone(tmp_path / "now", ("2026-01-01", 3), ("2026-01-01", 1))
    assert shown(session, tmp_path) == {"a", "d"}
    standing = session.connection.execute("select key from arrived.visits_standing").fetchall()
    assert {row[0] for row in standing} == {"d"}


def test_where_a_part_of_last_night_is_not_there_everything_is_read_anew(session: Session, tmp_path: Path) -> None:
    part(tmp_path / "before", "2026-01-01", ("a", 1))
    part(tmp_path / "now", "2026-01-02", ("a", 1))
    assert shown(session, tmp_path) is None


def test_where_a_part_of_last_night_is_another_one_everything_is_read_anew(session: Session, tmp_path: Path) -> None:
    part(tmp_path / "before", "2026-01-01", *((f"k{n}", n) for n in range(500)))
    part(tmp_path / "now", "2026-01-01", ("a", 1))
    assert shown(session, tmp_path) is None


def test_a_row_that_came_too_late_to_stand_touches_nobody(session: Session, tmp_path: Path) -> None:
    for folder in ("before", "now"):
        part(tmp_path / folder, "2026-01-01", ("a", 1))
    part(tmp_path / "now", "2026-01-02", ("a", 1), ("b", 2))
    gone(tmp_path / "now", ("2026-01-02", 1))
    assert shown(session, tmp_path) == {"b"}
