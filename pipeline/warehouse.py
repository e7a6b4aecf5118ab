"""The only door to duckdb: one in-memory database for one stage of one night.

A session attaches the finished tables that the stage needs as views, runs the stage's models, and writes the
stage's own tables as Parquet, sorted by their grain, into a folder that the runner puts in place in one step.

A table is stored as `<table>.parquet`, or as a folder `<table>/` of Parquet parts (so that a night can carry
the parts of earlier nights over by hard links). Where a folder `<table>.gone/` stands beside the parts, the rows
that it names by delivered_night, delivered_file and delivered_line are left out of the view; the view
`<table>_history` has them all, what was superseded as well. `<table>.replaced/` does so by row_id (see carried.py).
"""

import re
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.errors import StageError
from pipeline.settings import Settings

if TYPE_CHECKING:
    import duckdb
    import pandas as pd
    import pyarrow as pa

    from pipeline.carried import Carried

SQL = Path(__file__).resolve().parent.parent / "sql"
_HEADER = re.compile(r"^--\s+(grain|reads|params)\s+(.*)$")
_NAME = re.compile(r"^[a-z_][a-z0-9_]*$")
_OWNER_ONLY = 0o600
# the folder beside a table's parts that lists rows which no longer stand, and the columns that name a row
_NO_LONGER = {"gone": "delivered_night, delivered_file, delivered_line", "replaced": "row_id"}


@dataclass(frozen=True)
class Model:
    """One SQL file: the table that it makes, its grain, the tables that it reads, its parameters, its text."""

    table: str
    grain: tuple[str, ...]
    reads: tuple[str, ...]
    params: tuple[str, ...]
    sql: str

    def given(self, params: Mapping[str, object]) -> dict[str, object]:
        """Of the parameters those that it takes; raises StageError where one of its own is not among them."""
        missing = sorted(set(self.params) - set(params))
        if missing:
            raise StageError("the model lacks a parameter", where=f"sql/{self.table}", value=missing[0])
        return {name: params[name] for name in self.params}

    def rows(self, connection: "duckdb.DuckDBPyConnection", params: Mapping[str, object]) -> "pa.Table":
        """What it makes of the tables of a connection."""
        return connection.sql(self.sql, params=self.given(params)).to_arrow_table()


@cache
def read_model(table: str) -> Model:
    """The model of a table `<schema>.<name>`, from sql/<schema>/<name>.sql; raises StageError where there is none."""
    schema, _, name = table.partition(".")
    path = SQL / schema / f"{name}.sql"
    if not path.is_file():
        raise StageError("there is no model of this table", where=str(path), value=table)
    text = path.read_text("utf-8")
    header = {m[1]: m[2] for line in text.splitlines() if (m := _HEADER.match(line))}
    if "grain" not in header:
        raise StageError("the model's header lacks its grain", where=str(path))
    return Model(
        table, _names(header["grain"]), _names(header.get("reads", "")), _names(header.get("params", "")), text
    )


def _names(text: str) -> tuple[str, ...]:
    return tuple(part for part in (p.strip() for p in text.split(",")) if part and part != "none")


def quoted(text: object) -> str:
    """A SQL string literal."""
    return "'" + str(text).replace("'", "''") + "'"


