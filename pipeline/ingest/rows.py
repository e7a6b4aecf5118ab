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
from pipeline.ingest.door import FILE_FAULTS, Door, ask
from pipeline.ingest.notes import Notes
from pipeline.sources.forms import Form
from pipeline.warehouse import Session, quoted

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

ISO_TIME = (
    r"^[1-9][0-9]{3}-[0-9]{2}-[0-9]{2}"
    r"([T ][0-9]{1,2}:[0-9]{2}(:[0-9]{2}([.][0-9]+)?)?( UTC|Z|[+-][0-9]{2}(:?[0-9]{2})?)?)?$"
)
NUMBER = r"^[+-]?([0-9]{1,15}([.][0-9]*)?|[.][0-9]+)([eE][+-]?[0-9]{1,2})?$"
PLACE = ("delivered_night", "delivered_file", "delivered_line")
_HELPERS = ("latest_at", "record_id", "problem")
_ROW_GROUP, _FEW = 122_880, 500
_MOST_NAMED = 10


def key_of(form: Form) -> str:
    """A SQL expression of a record's key as one text."""
    return "concat_ws(chr(31), " + ", ".join(f"coalesce(cast({name} as varchar), '')" for name in form.key) + ")"


def params_of(run: Run) -> dict[str, object]:
    """The parameters of the models of schema ingest."""
    default = run.settings.consent_analytics_default
    return {"iso_time": ISO_TIME, "number": NUMBER, "consent_analytics_default": default}


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
        create table door.again (form varchar, record_hash ubigint);
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

    def take(self, door: Door, *, counts: bool = True) -> None:
        """Takes in what stands in door.<table>. counts: they arrived now, and may stop the night."""
        name = f"ingest.{self.form.name}"
        typed = door.typed
        if typed is None:
            typed = self.session.computed(name, **params_of(self.run))
        with self.session.shown(name, typed):
            self.notes.take(name)
            if counts:
                self._stop_on_broken_files(name)
        typed = self._checked(name, typed)
        with self.session.shown(name, typed):
            self._find_repeated(name)
            door.narrow(self._looked_up(name))
            self._refuse(name)
            if counts:
                self._count(name)
            self._keep_repeats()
        self._write(typed)

    def _stop_on_broken_files(self, name: str) -> None:
        stop = self.run.settings.sources[self.form.source].missing == "stop"
        is_fault = f"split_part(problem, ':', 1) in ({', '.join(map(quoted, FILE_FAULTS))})"
        found = ask(
            self.session,
            f"select distinct {self.form.folder_sql()}, {', '.join(PLACE[:2])}, problem from {name} where {is_fault}"
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
            if (warning := f"warning: {where}: {reason}") not in self.session.messages:
                self.session.log(warning)

    @cached_property
    def suite(self) -> list[Any]:
        """The table's row expectations."""
        return quality.expectations_of("ingest", self.run)[self.form.name]

    def _checked(self, name: str, typed: "pa.Table") -> "pa.Table":
        """The rows, of which those that fail a row expectation have its rule as their problem."""
        import numpy as np
        import pyarrow as pa
        import pyarrow.compute as pc

        columns, good = quality.columns_of(self.suite), _good(typed)
        frame = typed.select(columns).filter(good).to_pandas()
        if frame.empty:
            return typed
        reasons = _reasons(self.form, frame, self.suite, self._counted(quality.validate(name, frame, self.suite)))
        if not reasons:
            return typed
        failed = np.zeros(typed.num_rows, bool)
        failed[np.flatnonzero(good)[list(reasons)]] = True
        told = typed["problem"].combine_chunks()
        told = pc.replace_with_mask(told, failed, pa.array(list(reasons.values()), pa.string()))
        return typed.set_column(typed.column_names.index("problem"), "problem", told)

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
        is_told = self.form.name == "customers"
        refuses = "record_id <> '' and consent_analytics = false" if is_told else "false"
        ask(
            self.session,
            f"""
            insert into door.refused
            select d.table_name, {", ".join(f"d.{column}" for column in PLACE)}, b.record_id, b.problem, d.raw,
                {"b.refuses and d.broken is null" if is_told else "false"}
            from door.{self.form.name} as d
            inner join (
                select {place}, record_id, problem, {refuses} as refuses from {name} where problem is not null
            ) as b using ({place})
        """,
        )

    def _count(self, name: str) -> None:
        ask(
            self.session,
            f"""
            insert into door.counted
            select {self.form.folder_sql()}, delivered_night, delivered_file, count(*) from {name} group by all
        """,
        )

    def _find_repeated(self, name: str) -> None:
        """Makes door.mine, the good rows by their keys, and of these door.repeated, those that were seen before."""
        form, place = quoted(self.form.name), ", ".join(PLACE)
        good = f"select hash({key_of(self.form)}) as record_hash, {place} from {name} where problem is null"
        ask(self.session, f"create or replace table door.mine as {good}")
        ask(
            self.session,
            f"""
            create or replace table door.repeated as
            select record_hash from door.mine group by record_hash having count(*) > 1
            union
            select m.record_hash
            from door.mine as m semi join door.seen as s on s.record_hash = m.record_hash and s.form = {form}
            """,
        )
        ask(self.session, f"insert into door.seen select {form}, record_hash from door.mine")
        ask(self.session, f"insert into door.again select {form}, record_hash from door.repeated")

    def _looked_up(self, name: str) -> "pa.ChunkedArray":
        """The lines of rows whose raw text is kept."""
        bad = f"select delivered_line from {name} where problem is not null"
        repeated = "select delivered_line from door.mine semi join door.repeated using (record_hash)"
        return self.session.arrow(f"({bad} union all {repeated}) as found")["delivered_line"]

    def _keep_repeats(self) -> None:
        """Keeps the raw text of rows whose key was seen before: only such a row can turn out to be a duplicate."""
        ask(
            self.session,
            f"""
            insert into door.repeats
            select {quoted(self.form.name)}, {", ".join(f"d.{column}" for column in PLACE)}, d.raw
            from door.{self.form.name} as d
            inner join (select {", ".join(PLACE)} from door.mine semi join door.repeated using (record_hash)) as mine
                using ({", ".join(PLACE)})
            """,
        )

    def _write(self, typed: "pa.Table") -> None:
        """Writes the good rows as the table's next part; the first one also where there are none."""
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / f"{self.run.night}-{len(self.parts):05d}.parquet"
        background = ThreadPoolExecutor(max_workers=1, thread_name_prefix="part")
        self._writing = background.submit(_write, typed, path, self.form.key)
        background.shutdown(wait=False)
        self._parts.append(path)


def _good(typed: "pa.Table") -> "NDArray[np.bool_]":
    import pyarrow.compute as pc

    good: NDArray[np.bool_] = pc.is_null(typed["problem"]).to_numpy()
    return good


def _write(typed: "pa.Table", path: Path, key: Sequence[str]) -> None:
    from pyarrow import parquet

    good, columns = _good(typed), [c for c in typed.column_names if c not in _HELPERS and not c.endswith("_unread")]
    kept = typed.select(columns)
    with parquet.ParquetWriter(path, kept.schema, **_encoded(kept.schema, key)) as part:
        for start in range(0, typed.num_rows, _ROW_GROUP):
            rows = slice(start, start + _ROW_GROUP)
            part.write_table(_only(kept[rows], good[rows]))
    path.chmod(0o600)


def _encoded(schema: "pa.Schema", key: Sequence[str]) -> dict[str, Any]:
    """How a part is encoded: numbers and times, which rise, as differences; no dictionary of what hardly repeats."""
    import pyarrow as pa

    rising = [each.name for each in schema if pa.types.is_timestamp(each.type) or pa.types.is_integer(each.type)]
    return {
        "compression": "zstd",
        "column_encoding": dict.fromkeys(rising, "DELTA_BINARY_PACKED"),
        "use_dictionary": [each.name for each in schema if each.name not in {*rising, *key}],
        "write_statistics": [each.name for each in schema if not pa.types.is_string(each.type)],
    }


def _only(rows: "pa.Table", wanted: "NDArray[np.bool_]") -> "pa.Table":
    """The wanted rows: where few are not, the others as they lie in memory."""
    import numpy as np
    import pyarrow as pa

    if not wanted.any() or (~wanted).sum() > len(rows) / _FEW:
        return rows.filter(wanted)
    edges = np.flatnonzero(np.diff(wanted, prepend=False, append=False)).reshape(-1, 2).tolist()
    return pa.concat_tables([rows[first:last] for first, last in edges])


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
