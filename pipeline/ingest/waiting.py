"""Rows that were set aside because what they name had not arrived: each later night looks for it again, for a week.

Every night that is taken in is looked at in order, with what had arrived by it, so that nights taken in one by one
and all at once come to the same rows. A row that is taken in leaves the quarantine; its place stays its own.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from pipeline.ingest import again
from pipeline.ingest.door import Door, ask
from pipeline.ingest.reading import Arrival
from pipeline.ingest.vendor import UNMATCHED
from pipeline.quarantine import releases
from pipeline.quarantine.releases import Release
from pipeline.sources.forms import Form
from pipeline.sources.landing import Landing
from pipeline.sources.vendors import Told, route
from pipeline.warehouse import Session, quoted

PATIENCE = timedelta(days=7)
_PLACE = "table_name, delivered_night, delivered_file, delivered_line"


def prepare(session: Session, before: Path | None) -> None:
    """Makes door.waiting: the rows of earlier nights that wait; and door.retaken: those that do no longer."""
    columns = "table_name varchar, night date, file varchar, line bigint"
    ask(session, f"create table door.retaken ({columns}); create table door.waiting ({columns})")
    if before:
        ask(
            session,
            f"insert into door.waiting select table_name, night, file, line from"
            f" read_parquet({quoted(before / 'quarantine.parquet')}) where starts_with(reason, '{UNMATCHED}:')",
        )


@dataclass(frozen=True)
class Waiting:
    """What waits of one table. nights: those taken in now, in order. released: rows that may have new texts."""

    session: Session
    landing: Landing
    told: Told
    form: Form
    nights: tuple[str, ...]
    released: Sequence[Release]

    def found(self, door: Door, night: str) -> Iterator[None]:
        """Puts into door.<form>, one file at a time, the rows whose like has arrived by a night."""
        door.known_night, texts = night, releases.texts(self.released, night)
        for arrival, lines in self._files(date.fromisoformat(night)):
            wanted = {line: texts.get((arrival.table, arrival.night, arrival.file, line)) for line in lines}
            for _ in again.slabs(door, arrival, wanted):
                if self._keep_found(door):
                    yield
        door.known_night = ""

    def _files(self, night: date) -> list[tuple[Arrival, list[int]]]:
        rows = ask(
            self.session,
            f"""
            select table_name, cast(night as varchar), file, list(line order by line)
            from (from door.waiting union all
                select table_name, delivered_night, regexp_replace(delivered_file, '^.*/', ''), delivered_line
                from door.refused where starts_with(reason, '{UNMATCHED}:'))
            where night between ? and ? group by all order by all""",
            [night - PATIENCE, night],
        )
        landed = {(file.table, file.night, file.file): file for file in self.landing.files()}
        found = []
        for table, at, file, lines in rows:
            way = route(self.landing.source, table, self.told)
            here = landed.get((table, at, file))
            if way is not None and way.vendor and way.form == self.form and here:
                found.append((Arrival(way, table, at, file, self.landing.zone / here.path), lines))
        return sorted(found, key=lambda one: (one[0].night, one[0].route.rank))

    def _keep_found(self, door: Door) -> bool:
        """Leaves in door.<form> what waits no longer, and notes it; whether there is any."""
        ask(self.session, f"delete from door.{self.form.name} where starts_with(broken, '{UNMATCHED}:')")
        return take_back(door)


def take_back(door: Door) -> bool:
    """Takes the rows of door.<form> out of the quarantine, to be judged again; whether there are any."""
    session, rows = door.session, f"door.{door.form.name}"
    ask(session, f"delete from door.refused where ({_PLACE}) in (select ({_PLACE}) from {rows})")
    ask(
        session,
        f"insert into door.retaken select table_name, delivered_night,"
        f" regexp_replace(delivered_file, '^.*/', ''), delivered_line from {rows}",
    )
    ask(
        session,
        "delete from door.waiting where (table_name, night, file, line) in"
        " (select (table_name, night, file, line) from door.retaken)",
    )
    door.rows = session.count(rows)
    return door.rows > 0
