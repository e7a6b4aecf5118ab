"""Tables of a PostgreSQL database as deliveries: each night the rows that changed since the night before.

The one door to ADBC. A night takes the rows changed before its 00:00 UTC and since the night before was read, with an
hour of overlap for what was committed late: a record that comes again as it was is superseded by itself. Rows whose
time of change is unknown come every night. Every value lands as text, as PostgreSQL writes it (ISO dates, UTC), in a
Parquet file; rows pass through in batches. What has landed stands: a night that is run again reads the same rows.
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import parse_qsl, unquote, urlsplit

from pipeline.errors import DeliveryError, PassingError, QualityError, SettingsError
from pipeline.settings import TableSettings
from pipeline.sources.checksums import Checksum
from pipeline.sources.file_systems import Place, with_login
from pipeline.sources.landing import Landed
from pipeline.sources.places import Delivery, Sink
from pipeline.sources.retrying import patiently

if TYPE_CHECKING:
    from adbc_driver_manager.dbapi import Cursor

Result = TypeVar("Result")
OVERLAP = timedelta(hours=1)
BATCH_BYTES = 1 << 23
_CONNECT_SECONDS = 20
_TIMES = ("timestamp with time zone", "timestamp without time zone", "date")
_OPTIONS = ("sslmode", "sslrootcert", "sslcert", "sslkey", "sslcrl", "target_session_attrs")
_READ_AT = "case when pg_is_in_recovery() then pg_last_xact_replay_timestamp() else now() end"
_PASSING_STATES = re.compile(r"08|53|57P0|40001|40P01")
_PASSING_WORDS = re.compile(
    "refused|timed? ?out|timeout expired|temporary failure|starting up|shutting down|too many (clients|connections)|"
    "remaining connection slots|closed the connection|network is unreachable|no route to host|connection reset|"
    "recovery mode|no connection to the server|terminating connection",
    re.I,
)


@dataclass(frozen=True)
class _Table:
    """A table as it is in the database: its quoted name, its columns, the column of changes and that one's type."""

    name: str
    columns: tuple[str, ...]
    changed: str
    kind: str

    def stamp(self) -> str:
        """Changes when what is asked of the table does."""
        return hashlib.sha256(json.dumps([self.name, self.columns, self.changed]).encode()).hexdigest()[:16]

    def due(self, since: str, until: datetime) -> str:
        """SQL: which rows a night takes."""
        bounds = [f"{self.changed} < {self._literal(until)}"]
        if since:
            bounds.append(f"{self.changed} >= {self._literal(datetime.fromisoformat(since) - OVERLAP)}")
        return f"({' and '.join(bounds)}) or {self.changed} is null or not isfinite({self.changed})"

    def _literal(self, moment: datetime) -> str:
        if self.kind == "timestamp with time zone":
            return f"timestamptz '{moment.isoformat(sep=' ')}'"
        if self.kind == "date":
            return f"date '{moment.date()}'"
        return f"timestamp '{moment.replace(tzinfo=None).isoformat(sep=' ')}'"


