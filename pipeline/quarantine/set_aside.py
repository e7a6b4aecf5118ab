"""Examples of the rows that a night set aside: their form without their content, three for each kind of fault."""

import json
import re
from collections.abc import Iterator
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from pipeline.errors import LandmarkError
from pipeline.quarantine.redacted import example
from pipeline.sources import csv_door
from pipeline.sources.landing import Landed, Landing
from pipeline.stages import SOURCES

MOST = 3
_VALUE = re.compile(r" is -?[0-9][0-9 :.e+-]*$")
_COLUMN = re.compile(r"^[a-z_]+: ([A-Za-z_.]+) ")
_SEPARATED = {".csv": csv_door.COMMA, ".tsv": csv_door.TAB}
_SHORT = {"duplicate": "duplicate: an exact repeat within the night"}  # as the quarantine store has it
Wrong = tuple[str, str, str]


def examples(data: Path, night: date) -> dict[Wrong, list[dict[str, Any]]]:
    """By source, table and what was wrong: the night and line of up to three rows that this night's run set aside.

    Empty where the night's quarantine store is gone.
    """
    found: dict[Wrong, list[dict[str, Any]]] = {}
    folder = data / "quarantine" / night.isoformat()
    for path in sorted(folder.glob("*.jsonl")):
        source = path.name.partition("__")[0]
        if source in SOURCES:
            _add(found, data, source, path)
    return found


def wrong(reason: str) -> str:
    """What was wrong, whatever the value: 'amount is -3.0' and 'amount is -4.5' are one."""
    return _VALUE.sub("", reason if ":" in reason else _SHORT.get(reason, reason))


def _add(found: dict[Wrong, list[dict[str, Any]]], data: Path, source: str, path: Path) -> None:
    headers = _Headers(Landing(data, source))
    for row in _rows(path):
        told = found.setdefault((source, row["table"], wrong(row["reason"])), [])
        if len(told) < MOST:
            header = headers.of(row["table"], row["night"], row["file"].rpartition("/")[2])
            column = _COLUMN.match(row["reason"])
            shape = example(row["raw"] or "", column[1] if column else "", header)
            told.append({"night": row["night"], "line": row["line"], "shape": shape})


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


class _Headers:
    """The header lines of a source's landed CSV files."""

    def __init__(self, landing: Landing) -> None:
        self.landing = landing
        self.files = {(file.table, file.night, file.file): file for file in landing.files()}
        self.read = cache(self._read)

    def of(self, table: str, night: str, name: str) -> tuple[str, ...]:
        """The file's columns; () where it has no header line, or is gone."""
        file = self.files.get((table, night, name))
        return self.read(file) if file else ()

    def _read(self, file: Landed) -> tuple[str, ...]:
        marks = next((its for ending, its in _SEPARATED.items() if f"{ending}." in f"{file.file}."), None)
        if marks is None:
            return ()
        try:
            return tuple(csv_door.opened(self.landing.zone / file.path, file.file, marks).header)
        except (LandmarkError, OSError):
            return ()
