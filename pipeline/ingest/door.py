"""The ingest door: delivered files of every format become rows of text in one scratch table, door.<table>.

A row of door.<table> is one delivered record: where it came from, its raw text, why it cannot be read (`broken`,
null: it can), the form's columns as text (a CSV cell without the space around it), and the unknown columns as a JSON
object (`unmapped`). This is the one place that reads raw text; what it means is said in sql/ingest/<table>.sql.
"""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.errors import DeliveryError
from pipeline.ingest import conventions, values, vendor
from pipeline.sources import csv_door, json_door, parquet_door
from pipeline.sources.column_maps import CONSENTS
from pipeline.sources.encodings import UTF8
from pipeline.sources.forms import JSON_COLUMNS, Form
from pipeline.sources.likeness import nearest, told
from pipeline.sources.vendors import Route
from pipeline.warehouse import Session, quoted

if TYPE_CHECKING:
    import pyarrow as pa

SLAB_ROWS = 400_000
SLAB_BYTES = 128 << 20  # of a slab as it is read; the next one is read meanwhile
DOOR_BYTES = 128 << 20  # of what is taken in at once, as it was read
SHOWN_BYTES = 24 << 20  # a slab of so many is not copied where nobody changes its rows
FILE_FAULTS = ("missing_column", "no_header", "truncated", "not_parquet")
_PLACE = "table_name varchar, delivered_night date, delivered_file varchar, delivered_line bigint"
Keep = Callable[["pa.RecordBatch"], "pa.RecordBatch"]
_ELEMENT = r"regexp_replace(regexp_replace(raw, '^[\[,\s]+', ''), '[\],\s]+$', '')"
_NUL = r"contains(text, '\u0000') and regexp_matches(text, '(^|[^\\])(\\\\)*\\u0000')"
_KEPT = "broken varchar, raw varchar, unmapped varchar"


def ask(session: Session, sql: str, params: list[object] | None = None) -> list[tuple[Any, ...]]:
    """Runs a statement to its end and returns its rows: a result left open would block what comes after it."""
    done = session.connection.execute(sql, params) if params else session.connection.execute(sql)
    return list(done.fetchall())


@dataclass(frozen=True)
class Arrival:
    """One landed file that is to be taken in. `label` tells it from all others of its night and table in ingest."""

    route: Route
    table: str
    night: str
    file: str
    path: Path

    @property
    def form(self) -> Form:
        """The table of the canonical form that it becomes."""
        return self.route.form

    @property
    def shown(self) -> str:
        """What the log calls it."""
        return f"{self.form.source}/{self.table}/{self.night}/{self.file}"

    @property
    def is_as_read(self) -> bool:
        """Whether its source writes it as all models read it."""
        return self.route.conventions.are_usual(self.table)

    @property
    def label(self) -> str:
        """Partners, and the tables of vendors, share one table in ingest: their files carry their folder's name."""
        return self.form.label(self.table, self.file)


