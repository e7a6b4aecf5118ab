"""Released rows: what a person decided shall be read again, as it came or repaired, by the next night.

    DATA/quarantine/released/<source>__<table>.jsonl    one row a line, oldest first; readable by its owner only

A release counts from the night after the last one begun, and is taken in once: by the first night from then on. It
stays on record, so that nights that are built again come to the same rows.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path

from pipeline.catalog import Store
from pipeline.errors import StageError
from pipeline.privacy.tombstones import write_private
from pipeline.sources.landing import safe_name

FOLDER = "released"
Place = tuple[str, str, str, str, int]


@dataclass(frozen=True, order=True)
class Release:
    """One row: where it was delivered, from which night it counts, who decided, when and why.

    raw: its text as somebody repaired it; None: as it was delivered.
    """

    counts_from: str
    source: str
    table: str
    night: str
    file: str
    line: int
    raw: str | None
    by: str
    why: str
    released_at: str

    @property
    def place(self) -> Place:
        """What tells the row from all others."""
        return (self.source, self.table, self.night, self.file, self.line)

    @property
    def text(self) -> str:
        """The release as a line of JSON."""
        return json.dumps(asdict(self), ensure_ascii=False, sort_keys=True) + "\n"


def next_night(data: Path) -> str:
    """The night from which a decision of now counts: the day after the last one that is finished or being built."""
    return (date.fromisoformat(max(Store(data).read().nights)) + timedelta(days=1)).isoformat()


def read(data: Path, source: str) -> list[Release]:
    """Every release of a source, oldest first; raises StageError with the line where one cannot be read."""
    found: list[Release] = []
    for path in sorted((data / "quarantine" / FOLDER).glob(f"{safe_name(source)}__*.jsonl")):
        for number, line in enumerate(path.read_text("utf-8").split("\n"), 1):
            if line:
                found.append(_parsed(path, number, line))
    return sorted(found, key=lambda one: (one.counts_from, one.place))


def _parsed(path: Path, number: int, line: str) -> Release:
    try:
        return Release(**json.loads(line))
    except (ValueError, TypeError) as error:
        raise StageError(
            "a released row cannot be read",
            where=f"{path}, line {number}",
            value=type(error).__name__,
            fix="Correct or remove the line; no night is built on decisions that are only half read",
        ) from error


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
    for path in sorted((data / "quarantine" / FOLDER).glob("*.jsonl")):
        lines = path.read_text("utf-8").splitlines(keepends=True)
        kept = [line for line in lines if json.loads(line)["counts_from"] >= night]
        if len(kept) < len(lines):
            write_private(path, "".join(kept))


def add(data: Path, fresh: Sequence[Release]) -> int:
    """Keeps releases, each table's in one step; returns how many were not there as they are.

    One of the same row that counts from the same night is replaced.
    """
    added = 0
    for source, table in sorted({(one.source, one.table) for one in fresh}):
        here = [one for one in fresh if (one.source, one.table) == (source, table)]
        known = {(one.counts_from, one.place): one for one in read(data, source) if one.table == table}
        news = [one for one in here if _differs(known.get((one.counts_from, one.place)), one)]
        if news:
            known |= {(one.counts_from, one.place): one for one in news}
            _write(data, source, table, known.values())
            added += len(news)
    return added


def _differs(known: Release | None, fresh: Release) -> bool:
    return known is None or known.raw != fresh.raw


def _write(data: Path, source: str, table: str, releases: Iterable[Release]) -> None:
    path = data / "quarantine" / FOLDER / f"{safe_name(source)}__{safe_name(table)}.jsonl"
    path.parent.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_private(path, "".join(one.text for one in sorted(releases, key=lambda one: (one.counts_from, one.place))))
