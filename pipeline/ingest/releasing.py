"""Released rows at the ingest door: read again from the landed file, as they came or as somebody repaired them.

A row keeps its place: its own file's account moves from quarantined to what becomes of it now, and of several records
of one key it is judged as what it is, a row of the night that delivered it. A row that still cannot be taken in stays
in quarantine, under its new reason. Rows of people who were erased stay where they are.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from pipeline.catalog import Store
from pipeline.context import Run
from pipeline.ingest import again, waiting
from pipeline.ingest.account import set_aside_by
from pipeline.ingest.door import Door, ask
from pipeline.ingest.reading import Arrival
from pipeline.privacy.tombstones import Gate
from pipeline.quarantine import releases
from pipeline.quarantine.releases import Release
from pipeline.sources.calendars import way_of
from pipeline.sources.forms import Form
from pipeline.sources.landing import Landing
from pipeline.sources.vendors import Told
from pipeline.warehouse import Session

NEVER = ("duplicate", "not_ours")
_PLACE = "table_name, delivered_night, delivered_file, delivered_line"


def prepare(session: Session, before: Path | None) -> None:
    """Makes door.held: the rows that earlier nights quarantined and a release can let in."""
    ask(session, "create table door.held (table_name varchar, night date, file varchar, line bigint)")
    if before:
        rows = f"select table_name, night, file, line from {set_aside_by(before)} where {_open()}"
        ask(session, f"insert into door.held {rows}")


def _open() -> str:
    return f"line > 0 and split_part(reason, ':', 1) not in {NEVER}"


@dataclass(frozen=True)
class Released:
    """What was released of one table and counts by this night."""

    session: Session
    landing: Landing
    told: Told
    form: Form
    gate: Gate
    due: Sequence[Release]

    @property
    def nights(self) -> list[str]:
        """From which nights they count, in order."""
        return sorted({one.counts_from for one in self.due})

    def found(self, door: Door, night: str) -> Iterator[None]:
        """Puts into door.<form>, one file at a time, the rows released into a night that are still quarantined."""
        door.known_night = night
        for arrival, texts in self._files(night):
            held = self._held(arrival)
            for _ in again.slabs(door, arrival, {line: raw for line, raw in texts.items() if line in held}):
                self._turn_away()
                if waiting.take_back(door):
                    yield
        door.known_night = ""

    def _files(self, night: str) -> Iterator[tuple[Arrival, dict[int, str | None]]]:
        due = [one for one in self.due if one.counts_from == night]
        landed = {(file.table, file.night, file.file): file for file in self.landing.files()}
        for (table, delivered, file), rows in groupby(due, key=lambda one: (one.table, one.night, one.file)):
            here = landed.get((table, delivered, file))
            way = way_of(self.landing.source, here, self.told) if here else None
            if way is not None and way.form == self.form and here and (self.landing.zone / here.path).is_file():
                arrival = Arrival(way, table, delivered, file, self.landing.zone / here.path)
                yield arrival, {one.line: one.raw for one in rows}

    def _held(self, arrival: Arrival) -> set[int]:
        """The lines of a file that are in quarantine now."""
        rows = ask(
            self.session,
            f"""
            select line from (from door.held anti join door.retaken using (table_name, night, file, line))
            where table_name = $1 and night = cast($2 as date) and file = $3
            union all
            select delivered_line as line from door.refused
            where table_name = $1 and delivered_night = cast($2 as date) and delivered_file = $4 and {
                _open().replace("line >", "delivered_line >")
            }""",
            [arrival.table, arrival.night, arrival.file, arrival.label],
        )
        return {line for (line,) in rows}

    def _turn_away(self) -> None:
        """Takes out of door.<form> what is an erased person's: it stays as it was."""
        ask(self.session, f"create or replace table door.offered as select {_PLACE} from door.{self.form.name}")
        stopped = self.gate.take_out(self.form)
        if stopped:
            ask(self.session, f"delete from door.erased where ({_PLACE}) in (select ({_PLACE}) from door.offered)")
            self.session.log(f"{stopped:,} released rows name people who were erased: they stay set aside")


def due(run: Run, source: str) -> list[Release]:
    """What the night takes in."""
    night, data = run.night.isoformat(), run.settings.data
    return releases.due(data, source, night, Store(data).read().before(night))


def tell(session: Session, released: Sequence[Release]) -> None:
    """Says what became of released rows, once ingest.quarantine is made."""
    import pyarrow as pa

    if not released:
        return
    names = ("table_name", "night", "file", "line")
    places = pa.Table.from_pylist([dict(zip(names, one.place[1:], strict=True)) for one in released])
    session.put("door.due", places, grain=(), keep=False)
    listed = "select table_name, cast(night as date), file, line from door.due"
    aside = session.count(f"ingest.quarantine where (table_name, night, file, line) in ({listed})")
    told = f"{session.count('(select distinct * from door.due)') - aside:,} are taken in, {aside:,} stay set aside"
    session.log(f"of the rows released from quarantine {told}")