@dataclass
class Door:
    """Fills door.<table> file by file. rows, bytes: of what stands in it; blank lines count where it is a view.

    Of vendors' tables: what an amount is in where they do not say it, and by which night what they name must be known.
    is_final: nobody changes what stands in it, so that door.<table> may be a view of one large slab (is_shown). is_due:
    what stands in it has to be taken in before anything else is.
    """

    session: Session
    form: Form
    rows: int = 0
    bytes: int = 0
    currency: str = ""
    known_night: str = ""
    is_final: bool = False
    is_shown: bool = False
    is_due: bool = False

    def clear(self) -> None:
        """Empties the scratch table."""
        columns = ", ".join(f'"{column.name}" varchar' for column in self.form.columns)
        ask(self.session, "create schema if not exists door")
        self.session.make_room(f"door.{self.form.name}")
        ask(self.session, f"create table door.{self.form.name} ({_PLACE}, {_KEPT}, {columns})")
        if self.is_shown:
            self.session.connection.unregister("slab")
        self.rows, self.bytes, self.is_shown, self.is_due = 0, 0, False, False

    @property
    def is_full(self) -> bool:
        """Whether what stands in it should be taken in now: memory holds so much, however large the files are."""
        return self.is_due or self.rows >= SLAB_ROWS or self.bytes >= DOOR_BYTES

    def slabs(self, arrival: Arrival, keep: Keep | None = None) -> Iterator[int]:
        """Takes a file in, or what `keep` keeps of it, a slab of rows at a time; yields each slab's number of rows.

        A file that cannot be read at all becomes one row at line 0 that says why.
        """
        is_raw = self.form == arrival.route.raw()
        taken = self._whole(arrival, keep) if is_raw else self._translated(arrival, keep)
        if self.form != arrival.form or arrival.route.vendor or arrival.is_as_read:
            yield from taken
            return
        last = conventions.last_row(self.session, self.form)
        for count in taken:
            self._read_as_written(arrival, last)
            yield count
            last = conventions.last_row(self.session, self.form)

    def _read_as_written(self, arrival: Arrival, last: int) -> None:
        how, ending = arrival.route.conventions, ending_of(arrival.file)
        values.translate(self.session, self.form, arrival.table, how, last)
        if odd := conventions.translate(self.session, self.form, how, ending, last):
            self.session.log(f"warning: {arrival.shown}: {odd}")

    def _whole(self, arrival: Arrival, keep: Keep | None) -> Iterator[int]:
        try:
            yield from self._slabs(arrival, keep)
        except DeliveryError as error:
            yield self._fault(arrival, error)

    def _translated(self, arrival: Arrival, keep: Keep | None) -> Iterator[int]:
        """A file in a vendor's form is read as it is, and then put into the canonical form slab by slab."""
        vendor.know_nothing(self.session, arrival.form.source)
        inner = Door(self.session, arrival.route.raw())
        inner.clear()
        for _ in inner.slabs(arrival, keep):
            count = vendor.translate(self.session, arrival.route, self.currency, self.known_night)
            self.rows += count
            self.bytes += inner.bytes
            inner.clear()
            yield count

    def _slabs(self, arrival: Arrival, keep: Keep | None) -> Iterator[int]:
        ending, how = ending_of(arrival.file), arrival.route.conventions
        guessed: list[str] = []
        may_show = self.is_final and keep is None and arrival.is_as_read and ending != ".parquet"
        if ending == ".parquet":
            lacks = _lack(arrival, parquet_door.columns(arrival.path, how)).told
            rows = parquet_door.batches(arrival.path)
            select = self._json_select(arrival, "to_json(row)::varchar", "null::varchar", lacks)
        elif ending in (".csv", ".tsv"):
            marks = csv_door.TAB if ending == ".tsv" else csv_door.COMMA
            opened = csv_door.opened(arrival.path, arrival.file, marks, arrival.route.header(ending), how)
            lack, guessed = _lack(arrival, set(opened.header)), opened.guessed
            rows = opened.batches(is_headless=lack.is_headless)
            select = self._csv_select(arrival, opened.header, lack.told)
        else:
            document = json_door.opened(arrival.path, arrival.file, how)
            rows, guessed = document.batches, document.guessed
            select = self._json_select(arrival, "raw", "broken", None, _ELEMENT if document.has_signs else "raw")
        for slab in _grouped(map(keep, rows) if keep else rows):
            if may_show and _size(slab) >= SHOWN_BYTES:
                yield from self._show(slab, select)
            else:
                yield self._insert(slab, select)
        if guessed and keep is None:
            self.session.log(f"warning: {arrival.shown} {_other_encoding(arrival, guessed[0])}")

    def _insert(self, slab: list["pa.RecordBatch"], select: str) -> int:
        import pyarrow as pa

        connection = self.session.connection
        before = self.rows
        connection.register("slab", pa.Table.from_batches(slab))
        try:
            self.rows += ask(self.session, f"insert into door.{self.form.name} {select}")[0][0]
        finally:
            connection.unregister("slab")
        self.bytes += _size(slab)
        return self.rows - before

    def _show(self, slab: list["pa.RecordBatch"], select: str) -> Iterator[int]:
        """Makes door.<table> a view of the slab, once what stands in it was taken in: text is taken apart where its
        model reads it, and kept once."""
        import pyarrow as pa

        self.is_due = True
        if self.rows:
            yield 0
        rows = f"door.{self.form.name}"
        self.session.connection.register("slab", pa.Table.from_batches(slab))
        names = [name for (name,) in ask(self.session, f"select column_name from (describe {rows})")]
        self.session.make_room(rows)
        listed = ", ".join(f'"{name}"' for name in names)
        ask(self.session, f"create view {rows} ({listed}) as {select}")
        self.is_shown, self.is_due, self.rows = True, True, sum(batch.num_rows for batch in slab)
        yield self.rows

    def _fault(self, arrival: Arrival, error: DeliveryError) -> int:
        code = "not_parquet" if ending_of(arrival.file) == ".parquet" else "no_header"
        nulls = ", ".join(["null"] * len(self.form.columns))
        reason = quoted(f"{code}: {error.what}")
        ask(
            self.session,
            f"insert into door.{self.form.name} select {_place(arrival, '0')}, {reason}, '', null, {nulls}",
        )
        self.rows += 1
        return 1

    def _csv_select(self, arrival: Arrival, header: list[str], lacks: str | None) -> str:
        at = {name: f"c{position}" for position, name in enumerate(header)}
        mapped = {c.name: next((n for n in (c.path, c.name) if n in at), None) for c in self.form.columns}
        columns = ", ".join(_text(key, f"trim({at[name]})") if name else "null" for key, name in mapped.items())
        extra = [name for name in header if name and name not in mapped.values()]
        pairs = ", ".join(f"{quoted(name)}, {at[name]}" for name in sorted(extra))
        unmapped = f"json_object({pairs})::varchar" if extra else "null"
        broken = _refused("broken", lacks)
        return f"select {_place(arrival, 'line')}, {broken}, raw, {unmapped}, {columns} from slab"

    def _json_select(self, arrival: Arrival, raw: str, broken: str, lacks: str | None, text: str = "raw") -> str:
        """text: SQL of the JSON object in a raw text."""
        parents = [c.path for c in self.form.columns if c.name in JSON_COLUMNS]
        inner = {p: [c.path for c in self.form.columns if c.path.startswith(f"{p}.")] for p in parents}
        within = {path: number for number, paths in enumerate(inner.values()) for path in paths}
        every = [c.path for c in self.form.columns]
        above = {path for path in every if any(other.startswith(f"{path}.") for other in every)} - {*parents, *within}
        outer = [path for path in every if path not in within and path not in above]
        values = {path: _whole(path) if path in above else _dotted(path, within) for path in every}
        columns = ", ".join(_text(c.name, values[c.path]) for c in self.form.columns)
        opened = "".join(
            f", json_transform({_text(parent, _dotted(parent, {}))}, {_structure(paths, parent)}) as inner{number}"
            for number, (parent, paths) in enumerate(inner.items())
            if paths
        )
        nul = f"when {_NUL} then {quoted('unreadable: a NUL character')}"
        reason = _refused(f"coalesce(broken, case when not ok then {quoted(json_door.BROKEN)} {nul} end)", lacks)
        tops = sorted({_names(column.path)[0] for column in self.form.columns})
        known, without = ", ".join(map(quoted, tops)), quoted(json.dumps(dict.fromkeys(tops)))
        return f"""
            with given as (select line, {raw} as raw, {broken} as broken from slab),
            told as (select *, {text} as text from given),
            judged as (
                select *, coalesce(json_valid(text), false) and (
                    case when starts_with(text, '{{') then true else left(ltrim(text), 1) = '{{' end) as ok
                from told
            ),
            outer_values as (
                select line, raw, text, broken, ok,
                    case when ok then json_transform(text, {_structure(outer, "")}) end as outer_,
                    case when ok then list_filter(json_keys(text), lambda k: k not in ({known})) end as extra
                from judged where broken is not null or regexp_matches(raw, '\\S')
            ),
            all_values as (select *{opened} from outer_values)
            select {_place(arrival, "line")}, {reason}, raw,
                case when len(extra) > 0 then json_merge_patch(text, {without})::varchar end, {columns}
            from all_values"""


