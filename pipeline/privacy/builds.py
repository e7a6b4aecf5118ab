"""Takes an erased person out of every build's Parquet files: their rows go, and their values from what is left.

A file that several builds share by hard links is written once and shared again. Each is replaced in one step.
"""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.catalog import sync_folder
from pipeline.ingest.door import ask
from pipeline.privacy.erasure_plan import Plan
from pipeline.privacy.personal_rows import Theirs, table_of
from pipeline.privacy.values import Sought
from pipeline.sources.forms import forms_of
from pipeline.warehouse import Session, quoted

_LEDGER = "ledger"


@dataclass
class Builds:
    """The builds of a data folder, and a session to rewrite them with. Counts what was removed, by table."""

    folder: Path
    session: Session
    plan: Plan
    removed: dict[str, int] = field(default_factory=dict)
    rewritten: int = 0

    def sweep(self) -> None:
        """Goes through every Parquet file of every build, and brings each file's account up to date."""
        self._prepare()
        shared: dict[tuple[int, int], list[Path]] = {}
        for path in sorted(self.folder.glob("*/*/**/*.parquet")):
            told = path.stat()
            shared.setdefault((told.st_dev, told.st_ino), []).append(path)
        for paths in shared.values():
            if paths[0].name != "files.parquet":
                self._clean(paths)
        for path in sorted(self.folder.glob("*/*/ingest/*/files.parquet")):
            self._recount(path)
        self._note()

    def _prepare(self) -> None:
        self.theirs = Theirs(self.session, self.plan)
        self.sought = Sought(self.plan.tokens)
        self.session.connection.create_function("without", self.sought.without, ["VARCHAR"], "VARCHAR")

    # -- one file -----------------------------------------------------------------------------------------------------

    def _clean(self, paths: Sequence[Path]) -> None:
        at = paths[0].relative_to(self.folder).parts
        stage, table = at[2], table_of(at)
        kinds = dict(
            ask(self.session, f"select column_name, column_type from (describe select * from {_read(paths[0])})")
        )
        ledger = stage == "identity" and table == _LEDGER
        goes = "false" if ledger else self.theirs.condition(at, kinds)
        fresh = dict(self._texts(kinds))
        holds = self._holds(kinds)
        if ledger:
            mine = f"({self.theirs.named(at, 'customer_id')} or {self.theirs.paired('identifier_')})"
            mine = f"identifier_value is not null and ({mine} or without(identifier_value) <> identifier_value)"
            fresh["identifier_value"] = f"case when {mine} then null else identifier_value end"
            holds = f"({holds} or ({mine}))"
        gone, left = ask(
            self.session,
            f"select count(*) filter (where {goes}), count(*) filter (where {holds} and not coalesce({goes}, false))"
            f" from {_read(paths[0])}",
        )[0]
        if gone or left:
            columns = ", ".join(f'{fresh[c]} as "{c}"' if left and c in fresh else f'"{c}"' for c in kinds)
            self._put(paths, f"select {columns} from {_read(paths[0])} where not coalesce({goes}, false)")
            name = f"{stage}.{table}"
            self.removed[name] = self.removed.get(name, 0) + gone

    def _holds(self, kinds: dict[str, str]) -> str:
        """Whether a row's text may hold a value of the person."""
        texts = [f'cast("{name}" as varchar)' for name, type_ in kinds.items() if "VARCHAR" in type_]
        if not texts or not self.sought.simple:
            return "false"
        return self._may(f"concat_ws(chr(31), {', '.join(texts)})")

    def _may(self, text: str) -> str:
        return f"regexp_matches({text}, {quoted(self.sought.simple)})"

    def _texts(self, kinds: dict[str, str]) -> Iterator[tuple[str, str]]:
        """By column that may hold text: its name, and itself without the person's values."""
        for column, type_ in kinds.items() if self.sought.simple else ():
            name = f'"{column}"'
            if type_ == "VARCHAR":
                yield column, f"case when {self._may(name)} then without({name}) else {name} end"
            elif type_ == "VARCHAR[]":
                yield column, f"list_filter({name}, lambda x: not coalesce({self._may('x')}, false))"
            elif "VARCHAR" in type_:
                may = self._may(f"cast({name} as varchar)")
                yield column, f"case when {may} then null else {name} end"

    def _put(self, paths: Sequence[Path], sql: str) -> None:
        """Writes the rows in place of the file, whatever builds it is linked into."""
        fresh = paths[0].with_name(f".{paths[0].name}.{os.getpid()}")
        ask(self.session, f"copy ({sql}) to {quoted(fresh)} (format parquet, compression zstd)")
        fresh.chmod(paths[0].stat().st_mode & 0o777)
        with fresh.open("rb") as handle:
            os.fsync(handle.fileno())
        for path in paths[1:]:
            link = path.with_name(fresh.name)
            os.link(fresh, link)
            link.replace(path)
        fresh.replace(paths[0])
        for folder in {path.parent for path in paths}:
            sync_folder(folder)
        self.rewritten += 1

    # -- a file's account, and the ledger -----------------------------------------------------------------------------

    def _recount(self, path: Path) -> None:
        """What is neither accepted nor superseded nor set aside any more of what arrived, was erased."""
        folder, source = path.parent, path.parent.name
        ask(self.session, "drop schema if exists build cascade")
        self.session.attach("ingest", [folder], schema="build")
        listed = {"quarantined": folder / "quarantine.parquet", "not_ours": folder / "not_ours.parquet"}
        listed = {fate: rows for fate, rows in listed.items() if rows.is_file()}
        fates = ("accepted", "superseded", *listed)
        counts = [f"select table_name, night, file, {quoted(f)} as fate from {_read(p)}" for f, p in listed.items()]
        for table in sorted(p.name for p in folder.iterdir() if p.is_dir() and "." not in p.name):
            form = next(form for form in forms_of(source) if form.name == table)
            place = "delivered_night as night, regexp_replace(delivered_file, '^.*/', '') as file"
            rows = f"select {form.folder_sql()} as table_name, {place}"
            counts.append(f"{rows}, 'accepted' as fate from build.{table}")
        for gone in sorted(folder.glob("*.gone/*.parquet")):
            counts.append(f"select table_name, night, file, fate from {_read(gone)} where fate = 'superseded'")
        each = ", ".join(f"cast(coalesce(n.{fate}, 0) as bigint) as {fate}" for fate in fates)
        left = " - ".join(f"coalesce(n.{fate}, 0)" for fate in fates)
        counted = ", ".join(f"count(*) filter (fate = {quoted(fate)}) as {fate}" for fate in fates)
        rows = f"""
            with fates as ({" union all ".join(counts)}),
            n as (select table_name, night, file, {counted} from fates group by all)
            select f.source, f.table_name, f.night, f.file, f.arrived, {each},
                cast(f.arrived - {left} as bigint) as erased
            from {_read(path)} as f left join n using (table_name, night, file)"""
        if ask(self.session, f"select 1 from (select * from ({rows}) except select * from {_read(path)}) limit 1"):
            self._put([path], f"select * from ({rows}) order by source, table_name, night, file")

    def _note(self) -> None:
        """Adds the event `erase` to the ledger of the published night, and of what is being built on it."""
        for folder in sorted(self.folder.glob(f"*/*/identity/{_LEDGER}")):
            parts = sorted(folder.glob("*.parquet"))
            if folder.parts[-4] < self.plan.night or not parts:
                continue
            rows = f"read_parquet([{', '.join(map(quoted, parts))}])"
            known = f"select 1 from {rows} where event = 'erase' and customer_id = {quoted(self.plan.customer_id)}"
            if not ask(self.session, known):
                self._append(folder / f"{int(parts[-1].stem) + 1:05d}.parquet", rows)

    def _append(self, path: Path, rows: str) -> None:
        night = f"date {quoted(self.plan.night)}"
        told = {
            "row_id": f"(select max(row_id) + 1 from {rows})",
            "night": night,
            "nth": f"(select coalesce(max(nth), 0) + 1 from {rows} where night = {night})",
            "event": "'erase'",
            "customer_id": quoted(self.plan.customer_id),
        }
        kinds = ask(self.session, f"select column_name, column_type from (describe select * from {rows})")
        columns = ", ".join(f"cast({told.get(c, 'null')} as {k}) as {c}" for c, k in kinds)
        fresh = path.with_name(f".{path.name}.{os.getpid()}")
        ask(self.session, f"copy (select {columns}) to {quoted(fresh)} (format parquet, compression zstd)")
        fresh.replace(path)
        sync_folder(path.parent)


def _read(path: Path) -> str:
    return f"read_parquet([{quoted(path)}])"
