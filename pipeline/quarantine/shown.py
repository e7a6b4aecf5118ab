"""The quarantine as its owner sees it: what stands in it as of the published night, and its rows.

DATA/quarantine/<night>/<source>__<table>.jsonl holds what that night refused, with its raw text; what stands is said by
the published build. Whoever looks at it sees personal data as it was delivered.
"""

import json
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from pipeline.catalog import Store
from pipeline.errors import NightError
from pipeline.ingest.door import ask
from pipeline.quarantine import releases
from pipeline.quarantine.releases import Place
from pipeline.settings import Settings
from pipeline.sources.landing import safe_name
from pipeline.stages import SOURCES
from pipeline.warehouse import Session


@dataclass(frozen=True)
class Chosen:
    """Which rows are meant: those of which all that is given holds. reason: with or without what follows its colon."""

    night: str = ""
    source: str = ""
    table: str = ""
    reason: str = ""
    file: str = ""
    lines: tuple[int, ...] = ()

    def sql(self) -> tuple[str, list[object]]:
        """A condition on the rows of ingest.quarantine, and its values."""
        told = {
            "cast(night as varchar) = ?": self.night,
            "source = ?": self.source,
            "table_name = ?": self.table,
            "? in (reason, split_part(reason, ':', 1))": self.reason,
            "file = ?": self.file,
            "list_contains(?, line)": list(self.lines),
        }
        given = {condition: value for condition, value in told.items() if value}
        return " and ".join(given) or "true", list(given.values())


@dataclass(frozen=True)
class Row:
    """One row in quarantine; raw: its text, where it is still kept."""

    source: str
    table: str
    night: str
    file: str
    line: int
    record_id: str
    reason: str
    raw: str | None = None

    @property
    def place(self) -> Place:
        """What tells the row from all others."""
        return (self.source, self.table, self.night, self.file, self.line)

    @property
    def document(self) -> dict[str, object]:
        """The row as `show` prints it, and as a repaired one is given."""
        return asdict(self)

    @property
    def code(self) -> str:
        """The reason without what follows its colon."""
        return self.reason.partition(":")[0]


def counts(settings: Settings, chosen: Chosen) -> list[dict[str, object]]:
    """How many rows stand in quarantine, by source, table and reason; released: what of them the next night reads."""
    released = Counter[tuple[str, str, str]]()
    condition, values = chosen.sql()
    with standing(settings) as session:
        waiting = _waiting(settings)
        found = ask(
            session,
            f"""
            select source, table_name, split_part(reason, ':', 1), count(*), cast(min(night) as varchar),
                cast(max(night) as varchar)
            from ingest.quarantine where {condition} group by 1, 2, 3 order by 1, 2, 3""",
            values,
        )
        if waiting:
            every = standing_rows(session, chosen)
            released.update((row.source, row.table, row.code) for row in every if row.place in waiting)
    names = ("source", "table", "reason", "rows", "first_night", "last_night")
    return [dict(zip(names, row, strict=True)) | {"released": released[row[:3]]} for row in found]


def rows(settings: Settings, chosen: Chosen, limit: int | None = None) -> list[Row]:
    """The chosen rows, in order, with their raw text."""
    with standing(settings) as session:
        found = standing_rows(session, chosen, limit)
    texts = raws(settings.data, found)
    return [replace(row, raw=texts.get(row.place)) for row in found]


@contextmanager
def standing(settings: Settings) -> Iterator[Session]:
    """A session with the published night's table ingest.quarantine."""
    store = Store(settings.data)
    catalog = store.read()
    if catalog.published is None:
        raise NightError("nothing is published yet", where=str(settings.data), fix="Run a night: landmark run")
    build = store.folder(catalog.published, int(catalog.night(catalog.published).build or 0))
    spill = settings.data / "spill" / f"quarantine-{os.getpid()}"
    with Session(settings, "quarantine", settings.data / "quarantine", spill) as session:
        session.attach("ingest", [build / "ingest" / source for source in SOURCES])
        yield session


def standing_rows(session: Session, chosen: Chosen, limit: int | None = None) -> list[Row]:
    """The chosen rows of the session's ingest.quarantine, in order, without their texts."""
    condition, values = chosen.sql()
    listed = "source, table_name, cast(night as varchar), file, line, record_id, reason"
    sql = f"select {listed} from ingest.quarantine where {condition} order by all"
    return [Row(*row) for row in ask(session, f"{sql} limit {limit}" if limit else sql, values)]


def _waiting(settings: Settings) -> set[Place]:
    """The rows that were released into a night that has not been run."""
    after = releases.next_night(settings.data)
    return {one.place for source in SOURCES for one in releases.read(settings.data, source) if one.counts_from >= after}


def raws(data: Path, wanted: Sequence[Row]) -> dict[Place, str]:
    """The texts of these rows, as the last night that refused them kept them."""
    places = {row.place for row in wanted}
    found: dict[Place, str] = {}
    for source, table in sorted({(row.source, row.table) for row in wanted}):
        for path in sorted((data / "quarantine").glob(f"[0-9]*/{source}__{safe_name(table)}.jsonl")):
            with path.open(encoding="utf-8") as lines:
                for line in lines:
                    raw = json.loads(line)
                    place = (source, table, raw["night"], raw["file"].rpartition("/")[2], raw["line"])
                    if place in places:
                        found[place] = raw["raw"]
    return found