def _structure(paths: list[str], above: str) -> str:
    """The texts to take out of a JSON object, as json_transform wants them told."""
    tree: dict[str, Any] = {}
    for path in paths:
        *parents, last = _names(path.removeprefix(f"{above}."))
        branch = tree
        for parent in parents:
            branch = branch.setdefault(parent, {})
        branch[last] = "VARCHAR"
    return quoted(json.dumps(tree))


def _whole(path: str) -> str:
    """The text of a value that may be an object, of which another column is a part."""
    pointer = "".join(f"/{name.replace('~', '~0').replace('/', '~1')}" for name in _names(path))
    return f"json_extract_string(case when ok then text end, {quoted(pointer)})"


def _dotted(path: str, within: dict[str, int]) -> str:
    """Where a path's text lies: in the values of the object, or of the JSON column that it is within."""
    names = ['"' + name.replace('"', '""') + '"' for name in _names(path)]
    return ".".join([f"inner{within[path]}", *names[1:]] if path in within else ["outer_", *names])


def _names(path: str) -> list[str]:
    """The names that lead to a value; dots that part nothing are part of a name."""
    names = path.split(".")
    return names if all(names) else [path]


def _text(name: str, value: str) -> str:
    """A column's text, null where it is empty; what must be JSON is JSON."""
    text = f"nullif({value}, '')"
    if name not in JSON_COLUMNS:
        return text
    return f"case when json_valid({text}) then {text} else to_json({text})::varchar end"