class Session:
    """What a stage works with. Close it (or leave the `with` block) and its database is gone.

    output: the folder that the stage's files go to. inner: tables that are the stage's own business, not worth a line.
    private: tables that only the owner of the data folder can read, for what names people to other systems.
    previous_folders: by stage, its folders as of the last finished night. rows: what the stage says it took in, put out
    and quarantined ("in", "out", "quarantined"). messages: lines for the log.
    """

    def __init__(self, settings: Settings, schema: str, output: Path, spill: Path) -> None:
        self.settings, self.schema, self.output, self.spill = settings, schema, output, spill
        self.kept: dict[str, tuple[str, ...]] = {}
        self.messages: list[str] = []
        self.rows: dict[str, int] = {}
        self.inner: set[str] = set()
        self.private: set[str] = set()
        self.previous_folders: dict[str, list[Path]] = {}
        self.attached: dict[str, list[Path]] = {}
        self.carried: Carried | None = None
        self._others: list[duckdb.DuckDBPyConnection] = []
        self.connection = self._connect(spill)
        self._schema(schema)

    def __enter__(self) -> "Session":
        return self

    def __exit__(self, *_: object) -> None:
        for connection in (*self._others, self.connection):
            connection.close()
        shutil.rmtree(self.spill, ignore_errors=True)

    def another(self) -> "duckdb.DuckDBPyConnection":
        """A second database, with nothing in it, for a thread of its own; it ends with the session."""
        self._others.append(self._connect(self.spill / f"other{len(self._others)}"))
        return self._others[-1]

    def _connect(self, spill: Path) -> "duckdb.DuckDBPyConnection":
        import duckdb

        spill.mkdir(parents=True, exist_ok=True, mode=0o700)
        connection = duckdb.connect(
            ":memory:",
            config={
                "memory_limit": self.settings.memory_limit,
                "temp_directory": str(spill),
                "threads": self.settings.threads,
                "autoinstall_known_extensions": False,
                "autoload_known_extensions": False,
            },
        )
        connection.execute("set timezone = 'UTC'; set enable_progress_bar = false")
        return connection

    def _schema(self, name: str) -> None:
        if not _NAME.match(name):
            raise StageError("not a schema's name", value=name)
        self.connection.execute(f"create schema if not exists {name}")

    # -- what it reads ------------------------------------------------------------------------------------------

    def attach(self, stage: str, folders: Sequence[Path], schema: str | None = None) -> None:
        """Makes a view <schema>.<table> of every table in the stage's folders (several: one table's rows together)."""
        schema = schema or stage
        self._schema(schema)
        self.attached[schema] = list(folders)
        for table, places in sorted(_tables(folders).items()):
            self.connection.execute(f"create or replace view {schema}.{table} as {_view(table, places)}")
            if all(place.is_dir() for place in places):
                every = f"select * from {_rows(places)}"
                self.connection.execute(f"create or replace view {schema}.{table}_history as {every}")

    def previous(self, stage: str, table: str) -> "pa.Table | None":
        """The table as of the last finished night before this one; None where there is none."""
        places = _tables(self.previous_folders.get(stage, [])).get(table)
        return None if not places else self.connection.sql(_view(table, places)).to_arrow_table()

    def previous_file(self, stage: str, name: str) -> bytes | None:
        """An extra file that the stage saved on the last finished night before this one."""
        for folder in self.previous_folders.get(stage, []):
            if (folder / name).is_file():
                return (folder / name).read_bytes()
        return None

    def frame(self, table: str, columns: str = "*") -> "pd.DataFrame":
        """The table as a pandas data frame, in its stored order."""
        frame: pd.DataFrame = self.connection.execute(f"select {columns} from {table}").df()
        return frame

    def arrow(self, table: str, columns: str = "*") -> "pa.Table":
        """The table as an Arrow table, in its stored order."""
        return self.connection.sql(f"select {columns} from {table}").to_arrow_table()

    def has(self, table: str) -> bool:
        """Whether there is such a table or view."""
        schema, _, name = table.partition(".")
        found = "select 1 from information_schema.tables where table_schema = ? and table_name = ?"
        return bool(self.connection.execute(found, [schema, name]).fetchall())

    def count(self, table: str) -> int:
        """The table's number of rows."""
        ((rows,),) = self.connection.execute(f"select count(*) from {table}").fetchall()
        return int(rows)

    # -- what it makes ------------------------------------------------------------------------------------------

    def model(self, table: str, *, keep: bool = True, view: bool = False, **params: object) -> None:
        """Runs the table's model; `keep` makes it part of what the stage commits.

        view: nothing is computed before it is read; for tables that are read once and too wide to hold.
        """
        model = read_model(table)
        named = model.given(params)
        self._schema(table.partition(".")[0])
        self.make_room(table)
        self._create(f"create {'view' if view else 'table'} {table} as {model.sql}", named)
        if keep:
            self.kept[table] = model.grain

    def computed(self, table: str, **params: object) -> "pa.Table":
        """The rows of the table's model, which no table holds."""
        return read_model(table).rows(self.connection, params)

    @contextmanager
    def shown(self, table: str, rows: "pa.Table") -> Iterator[None]:
        """Has a view of that name show the rows, meanwhile."""
        name = table.replace(".", "_")
        self.connection.register(name, rows)
        self.make_room(table)
        self.connection.execute(f"create view {table} as select * from {name}")
        try:
            yield
        finally:
            self.connection.execute(f"drop view {table}")
            self.connection.unregister(name)

    def drop(self, *tables: str) -> None:
        """Frees scratch tables that are not read any more."""
        for table in tables:
            self.connection.execute(f"drop table {table}")

    def make_room(self, table: str) -> None:
        """Takes a table or view of that name away, where there is one."""
        import duckdb

        try:
            self.connection.execute(f"drop table if exists {table}")
        except duckdb.CatalogException:  # it is a view
            self.connection.execute(f"drop view {table}")

    def select(self, table: str, sql: str) -> None:
        """Makes a scratch table of a select that was compiled from the journey map."""
        self._schema(table.partition(".")[0])
        self._create(f"create or replace table {table} as {sql}", {})

    def _create(self, sql: str, params: dict[str, object]) -> None:
        self.connection.execute(sql, params) if params else self.connection.execute(sql)

    def put(self, table: str, data: "pa.Table | pd.DataFrame", *, grain: Sequence[str], keep: bool = True) -> None:
        """Makes a table of computed rows."""
        self._schema(table.partition(".")[0])
        self.connection.register("given", data)
        self.make_room(table)
        self.connection.execute(f"create table {table} as select * from given")
        self.connection.unregister("given")
        if keep:
            self.kept[table] = tuple(grain)

    def makes(self, table: str) -> bool:
        """Whether the stage's session keeps the table."""
        schema, _, name = table.partition(".")
        carried = self.carried is not None and schema == self.schema and name in self.carried.grains
        return carried or table in self.kept

    def save(self, name: str, data: bytes, *, private: bool = False) -> None:
        """Keeps an extra file with the stage's tables; a private one only its owner can read."""
        path = self.output / name
        path.touch(mode=_OWNER_ONLY if private else 0o666)
        path.write_bytes(data)

    def log(self, text: str) -> None:
        """One line of what the stage did."""
        self.messages.append(text)

    def write(self) -> dict[str, int]:
        """Writes the kept tables, sorted by their grain; returns the row counts of those that are not inner."""
        counts = {}
        for table, grain in sorted(self.kept.items()):
            name = table.partition(".")[2]
            path = self.output / f"{name}.parquet"
            self.export(table, grain, path)
            if name in self.private:
                path.chmod(_OWNER_ONLY)
            counts[name] = self.count(table)
        counts |= self.carried.write() if self.carried else {}
        return {name: count for name, count in counts.items() if name not in self.inner}

    def export(self, table: str, grain: Iterable[str], path: Path) -> None:
        """Writes one table or view as Parquet, in the order of the grain."""
        order = ", ".join(f'"{column}" nulls first' for column in grain)
        self.connection.execute(
            f"copy (select * from {table} order by {order}) to {quoted(path)} (format parquet, compression zstd)"
        )


