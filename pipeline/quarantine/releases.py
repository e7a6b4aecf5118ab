"""Released rows: what a person decided shall be read again, as it came or repaired, by the next night.

    DATA/quarantine/released/<source>__<table>.jsonl    see kept.py

A release counts from the night after the last one begun, and is taken in once: by the first night from then on. It
stays on record, so that nights that are built again come to the same rows.
"""

import io
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from pipeline.privacy.tombstones import write_private
from pipeline.quarantine import kept
from pipeline.quarantine.kept import Decided

FOLDER = "released"


@dataclass(frozen=True, order=True)
class Release(Decided):
    """One row that is read again: who decided, when and why.

    raw: its text as somebody repaired it; None: as it was delivered.
    """

    raw: str | None
    by: str
    why: str
    released_at: str


def read(data: Path, source: str) -> list[Release]:
    """Every release of a source, oldest first; raises StageError with the line where one cannot be read."""
    return kept.read(data, FOLDER, source, Release)


def due(data: Path, source: str, night: str, before: str | None) -> list[Release]:
    """The releases that a night takes in that rests on the night before; all that count by then where there is none."""
    return [one for one in read(data, source) if (before or "") < one.counts_from <= night]


def texts(released: Iterable[Release], night: str) -> dict[tuple[str, str, str, int], str]:
    """By table, night, file and line: the texts that rows released before a night have instead of those that came."""
    last = {one.place: one.raw for one in released if one.counts_from < night}
    return {place[1:]: raw for place, raw in last.items() if raw is not None}


def repaired(data: Path, source: str) -> dict[tuple[str, str, str, int], str]:
    """The texts that released rows of a source have now, by table, night, file and line."""
    return texts(read(data, source), date.max.isoformat())


def forget(data: Path, night: str) -> None:
    """Drops the releases that count from a night before this one."""
    for path in kept.paths(data, FOLDER):
        lines = list(io.StringIO(path.read_text("utf-8"), newline="\n"))  # others may stand within a line
        left = [line for line in lines if json.loads(line)["counts_from"] >= night]
        if len(left) < len(lines):
            write_private(path, "".join(left))


def add(data: Path, fresh: Sequence[Release]) -> int:
    """Keeps releases; returns how many were not there as they are. One of the same row and night is replaced."""
    known = {one.turn: one for source in {one.source for one in fresh} for one in read(data, source)}
    news = [one for one in fresh if one.turn not in known or known[one.turn].raw != one.raw]
    kept.change(data, FOLDER, Release, news)
    return len(news)
