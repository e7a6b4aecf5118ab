"""Tables that a stage carries from night to night, so that a night writes what it changed and not what history weighs.

    <table>/00000.parquet …    the rows, each with its row_id; the parts of earlier nights are hard links
    <table>.replaced/rows.parquet    the row_ids that no longer stand

Within a session a carried table has five faces: standing.<table> (as of the last finished night), former.<table> (the
rows of it that tonight replaces), fresh.<table> (tonight's rows), whole.<table> (what stands after tonight) and
<stage>.<table>, the part of it that the next models look at.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipeline.warehouse import Session

MOST_PARTS = 40
MOST_REPLACED = 0.25  # share of rows that do not stand before the table is written anew


class Carried:
    """The carried tables of one stage's session.

    renew: nothing stands; the stage computes every row (there is no night before, or what was learned changed).
    """

    def __init__(self, session: "Session", *, renew: bool) -> None:
        self.session, self.renew = session, renew
        self.grains: dict[str, Sequence[str]] = {}
        self.folder = next(iter(session.previous_folders.get(session.schema, [])), None)
        for schema in ("standing", "former", "fresh", "whole", "replaced"):
            session.connection.execute(f"create schema if not exists {schema}")
        if self.folder is not None:
            session.attach(session.schema, [self.folder], schema="standing")
        session.carried = self

    def knows(self, table: str) -> bool:
        """Whether the last finished night has the table."""
        return self.folder is not None and (self.folder / table).is_dir()

    def take(self, table: str, grain: Sequence[str], touched: str = "") -> None:
        """Makes the rows in <stage>.<table> tonight's: they stand in place of the standing rows that `touched` picks.

        touched: a clause over the standing rows, such as "semi join identity.touched using (record_id)".
        """
        run, name = self.session.connection.execute, f"{self.session.schema}.{table}"
        run(f"create or replace table fresh.{table} as select * from {name}")
        self.session.make_room(name)
        self.grains[table] = tuple(grain)
        if not self.knows(table):
            self.stand_empty(table, f"select cast(null as bigint) as row_id, * from fresh.{table} limit 0")
        clause = "" if self.renew else touched
        run(f"create or replace table replaced.{table} as select row_id from standing.{table} {clause}")
        run(
            f"create or replace table former.{table} as select columns(* exclude (row_id)) from standing.{table}"
            f" semi join replaced.{table} using (row_id)"
        )
        standing = (
            ""
            if self.renew
            else f"select columns(* exclude (row_id)) from standing.{table} anti join replaced.{table} using (row_id)"
            " union all by name "
        )
        run(f"create or replace view whole.{table} as {standing}select * from fresh.{table}")
        self.show(table)

    def stand_empty(self, table: str, select: str) -> None:
        """Makes standing.<table>, where no night before has it: the columns of the select, and no row."""
        self.session.connection.execute(f"create table if not exists standing.{table} as {select}")

    def show(self, table: str, clause: str = "", *, of: str = "whole", held: bool = False) -> None:
        """Lets the next models see, as <stage>.<table>, the rows of a face that the clause picks.

        held: computed now, for rows that are read several times.
        """
        name, kind = f"{self.session.schema}.{table}", "table" if held else "view"
        self.session.make_room(name)
        self.session.connection.execute(f"create {kind} {name} as select * from {of}.{table} {clause}")

    # -- what is written ----------------------------------------------------------------------------------------

    def write(self) -> dict[str, int]:
        """Writes every table that was taken; returns how many rows of each stand."""
        return {table: self._write(table, grain) for table, grain in sorted(self.grains.items())}

    def _write(self, table: str, grain: Sequence[str]) -> int:
        folder = self.session.output / table
        folder.mkdir()
        parts = [] if self.renew or self.folder is None else sorted((self.folder / table).glob("*.parquet"))
        if not parts:
            self._part(f"whole.{table}", grain, folder / "00000.parquet", 0)
            return self.session.count(f"fresh.{table}")
        self._spare(table)
        listed = self._list_replaced(table)
        stands = self.session.count("fresh.other") - listed + self.session.count(_read(parts))
        if len(parts) >= MOST_PARTS or listed > MOST_REPLACED * (stands + listed):
            self._part(f"whole.{table}", grain, folder / "00000.parquet", 0)
            return stands
        for part in parts:
            os.link(part, folder / part.name)
        if self.session.count("fresh.other"):
            last = self.session.connection.execute(f"select max(row_id) from {_read(parts)}").fetchone()
            number = int(parts[-1].stem) + 1
            self._part("fresh.other", grain, folder / f"{number:05d}.parquet", int((last or (0,))[0] or 0))
        if listed:
            gone = self.session.output / f"{table}.replaced"
            gone.mkdir()
            self.session.export("replaced.every", ("row_id",), gone / "rows.parquet")
        return stands

    def _spare(self, table: str) -> None:
        """Makes fresh.other and replaced.other: a row that is made anew just as it stood goes on to stand."""
        run = self.session.connection.execute
        columns = [row[0] for row in run(f"describe fresh.{table}").fetchall()]
        alike = " and ".join(f'former."{name}" is not distinct from fresh."{name}"' for name in columns)
        former = f"(select * from standing.{table} semi join replaced.{table} using (row_id)) as former"
        run(
            "create or replace table replaced.spared as select former.row_id, fresh.rowid as place from"
            f" {former} inner join fresh.{table} as fresh on {alike}"
        )
        run(
            f"create or replace table fresh.other as select * from fresh.{table} as fresh"
            " where fresh.rowid not in (select place from replaced.spared)"
        )
        run(f"create or replace table replaced.other as from replaced.{table} anti join replaced.spared using (row_id)")

    def _list_replaced(self, table: str) -> int:
        """Makes replaced.every: the row_ids of all nights that do not stand; returns how many there are."""
        earlier = self.folder / f"{table}.replaced" / "rows.parquet" if self.folder else None
        rows = "select row_id from replaced.other"
        if earlier is not None and earlier.is_file():
            rows += f" union all select row_id from {_read([earlier])}"
        self.session.connection.execute(f"create or replace table replaced.every as {rows}")
        return self.session.count("replaced.every")

    def _part(self, table: str, grain: Sequence[str], path: Path, start: int) -> None:
        order = ", ".join(f'"{column}" nulls first' for column in grain)
        self.session.connection.execute(
            f"create or replace view whole.numbered as"
            f" select cast({start} + row_number() over (order by {order}) as bigint) as row_id, * from {table}"
        )
        self.session.export("whole.numbered", ("row_id",), path)


def _read(paths: Sequence[Path]) -> str:
    from pipeline.warehouse import quoted

    return f"read_parquet([{', '.join(quoted(path) for path in paths)}])"
