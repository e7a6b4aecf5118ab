"""What a delivered file holds at a glance: its columns and the first values in each, read at the ingest door."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.ingest.door import Door, ask
from pipeline.ingest.reading import Arrival, ending_of
from pipeline.sources import csv_door, parquet_door
from pipeline.sources.conventions import USUAL, Conventions
from pipeline.sources.forms import Column, Form
from pipeline.sources.vendors import Route
from pipeline.warehouse import Session

ROWS = 400
_DEEPEST = 4
_NOTHING = Form("", "sampled", "sampled", (), (Column("nothing", "\u2400"),))  # all that is delivered is unknown to it


@dataclass(frozen=True)
class Sample:
    """One file's columns (in JSON and Parquet, dots lead into objects), each with its first values as text.

    rows: how many records were looked at. fault: why none can be read; '' where some can.
    """

    columns: dict[str, tuple[str, ...]] = field(default_factory=dict)
    rows: int = 0
    fault: str = ""

    def joined(self, more: "Sample") -> "Sample":
        """Both together."""
        columns = {
            name: self.columns.get(name, ()) + more.columns.get(name, ()) for name in self.columns | more.columns
        }
        return Sample(columns, self.rows + more.rows, self.fault or more.fault)


def sample(session: Session, path: Path, name: str, how: Conventions = USUAL) -> Sample:
    """The first records of a file; `name` tells its format, as it does where it is taken in."""
    door = Door(session, _NOTHING)
    door.clear()
    slabs = door.slabs(Arrival(Route(_NOTHING, conventions=how), "sampled", "2000-01-01", name, path))
    next(slabs, None)
    slabs.close()  # type: ignore[attr-defined]
    found = ask(
        session,
        f"select broken, unmapped from door.{_NOTHING.name} order by delivered_line, delivered_file limit {ROWS}",
    )
    values: dict[str, list[str]] = {}
    read = [unmapped for broken, unmapped in found if broken is None]
    for unmapped in read:
        for column, value in _flat(_read(unmapped or "{}"), "", 1):
            values.setdefault(column, []).extend([value] if value else [])
    fault = "" if read or not found else str(found[0][0])
    if not found:
        values = {column: [] for column in _listed(path, name, how) if column}
    return Sample({column: tuple(given) for column, given in values.items()}, len(read), fault)


def _listed(path: Path, name: str, how: Conventions) -> Iterable[str]:
    """The columns of a file without a record, where it names them all the same."""
    ending = ending_of(name)
    if ending == ".parquet":
        return sorted(parquet_door.columns(path))
    if ending not in (".csv", ".tsv"):
        return []
    return csv_door.opened(path, name, csv_door.TAB if ending == ".tsv" else csv_door.COMMA, how=how).header


def _read(text: str) -> dict[str, Any]:
    """The object; an empty one where it is nested deeper than anybody would look."""
    try:
        return dict(json.loads(text))
    except RecursionError:
        return {}


def _flat(row: dict[str, Any], above: str, depth: int) -> Iterator[tuple[str, str]]:
    for name, value in row.items():
        if isinstance(value, dict) and value and depth < _DEEPEST:
            yield from _flat(value, f"{above}{name}.", depth + 1)
        elif isinstance(value, dict | list):
            yield above + name, json.dumps(value, ensure_ascii=False) if value else ""
        else:
            yield above + name, "" if value is None else str(value).strip()
