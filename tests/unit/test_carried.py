"""Carried tables: a night writes what it changed, everything else stands, and nothing is lost or twice."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from pipeline import carried as module
from pipeline.carried import Carried
from pipeline.warehouse import Session

SETTINGS: Any = SimpleNamespace(memory_limit="1GB", threads=1)


def night(tmp_path: Path, number: int, rows: dict[str, int], *, renew: bool = False) -> dict[str, int]:
    """Runs one night that sets these keys (a negative number: takes away); returns what a reader sees afterwards."""
    output = tmp_path / str(number)
    output.mkdir()
    with Session(SETTINGS, "books", output, tmp_path / "spill") as session:
        last = tmp_path / str(number - 1)
        session.previous_folders = {"books": [last]} if last.is_dir() else {}
        carried = Carried(session, renew=renew or not last.is_dir())
        keys = pd.DataFrame({"name": list(rows)}, dtype="string")
        session.put("books.touched", keys, grain=("name",), keep=False)
        fresh = {name: value for name, value in rows.items() if value >= 0}
        frame = pd.DataFrame({"name": pd.Series(list(fresh), dtype="string"), "number": list(fresh.values())})
        session.put("books.pages", frame.astype({"number": "int64"}), grain=("name",), keep=False)
        carried.take("pages", ("name",), "semi join books.touched using (name)")
        assert session.write()["pages"] == session.count("whole.pages") == session.count("books.pages")
    return seen(tmp_path, number)


def seen(tmp_path: Path, number: int) -> dict[str, int]:
    with Session(SETTINGS, "reader", tmp_path, tmp_path / "spill") as session:
        session.attach("books", [tmp_path / str(number)])
        found = session.frame("books.pages", "name, number")
    assert not found["name"].duplicated().any()
    return dict(zip(found["name"], found["number"].astype(int), strict=True))


def test_a_night_changes_what_it_touches_and_the_rest_stands(tmp_path: Path) -> None:
    assert night(tmp_path, 0, {"a": 1, "b": 2, "c": 3, "d": 4}) == {"a": 1, "b": 2, "c": 3, "d": 4}
    assert night(tmp_path, 1, {"b": 5}) == {"a": 1, "b": 5, "c": 3, "d": 4}
    assert night(tmp_path, 2, {"b": 6, "e": 7}) == {"a": 1, "b": 6, "c": 3, "d": 4, "e": 7}
    assert seen(tmp_path, 0) == {"a": 1, "b": 2, "c": 3, "d": 4}


def test_the_parts_of_earlier_nights_are_the_same_files(tmp_path: Path) -> None:
    night(tmp_path, 0, dict.fromkeys("abcdefgh", 0))
    night(tmp_path, 1, {"b": 5})
    first, second = (tmp_path / n / "pages" / "00000.parquet" for n in "01")
    assert first.stat().st_ino == second.stat().st_ino
    assert sorted(path.name for path in second.parent.iterdir()) == ["00000.parquet", "00001.parquet"]


def test_what_a_night_takes_away_is_gone(tmp_path: Path) -> None:
    night(tmp_path, 0, {"a": 1, "b": 2})
    assert night(tmp_path, 1, {"a": -1}) == {"b": 2}
    assert night(tmp_path, 2, {"a": 8}) == {"a": 8, "b": 2}


def test_a_table_is_written_anew_before_it_is_mostly_dead_rows(tmp_path: Path) -> None:
    night(tmp_path, 0, {"a": 1, "b": 2})
    assert night(tmp_path, 1, {"a": 3, "b": 4}) == {"a": 3, "b": 4}
    assert not (tmp_path / "1" / "pages.replaced").exists()


def test_a_table_of_many_parts_is_written_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_PARTS", 3)
    expected = dict.fromkeys("abcdefghijklmnopqrst", 0)
    night(tmp_path, 0, expected)
    for number in range(1, 6):
        expected |= {f"n{number}": number}
        assert night(tmp_path, number, {f"n{number}": number}) == expected
    assert len(list((tmp_path / "5" / "pages").iterdir())) <= 3


def test_a_renewed_table_forgets_what_stood(tmp_path: Path) -> None:
    night(tmp_path, 0, {"a": 1, "b": 2})
    assert night(tmp_path, 1, {"c": 3}, renew=True) == {"c": 3}
