"""Decisions about rows in quarantine as they lie on the disk.

DATA/quarantine/<kind>/<source>__<table>.jsonl    one row a line, oldest first; readable by its owner only
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TypeVar

from pipeline.catalog import Store
from pipeline.errors import StageError
from pipeline.privacy.tombstones import write_private
from pipeline.sources.landing import safe_name

Place = tuple[str, str, str, str, int]


@dataclass(frozen=True, order=True)
class Decided:
    """A decision about one row: from which night it counts, and where the row was delivered."""

    counts_from: str
    source: str
    table: str
    night: str
    file: str
    line: int

    @property
    def place(self) -> Place:
        """What tells the row from all others."""
        return (self.source, self.table, self.night, self.file, self.line)

    @property
    def turn(self) -> tuple[str, Place]:
        """What tells the decision from all others of its kind."""
        return self.counts_from, self.place


Kind = TypeVar("Kind", bound=Decided)


def next_night(data: Path) -> str:
    """The night from which a decision of now counts: the day after the last one that is finished or being built."""
    return (date.fromisoformat(max(Store(data).read().nights)) + timedelta(days=1)).isoformat()


def paths(data: Path, kind: str, source: str = "") -> list[Path]:
    """The files of a kind of decision, of one source or of all."""
    return sorted((data / "quarantine" / kind).glob(f"{safe_name(source)}__*.jsonl" if source else "*.jsonl"))


def read(data: Path, kind: str, source: str, made: type[Kind]) -> list[Kind]:
    """A source's decisions of a kind, oldest first; raises StageError with the line where one cannot be read."""
    found: list[Kind] = []
    for path in paths(data, kind, source):
        for number, line in enumerate(path.read_text("utf-8").split("\n"), 1):
            if line:
                found.append(_parsed(path, number, line, made))
    return sorted(found, key=lambda one: one.turn)


def _parsed(path: Path, number: int, line: str, made: type[Kind]) -> Kind:
    try:
        return made(**json.loads(line))
    except (ValueError, TypeError) as error:
        raise StageError(
            f"a {path.parent.name} row cannot be read",
            where=f"{path}, line {number}",
            value=type(error).__name__,
            fix="Correct or remove the line; no night is built on decisions that are only half read",
        ) from error


def change(data: Path, kind: str, made: type[Kind], news: Sequence[Kind], gone: Sequence[Kind] = ()) -> None:
    """Takes decisions away and keeps new ones, each table's in one step; one of the same turn is replaced."""
    for source, table in sorted({(one.source, one.table) for one in (*news, *gone)}):
        known = {one.turn: one for one in read(data, kind, source, made) if one.table == table}
        for one in gone:
            known.pop(one.turn, None)
        known |= {one.turn: one for one in news if (one.source, one.table) == (source, table)}
        _write(data / "quarantine" / kind / f"{safe_name(source)}__{safe_name(table)}.jsonl", known.values())


def _write(path: Path, decided: Iterable[Decided]) -> None:
    path.parent.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    lines = (json.dumps(asdict(one), ensure_ascii=False, sort_keys=True) for one in sorted(decided, key=_turn))
    write_private(path, "".join(f"{line}\n" for line in lines))


def _turn(one: Decided) -> tuple[str, Place]:
    return one.turn
