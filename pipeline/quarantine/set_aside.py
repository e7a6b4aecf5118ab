"""Examples of the rows that a night set aside: their form without their content, three for each kind of fault."""

import json
import re
from collections.abc import Iterator
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from pipeline.errors import LandmarkError
from pipeline.ingest.reading import ending_of
from pipeline.quarantine.redacted import example
from pipeline.settings import Settings
from pipeline.sources import csv_door
from pipeline.sources.calendars import way_of
from pipeline.sources.landing import Landed, Landing
from pipeline.sources.vendors import Told
from pipeline.stages import SOURCES

MOST = 3
_VALUE = re.compile(r" is -?[0-9][0-9 :.e+-]*$")
_COLUMN = re.compile(r"^[a-z_]+: ([A-Za-z_.]+) ")
_SEPARATED = {".csv": csv_door.COMMA, ".tsv": csv_door.TAB}
_SHORT = {"duplicate": "duplicate: an exact repeat within the night"}  # as the quarantine store has it
Wrong = tuple[str, str, str]
Header = tuple[tuple[str, ...], str]
_NONE: Header = ((), ",")


def examples(settings: Settings, night: date) -> dict[Wrong, list[dict[str, Any]]]:
    """By source, table and what was wrong: the night, file and line of up to three rows that its run set aside.

    Empty where the night's quarantine store is gone.
    """
    found: dict[Wrong, list[dict[str, Any]]] = {}
    folder = settings.data / "quarantine" / night.isoformat()
    for path in sorted(folder.glob("*.jsonl")):
        source = path.name.partition("__")[0]
        if source in SOURCES:
            _add(found, _Headers(Landing(settings.data, source), settings.sources[source]), path)
    return found


def wrong(reason: str) -> str:
    """What was wrong, whatever the value: 'amount is -3.0' and 'amount is -4.5' are one."""
    return _VALUE.sub("", reason if ":" in reason else _SHORT.get(reason, reason))


def _add(found: dict[Wrong, list[dict[str, Any]]], headers: "_Headers", path: Path) -> None:
    for row in _rows(path):
        told = found.setdefault((headers.landing.source, row["table"], wrong(row["reason"])), [])
        if len(told) < MOST:
            header, delimiter = headers.of(row["table"], row["night"], row["file"].rpartition("/")[2])
            column = _COLUMN.match(row["reason"])
            shape = example(row["raw"] or "", column[1] if column else "", header, delimiter)
            file = row["file"].rpartition("/")[2]
            told.append({"night": row["night"], "file": file, "line": row["line"], "shape": shape})


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


class _Headers:
    """The header lines of a source's landed CSV files, read as the source writes them."""

    def __init__(self, landing: Landing, told: Told) -> None:
        self.landing, self.told = landing, told
        self.files = {(file.table, file.night, file.file): file for file in landing.files()}
        self.read = cache(self._read)

    def of(self, table: str, night: str, name: str) -> Header:
        """The file's columns, and what parts them; none where it has no header line, or is gone."""
        file = self.files.get((table, night, name))
        return self.read(file) if file else _NONE

    def _read(self, file: Landed) -> Header:
        ending, way = ending_of(file.file), way_of(self.landing.source, file, self.told)
        if ending not in _SEPARATED or way is None:
            return _NONE
        path, marks = self.landing.zone / file.path, _SEPARATED[ending]
        try:
            opened = csv_door.opened(path, file.file, marks, way.header(ending), way.conventions)
        except (LandmarkError, OSError):
            return _NONE
        return tuple(opened.header), opened.marks["delimiter"]
