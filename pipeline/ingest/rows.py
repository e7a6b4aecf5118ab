"""Rows of text become typed rows: what can be taken in goes into a Parquet part, the rest into door.refused.

A slab of door.<table> goes through the table's model, which says what cannot be read, and through the table's
expectations, which say what reads but is wrong. Each row has one reason: the model's first, then the suite's order.
"""

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline import quality
from pipeline.context import Run
from pipeline.errors import DeliveryError
from pipeline.ingest.door import FILE_FAULTS, ask
from pipeline.ingest.notes import Notes
from pipeline.sources.forms import Form
from pipeline.warehouse import Session, quoted

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

ISO_TIME = (
    r"^[1-9][0-9]{3}-[0-9]{2}-[0-9]{2}"
    r"([T ][0-9]{1,2}:[0-9]{2}(:[0-9]{2}([.][0-9]+)?)?( UTC|Z|[+-][0-9]{2}(:?[0-9]{2})?)?)?$"
)
NUMBER = r"^[+-]?([0-9]{1,15}([.][0-9]*)?|[.][0-9]+)([eE][+-]?[0-9]{1,2})?$"
PLACE = ("delivered_night", "delivered_file", "delivered_line")
_HELPERS = ("latest_at", "record_id", "problem")
_SHORTEST_ROW_GROUP = 122_880
_MOST_NAMED = 10


def key_of(form: Form) -> str:
    """A SQL expression of a record's key as one text."""
    return "concat_ws(chr(31), " + ", ".join(f"coalesce(cast({name} as varchar), '')" for name in form.key) + ")"


def prepare(session: Session) -> None:
    """Makes the scratch tables that collect over a source's slabs."""
    ask(
        session,
        """
        create schema if not exists door;
        create table door.refused (table_name varchar, delivered_night date, delivered_file varchar,
            delivered_line bigint, record_id varchar, reason varchar, raw varchar, is_refusal boolean);
        create table door.counted (table_name varchar, delivered_night date, delivered_file varchar, arrived bigint);
        create table door.repeats (form varchar, delivered_night date, delivered_file varchar,
            delivered_line bigint, raw varchar);
        create table door.seen (form varchar, record_hash ubigint);
    """,
    )


