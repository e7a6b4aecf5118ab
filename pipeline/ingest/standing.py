"""Which rows stand: of several records of one key, over all nights, one; the others are listed as gone.

A table is the parts of all nights, carried from night to night by hard links, and a list of the rows in them that do
not stand (<table>.gone). A night costs what it brought: only the keys that it touches are judged again.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.ingest.door import ask
from pipeline.ingest.rows import PLACE, key_of
from pipeline.sources.forms import ANY, Form
from pipeline.warehouse import Session, quoted

_PLACE = ", ".join(PLACE)


def prepare(session: Session) -> None:
    """Makes ingest.gone and door.standing: of the source's tables, rows that do not stand; how many of each file do."""
    ask(
        session,
        """
        create table ingest.gone (form varchar, table_name varchar, night date, file varchar, delivered_night date,
            delivered_file varchar, delivered_line bigint, record_id varchar, fate varchar);
        create table door.standing (form varchar, table_name varchar, night date, file varchar,
            standing_count bigint);
    """,
    )


@dataclass
class Standing:
    """One table: the parts of earlier nights, the parts of this one, and what becomes of the rows in them."""

    session: Session
    form: Form
    before: Path | None
    fresh: Sequence[Path]

    def settle(self) -> None:
        """Carries the earlier parts over, judges the touched keys, and writes the list of what does not stand."""
        earlier = self._carry()
        self._claim(earlier)
        self.session.model("ingest.fates", keep=False)
        self._list_gone()
        self._write_gone()
        self._count_standing([*earlier, *self.fresh])

    def _carry(self) -> list[Path]:
        folder = self.session.output / self.form.name
        parts = sorted((self.before / self.form.name).glob("*.parquet")) if self.before else []
        for part in parts:
            os.link(part, folder / part.name)
        return [folder / part.name for part in parts]

    def _claim(self, earlier: Sequence[Path]) -> None:
        """Makes door.claims: every row, of any night, of a key that the night brought and that has several, or was
        deleted at the source."""
        key, fresh = key_of(self.form), _parts(self.fresh)
        columns = self._columns(fresh)
        both = _parts([*earlier, *self.fresh])
        content = ", ".join(f'"{c}"' for c in columns if c not in PLACE)
        form = quoted(self.form.name)
        known = f"select hash({key}) as record_hash from {_parts(earlier)}" if earlier else "from door.seen where false"
        ask(
            self.session,
            f"""
            create or replace table door.touched as
            select record_hash from door.again where form = {form}
            union
            select k.record_hash
            from ({known}) as k semi join door.seen as s on s.record_hash = k.record_hash and s.form = {form}
            union
            select hash({key}) from {fresh} where {_time("deleted_at", columns)} is not null
            """,
        )
        ask(
            self.session,
            f"""
            create or replace table door.claims as
            select
                {key} as record_key, {_time("updated_at", columns)} as updated_at,
                {_time("deleted_at", columns)} as deleted_at, {_PLACE},
                {self._record_id()} as record_id, {self._table_name()} as table_name,
                md5(cast(to_json(struct_pack({_packed(content)})) as varchar)) as content
            from {both} as rows semi join door.touched on touched.record_hash = hash({key})
        """,
        )

    def _list_gone(self) -> None:
        form = quoted(self.form.name)
        ask(
            self.session,
            f"""
            insert into ingest.gone
            select {form}, c.table_name, f.delivered_night, regexp_replace(f.delivered_file, '^.*/', ''),
                f.delivered_night, f.delivered_file, f.delivered_line, c.record_id, f.fate
            from ingest.fates as f inner join door.claims as c using ({_PLACE})
            where f.fate <> 'accepted'
        """,
        )
        gone = self.before / f"{self.form.name}.gone" / "gone.parquet" if self.before else None
        if gone is not None and gone.is_file():
            ask(
                self.session,
                f"""
                insert into ingest.gone select * from read_parquet({quoted(gone)}) as before
                anti join ingest.fates using ({_PLACE})
            """,
            )

    def _write_gone(self) -> None:
        rows = f"select * from ingest.gone where form = {quoted(self.form.name)}"
        if not ask(self.session, f"{rows} limit 1"):
            return
        folder = self.session.output / f"{self.form.name}.gone"
        folder.mkdir()
        path = folder / "gone.parquet"
        ask(self.session, f"copy ({rows} order by {_PLACE}) to {quoted(path)} (format parquet, compression zstd)")
        path.chmod(0o600)

    def _count_standing(self, parts: Sequence[Path]) -> None:
        ask(
            self.session,
            f"""
            insert into door.standing
            select {quoted(self.form.name)}, {self._table_name()}, delivered_night,
                regexp_replace(delivered_file, '^.*/', ''), standing_count
            from (
                select delivered_night, delivered_file, count(*) as standing_count
                from {_parts(parts)} as rows
                anti join (select {_PLACE} from ingest.gone where form = {quoted(self.form.name)}) as gone
                    using ({_PLACE})
                group by all)
        """,
        )

    def _columns(self, parts: str) -> list[str]:
        return [row[0] for row in ask(self.session, f"describe select * from {parts}")]

    def _table_name(self) -> str:
        return self.form.folder_sql()

    def _record_id(self) -> str:
        if self.form.table == ANY:
            return self.form.key[-1]
        parts = ", '/', ".join(f"coalesce(cast({name} as varchar), '')" for name in self.form.key)
        return f"concat({parts})"


def _parts(parts: Sequence[Path]) -> str:
    return f"read_parquet([{', '.join(quoted(part) for part in parts)}], union_by_name = true)"


def _time(name: str, columns: Sequence[str]) -> str:
    return name if name in columns else "cast(null as timestamp)"


def _packed(columns: str) -> str:
    return ", ".join(f"{name} := {name}" for name in columns.split(", "))
