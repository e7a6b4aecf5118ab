"""The quarantine as its owner sees it: what stands in it as of the published night, and its rows.

DATA/quarantine/<night>/<source>__<table>.jsonl holds what that night refused, with its raw text; what stands is said by
the published build. Whoever looks at it sees personal data as it was delivered.
"""

import json
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

from pipeline.catalog import Store
from pipeline.errors import NightError
from pipeline.ingest.door import ask
from pipeline.ingest.releasing import NEVER
from pipeline.quarantine import dismissals, releases
from pipeline.quarantine.kept import Place, next_night
from pipeline.quarantine.releases import Release
from pipeline.quarantine.remedies import remedy
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

    def holds(self, place: Place) -> bool:
        """Whether a row of that place may be meant; where a reason is given, that cannot be told of a place."""
        given = (self.source, self.table, self.night, self.file)
        is_there = all(not wanted or wanted == seen for wanted, seen in zip(given, place, strict=False))
        return is_there and not self.reason and (not self.lines or place[4] in self.lines)


@dataclass(frozen=True)
class Row:
    """One row in quarantine.

    decided: what somebody decided about it; repair: what would let it in; raw: its text, where it is still kept.
    """

    source: str
    table: str
    night: str
    file: str
    line: int
    record_id: str
    reason: str
    decided: str = ""
    repair: str = ""
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


FIELDS = tuple(field.name for field in fields(Row))


def counts(settings: Settings, chosen: Chosen) -> list[dict[str, object]]:
    """How many rows stand in quarantine, by source, table and reason.

    released: what of them the next night reads; dismissed: what nobody will repair; open: what somebody may still
    decide about, which exact repeats are not: nothing of them is lost.
    """
    condition, values = chosen.sql()
    with standing(settings) as session:
        found = ask(
            session,
            f"""
            select source, table_name, split_part(reason, ':', 1), count(*), cast(min(night) as varchar),
                cast(max(night) as varchar)
            from ingest.quarantine where {condition} group by 1, 2, 3 order by 1, 2, 3""",
            values,
        )
        waiting, dismissed = _waiting(settings.data), dismissals.standing(settings.data)
        every = standing_rows(session, chosen) if waiting or dismissed else []
    released = Counter((row.source, row.table, row.code) for row in every if row.place in waiting)
    let_go = Counter((row.source, row.table, row.code) for row in every if (row.place, row.code) in dismissed)
    names = ("source", "table", "reason", "rows", "first_night", "last_night")
    told = []
    for row in found:
        decided = {"released": released[row[:3]], "dismissed": let_go[row[:3]]}
        left = 0 if row[2] in NEVER else row[3] - sum(decided.values())
        told.append(dict(zip(names, row, strict=True)) | decided | {"open": left})
    return told


def rows(settings: Settings, chosen: Chosen, limit: int | None = None) -> list[Row]:
    """The chosen rows, in order, with all that is told of them."""
    with standing(settings) as session:
        found = standing_rows(session, chosen, limit)
    texts = raws(settings.data, found)
    waiting, dismissed = _waiting(settings.data), dismissals.standing(settings.data)
    told = []
    for row in found:
        decided = _decided(waiting.get(row.place), dismissed.get((row.place, row.code)))
        repair = remedy(settings.sources[row.source], row.source, row.table, row.reason)
        told.append(replace(row, raw=texts.get(row.place), decided=decided, repair=repair))
    return told


def _decided(release: Release | None, dismissal: dismissals.Dismissal | None) -> str:
    if release is not None:
        how = "as it came" if release.raw is None else "repaired"
        return f"released {how} by {release.by}, for the night {release.counts_from} or later: {release.why}"
    return f"dismissed by {dismissal.by}: {dismissal.why}" if dismissal is not None else ""


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


def _waiting(data: Path) -> dict[Place, Release]:
    """The rows that were released into a night that has not been run."""
    every = [one for source in SOURCES for one in releases.read(data, source)]
    after = next_night(data) if every else ""
    return {one.place: one for one in every if one.counts_from >= after}


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