def fails(condition: str) -> str:
    """Why a condition of the journey map cannot be computed, tried on one touch; '' where it can."""
    import duckdb

    try:
        _one_touch().execute(f"select {condition} from touch").fetchall()
    except duckdb.Error as error:
        return str(error).splitlines()[0]
    return ""


@cache
def _one_touch() -> "duckdb.DuckDBPyConnection":
    import duckdb

    connection = duckdb.connect(":memory:", config={"threads": 1})
    texts = "source, brand, channel, event, outcome, topic, category, text"
    connection.execute(
        f"""create table touch as select '' as {texts.replace(", ", ", '' as ")}, '{{}}' as attributes,
        0.0::double as duration_seconds, 0.0::double as rating, 0.0::double as amount, 0.0::double as valence"""
    )
    return connection


def write_views(marts: Path, path: Path) -> None:
    """Replaces the analysts' database: read-only views of the published marts, and no rows of its own."""
    import duckdb

    fresh = path.with_name(f".{path.name}.fresh")
    for old in (fresh, fresh.with_name(f"{fresh.name}.wal")):  # a run was killed here: its log would be replayed
        old.unlink(missing_ok=True)
    with duckdb.connect(str(fresh)) as connection:
        for table, places in sorted(_tables([marts]).items()):
            connection.execute(f"create view {table} as {_view(table, places)}")
    fresh.replace(path)


def _tables(folders: Sequence[Path]) -> dict[str, list[Path]]:
    """Every table in the folders: the Parquet files or folders of parts that hold its rows."""
    found: dict[str, list[Path]] = {}
    for folder in folders:
        for path in sorted(folder.iterdir()) if folder.is_dir() else []:
            name = path.stem if path.suffix == ".parquet" else path.name
            if _NAME.match(name) and (path.suffix == ".parquet" or (path.is_dir() and any(path.glob("*.parquet")))):
                found.setdefault(name, []).append(path)
    return found


def _rows(places: Sequence[Path]) -> str:
    files = [quoted(path / "*.parquet" if path.is_dir() else path) for path in places]
    return f"read_parquet([{', '.join(files)}])"


def _view(table: str, places: Sequence[Path]) -> str:
    rows = f"select * from {_rows(places)} as standing"
    for ending, columns in _NO_LONGER.items():
        gone = [path.with_name(f"{table}.{ending}") for path in places if path.is_dir()]
        listed = [path for path in gone if path.is_dir() and any(path.glob("*.parquet"))]
        if listed:
            rows += f" anti join {_rows(listed)} as {ending} using ({columns})"
    return rows