@dataclass
class Rows:
    """One table's way in: every slab that is taken adds a part to `parts`, written while the next one is taken."""

    run: Run
    session: Session
    form: Form
    checks: dict[int, quality.Checked] = field(default_factory=dict)
    _parts: list[Path] = field(default_factory=list)
    _writing: "Future[None] | None" = None

    def __enter__(self) -> "Rows":
        return self

    def __exit__(self, *_: object) -> None:
        """Waits for what is being written, whatever went wrong meanwhile."""
        if self._writing:
            wait([self._writing])

    @property
    def parts(self) -> list[Path]:
        """The Parquet files so far, all of them whole."""
        if self._writing:
            self._writing.result()
            self.session.drop(self._written)
            self._writing = None
        return self._parts

    @cached_property
    def notes(self) -> Notes:
        """What the log is to say of the table."""
        return Notes(self.session, self.form, self.run.settings.sources[self.form.source])

    @property
    def folder(self) -> Path:
        """Where the table's parts lie."""
        return self.session.output / self.form.name

    def take(self, *, counts: bool = True) -> None:
        """Takes in what stands in door.<table>. counts: they arrived now, and may stop the night."""
        name = f"ingest.{self.form.name}"
        self.session.model(
            name,
            keep=False,
            iso_time=ISO_TIME,
            number=NUMBER,
            consent_analytics_default=self.run.settings.consent_analytics_default,
        )
        self.notes.take(name)
        if counts:
            self._stop_on_broken_files(name)
        self._check(name)
        self._refuse(name)
        if counts:
            self._count()
        self._remember_repeats(name)
        self._write(name)

    def _stop_on_broken_files(self, name: str) -> None:
        stop = self.run.settings.sources[self.form.source].missing == "stop"
        is_fault = f"split_part(problem, ':', 1) in ({', '.join(map(quoted, FILE_FAULTS))})"
        place = ", ".join(PLACE)
        found = ask(
            self.session,
            f"select distinct d.table_name, {', '.join(f'd.{column}' for column in PLACE[:2])}, m.problem"
            f" from door.{self.form.name} as d inner join (from {name} where {is_fault}) as m using ({place})"
            " order by all",
        )
        for table, night, file, reason in found:
            where = f"{self.form.source}/{table}/{night}/{file.rpartition('/')[2]}"
            if stop:
                at = f"sources.{self.form.source}.columns.{table}"
                renamed = f"Where a column is called otherwise, tell both names in {at}; else have"
                again = f"{renamed if reason.startswith('missing_column') else 'Have'} it delivered again"
                variable = f"LANDMARK_SOURCES__{self.form.source.upper()}__MISSING"
                fix = f"{again}, or set {variable}=warn"
                raise DeliveryError(f"the file cannot be taken in: {reason}", where=where, fix=fix)
            self.session.log(f"warning: {where}: {reason}")

    @cached_property
    def suite(self) -> list[Any]:
        """The table's row expectations."""
        return quality.expectations_of("ingest", self.run)[self.form.name]

    def _check(self, name: str) -> None:
        """Gives the rows that fail a row expectation its rule as their problem."""
        import pyarrow as pa

        columns = quality.columns_of(self.suite)
        listed = ", ".join(["rowid as row", *(f'"{column}"' for column in columns)])
        rows = self.session.arrow(f"{name} where problem is null", listed)
        if not len(rows):
            return
        frame = rows.select(columns).to_pandas()
        reasons = _reasons(self.form, frame, self.suite, self._counted(quality.validate(name, frame, self.suite)))
        if not reasons:
            return
        failed = rows.select(["row"]).take(pa.array(list(reasons), pa.int64()))
        failed = failed.append_column("reason", pa.array(list(reasons.values()), pa.string()))
        self.session.connection.register("given", failed)
        ask(self.session, f"update {name} set problem = g.reason from given as g where {name}.rowid = g.row")
        self.session.connection.unregister("given")

    def _counted(self, checked: list[quality.Checked]) -> list[quality.Checked]:
        """Adds a slab's outcomes to the table's. A row counts once: for the first rule that it fails, its reason."""
        seen: set[int] = set()
        for nth, one in enumerate(checked):
            so_far = self.checks.get(nth)
            unexpected = len(set(one.rows) - seen) + (so_far.unexpected if so_far else 0)
            seen |= set(one.rows)
            self.checks[nth] = quality.Checked(
                one.table_name,
                one.expectation,
                one.column_name,
                one.severity,
                unexpected == 0,
                unexpected,
                f"{unexpected} row{'' if unexpected == 1 else 's'} quarantined" if unexpected else "",
                one.reason,
            )
        return checked

    def _refuse(self, name: str) -> None:
        """Sets aside what cannot be taken in. Who refuses analytics in a row that names them does so all the same."""
        place = ", ".join(PLACE)
        refuses = "record_id <> '' and consent_analytics = false" if self.form.name == "customers" else "false"
        ask(
            self.session,
            f"""
            insert into door.refused
            select d.table_name, {", ".join(f"d.{column}" for column in PLACE)}, b.record_id, b.problem, d.raw,
                b.refuses and d.broken is null
            from door.{self.form.name} as d
            inner join (
                select {place}, record_id, problem, {refuses} as refuses from {name} where problem is not null
            ) as b using ({place})
        """,
        )

    def _count(self) -> None:
        ask(
            self.session,
            f"""
            insert into door.counted
            select table_name, delivered_night, delivered_file, count(*)
            from door.{self.form.name} group by all
        """,
        )

    def _remember_repeats(self, name: str) -> None:
        """Keeps the raw text of rows whose key was seen before: only such a row can turn out to be a duplicate."""
        form, key = quoted(self.form.name), key_of(self.form)
        ask(self.session, f"insert into door.seen select {form}, hash({key}) from {name} where problem is null")
        ask(
            self.session,
            f"""
            insert into door.repeats
            select {form}, {", ".join(f"d.{column}" for column in PLACE)}, d.raw
            from door.{self.form.name} as d
            inner join (
                select {", ".join(PLACE)} from {name} as i
                semi join (
                    select s.record_hash from door.seen as s
                    semi join (select hash({key}) as record_hash from {name}) as mine using (record_hash)
                    where s.form = {form} group by s.record_hash having count(*) > 1
                ) as repeated on repeated.record_hash = hash({key})
                where problem is null
            ) as again using ({", ".join(PLACE)})
            """,
        )

    def _write(self, name: str) -> None:
        """Writes the good rows as the table's next part; the first one also where there are none."""
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / f"{self.run.night}-{len(self.parts):05d}.parquet"
        columns = [c for c in self._columns(name) if c not in _HELPERS and not c.endswith("_unread")]
        ask(self.session, f"alter table {name} rename to {self._written.partition('.')[2]}")
        sql = f"""
            copy (select {", ".join(f'"{column}"' for column in columns)} from {self._written} where problem is null)
            to {quoted(path)} (format parquet, compression zstd, row_group_size {_SHORTEST_ROW_GROUP})
        """
        background = ThreadPoolExecutor(max_workers=1, thread_name_prefix="part")
        self._writing = background.submit(_write, self.session.connection.cursor(), sql, path)
        background.shutdown(wait=False)
        self._parts.append(path)

    @property
    def _written(self) -> str:
        """The table of which a part is being written."""
        return f"ingest.{self.form.name}_written"

    def _columns(self, name: str) -> list[str]:
        return [row[0] for row in ask(self.session, f"describe {name}")]


def _write(cursor: "DuckDBPyConnection", sql: str, path: Path) -> None:
    cursor.execute(sql)
    cursor.close()
    path.chmod(0o600)


def _reasons(form: Form, frame: Any, suite: Sequence[Any], checked: Sequence[quality.Checked]) -> dict[int, str]:
    """The first rule that each failed row fails, by the row's position."""
    first: dict[int, str] = {}
    for expectation, one in zip(suite, checked, strict=True):
        rule = str((expectation.meta or {})["rule"])
        for position in one.rows:
            first.setdefault(position, f"{rule}: {_told(form, frame, expectation, position)}")
    return dict(sorted(first.items()))


def _told(form: Form, frame: Any, expectation: Any, position: int) -> str:
    """What is wrong. Text is not repeated: where columns have shifted it may be anybody's name."""
    column = getattr(expectation, "column_B", None) or expectation.column
    value = frame[column].iloc[position]
    if not isinstance(value, str):
        return f"{column} is {value}"
    return f"{column} is not among the known ones{_named(form, column, expectation)}"


def _named(form: Form, column: str, expectation: Any) -> str:
    """The known ones, where they are few, and the setting that tells what others mean."""
    known = getattr(expectation, "value_set", None) or ()
    if not 0 < len(known) <= _MOST_NAMED:
        return ""
    return f" ({', '.join(known)}); sources.{form.source}.values.{form.table}.{column} tells what others mean"