class Database:
    """A source's tables in a database. Raises DeliveryError; PassingError where it may be read later."""

    def __init__(
        self,
        place: Place,
        tables: Mapping[str, TableSettings],
        night: date,
        landed: Sequence[Landed],
        waits_seconds: tuple[float, ...] | None = None,
    ) -> None:
        if not tables:
            raise SettingsError(
                "the database's tables are not named",
                where=place.shown,
                fix='Name them in the settings: [sources.<source>.tables.<table>] relation = "schema.table"',
            )
        self.place, self.tables, self.night, self.waits_seconds = place, tables, night, waits_seconds
        self.shown = place.shown
        before = [file for file in landed if file.night < night.isoformat()]
        self.since = {file.table: file.watermark for file in sorted(before) if file.watermark}

    def deliveries(self, source: str) -> list[Delivery]:
        """One delivery a table: what changed up to the night."""
        return self._try(lambda cursor: [self._delivery(cursor, source, name) for name in sorted(self.tables)])

    def described(self, delivery: Delivery) -> Delivery:
        """The same: the listing tells all."""
        return delivery

    def origin(self, delivery: Delivery) -> str:
        """The database and the table, without what opens it."""
        return f"{self.shown.partition('?')[0].rstrip('/')}#{delivery.path}"

    def checksum(self, _: Delivery) -> Checksum | None:
        """None: a database tells none."""
        return None

    def is_same(self, _: Delivery, __: str) -> bool:
        """False: what is asked of the table has changed."""
        return False

    def write(self, delivery: Delivery, begin: Callable[[], Sink]) -> str:
        """Writes the rows as Parquet; returns up to when they were read: the night's 00:00, or now if that is ahead."""
        return self._try(lambda cursor: self._extract(cursor, delivery, begin()))

    def _delivery(self, cursor: "Cursor", source: str, name: str) -> Delivery:
        table = self._table(cursor, name)
        return Delivery(
            self.night.isoformat(), name, f"{name}.parquet", source, self._relation(name), None, table.stamp()
        )

    def _relation(self, name: str) -> str:
        return self.tables[name].relation or name

    def _table(self, cursor: "Cursor", name: str) -> _Table:
        relation = ".".join(_quoted(part) for part in self._relation(name).split("."))
        columns = _ask(
            cursor,
            "select attname::text, format_type(atttypid, null) from pg_catalog.pg_attribute "
            f"where attrelid = to_regclass({_text(relation)}) and attnum > 0 and not attisdropped order by attnum",
        )
        changed = self.tables[name].updated_at
        kind = dict(columns).get(changed, "")
        if not columns or kind not in _TIMES:
            raise DeliveryError(
                "the database has no such table for this user"
                if not columns
                else "the column that tells when a row changed is absent or no time",
                where=f"{self.shown}, {self._relation(name)}",
                value=None if not columns else f"{changed} {kind}".strip(),
                fix="Correct its relation or updated_at in the settings, or grant select on it",
            )
        return _Table(relation, tuple(column for column, _ in columns), _quoted(changed), kind)

    def _extract(self, cursor: "Cursor", delivery: Delivery, sink: Sink) -> str:
        table, since = self._table(cursor, delivery.table), self.since.get(delivery.table, "")
        until = datetime.combine(self.night, time(), UTC)
        due = table.due(since, until)
        mark = f"to_char(least({_READ_AT}, timestamptz '{until}'), 'YYYY-MM-DD HH24:MI:SS.US')"
        counted, read_until = _ask(cursor, f"select count(*), {mark} from {table.name} where {due}")[0]
        columns = ", ".join(f"{_quoted(name)}::text as {_quoted(name)}" for name in table.columns)
        cursor.execute(f"select {columns} from {table.name} where {due}")
        rows = _to_parquet(cursor, sink)
        if rows != counted:
            raise QualityError(
                "not every row of the table came", where=self.origin(delivery), value=f"{rows} of {counted} rows"
            )
        return f"{read_until}+00:00"

    def _try(self, action: "Callable[[Cursor], Result]") -> Result:
        def attempt() -> Result:
            with self._snapshot() as cursor:
                return action(cursor)

        return patiently(attempt, self._cannot, self.waits_seconds)

    @contextmanager
    def _snapshot(self) -> "Iterator[Cursor]":
        """A transaction that reads one state of the database and changes nothing."""
        from adbc_driver_postgresql import StatementOptions, dbapi

        with dbapi.connect(_login(self.place)) as connection, connection.cursor() as cursor:
            for words in ("transaction isolation level repeatable read, read only", "local time zone 'UTC'"):
                cursor.execute(f"set {words}")
            cursor.execute("set local datestyle to 'ISO, YMD'")
            cursor.execute("set local intervalstyle to 'iso_8601'")
            cursor.adbc_statement.set_options(**{StatementOptions.BATCH_SIZE_HINT_BYTES.value: str(BATCH_BYTES)})
            yield cursor

    def _cannot(self, error: Exception) -> DeliveryError:
        kind = PassingError if _may_pass(error) else DeliveryError
        return kind(
            f"the database cannot be read: {self.place.told(error)}",
            where=self.shown,
            fix="Check its address, its connection and the rights that it gives",
        )


def _login(place: Place) -> str:
    """The address as libpq takes it; what it leaves open is libpq's to find: PGHOST, PGPASSWORD, ~/.pgpass…"""
    parts, given = urlsplit(place.url), with_login(place)
    told: dict[str, Any] = {name: value for name, value in parse_qsl(parts.query) if name in _OPTIONS}
    told |= {name: given.told(name) for name in _OPTIONS if given.told(name)}
    told |= {"host": given.host, "port": given.port, "user": given.login, "password": given.password}
    told |= {"dbname": unquote(parts.path.strip("/")) or given.database}
    told |= {"connect_timeout": _CONNECT_SECONDS, "application_name": "landmark"}
    return " ".join(f"{name}={_conninfo(str(value))}" for name, value in told.items() if value)


def _conninfo(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _may_pass(error: Exception) -> bool:
    state = getattr(error, "sqlstate", None) or ""
    return bool(_PASSING_STATES.match(state) if state else _PASSING_WORDS.search(str(error)))


def _ask(cursor: "Cursor", sql: str) -> list[tuple[Any, ...]]:
    cursor.execute(sql)
    return list(cursor.fetchall())


def _to_parquet(cursor: "Cursor", sink: Sink) -> int:
    """Writes the result batch by batch; returns its number of rows."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    reader, rows = cursor.fetch_record_batch(), 0
    with pq.ParquetWriter(pa.PythonFile(_Writable(sink), "w"), reader.schema, compression="zstd") as writer:
        for batch in reader:
            writer.write_batch(batch)
            rows += batch.num_rows
    return rows


@dataclass
class _Writable:
    """A sink as pyarrow wants a file to be."""

    sink: Sink
    closed: bool = False

    def write(self, data: Any) -> int:
        return self.sink.write(bytes(data))

    def flush(self) -> None:
        """Nothing is held back."""

    def close(self) -> None:
        self.closed = True


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