@dataclass(frozen=True)
class _Lack:
    """What a file's columns leave out. is_headless: nothing resembles a column, as where a first record is the header.
    told: the required columns that it lacks and those that may be meant; None where it lacks none.
    """

    told: str | None
    is_headless: bool


def _lack(arrival: Arrival, delivered: set[str]) -> _Lack:
    form = arrival.route.raw()
    known = {name for column in form.columns for name in (column.path, column.name)}
    lacks = form.lacking(delivered) or _renamed_consent(form, delivered, delivered - known)
    if lacks is None:
        return _Lack(None, False)
    like = [(path, nearest(path, delivered - known)) for path in lacks.split(", ")]
    alike = [f"{told(name)} for {path}" for path, name in like if name]
    is_wide = arrival.route.columns is not None and arrival.route.columns.is_wide
    has_header = is_wide and not any(name[:1].isdigit() for name in delivered)
    if not alike and not known & delivered and not has_header:
        return _Lack(f"{lacks}, nor any other that is known: has it a header line?", True)
    way = "" if arrival.route.vendor else f": then map it in sources.{form.source}.columns"
    return _Lack(lacks + (f" (perhaps {', '.join(alike)}{way})" if alike else ""), False)


def _renamed_consent(form: Form, delivered: set[str], unknown: set[str]) -> str | None:
    """A consent that a file seems to give under another name: without it, who refused would be taken to agree."""
    absent = (c.path for c in form.columns if c.name in CONSENTS and not {c.path, c.name} & delivered)
    return next((path for path in absent if nearest(path, unknown)), None)


def _other_encoding(arrival: Arrival, found: str) -> str:
    """What is said of a file in an encoding that nothing but its text told."""
    if found == UTF8:
        told = f"sources.{arrival.form.source}.encoding is {arrival.route.conventions.encoding}"
        return f"is UTF-8 without a flaw, and read so, though {told}"
    return f"is no UTF-8; read as {found}, which alone fits it"


def _refused(broken: str, lacks: str | None) -> str:
    return quoted(f"missing_column: the file has no column {lacks}") if lacks else broken


def _place(arrival: Arrival, line: str) -> str:
    return f"{quoted(arrival.table)}, date {quoted(arrival.night)}, {quoted(arrival.label)}, {line}"


def ending_of(name: str) -> str:
    """What tells a file's format: the ending of its name, without that of its packing."""
    path = Path(name.lower())
    return Path(path.stem).suffix if path.suffix in (".gz", ".zst") else path.suffix


def _grouped(batches: Iterator["pa.RecordBatch"]) -> Iterator[list["pa.RecordBatch"]]:
    """Batches in slabs. The next slab is read in the background while the one before is worked on."""
    with ThreadPoolExecutor(max_workers=1) as background:
        ahead = background.submit(_next_slab, batches)
        while slab := ahead.result():
            ahead = background.submit(_next_slab, batches)
            yield slab


def _next_slab(batches: Iterator["pa.RecordBatch"]) -> list["pa.RecordBatch"]:
    held: list[Any] = []
    rows = size = 0
    for batch in batches:
        held.append(batch)
        rows += batch.num_rows
        size += batch.get_total_buffer_size()
        if rows >= SLAB_ROWS or size >= SLAB_BYTES:
            break
    return held


def _size(slab: list["pa.RecordBatch"]) -> int:
    return sum(batch.get_total_buffer_size() for batch in slab)
