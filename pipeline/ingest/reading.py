"""Landed files as slabs of Arrow: read in the background, one slab ahead, past a file's end into the next file."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.errors import DeliveryError
from pipeline.sources import csv_door, json_door, parquet_door
from pipeline.sources.column_maps import CONSENTS
from pipeline.sources.encodings import UTF8
from pipeline.sources.forms import Form
from pipeline.sources.likeness import nearest, told
from pipeline.sources.vendors import Route

if TYPE_CHECKING:
    import pyarrow as pa

SLAB_ROWS = 400_000
SLAB_BYTES = 72 << 20  # of a slab as it is read
_MARKS = {".csv": csv_door.COMMA, ".tsv": csv_door.TAB}
Keep = Callable[["pa.RecordBatch"], "pa.RecordBatch"]


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

    @property
    def ending(self) -> str:
        """What tells its format."""
        return ending_of(self.file)


@dataclass(frozen=True)
class File:
    """A file whose columns were looked at.

    rows: batches of its records, once: those of csv_door, json_door or parquet_door. header: of CSV. has_signs: JSON
    texts stand with what parts them. lacks: the required columns that it lacks, if any. guessed: once it was read, the
    encoding that nothing but its text told.
    """

    arrival: Arrival
    rows: Iterator["pa.RecordBatch"]
    lacks: str | None = None
    header: list[str] = field(default_factory=list)
    has_signs: bool = False
    guessed: list[str] = field(default_factory=list)

    def told_encoding(self) -> str:
        """What is said of an encoding that nothing but the file's text told; '' where there is nothing to say."""
        if not self.guessed:
            return ""
        if self.guessed[0] == UTF8:
            told_ = f"sources.{self.arrival.form.source}.encoding is {self.arrival.route.conventions.encoding}"
            return f"is UTF-8 without a flaw, and read so, though {told_}"
        return f"is no UTF-8; read as {self.guessed[0]}, which alone fits it"


@dataclass(frozen=True)
class Slab:
    """Some of a file's records, in their order; typed: as the model of their table types them, if that is known."""

    file: File
    batches: "list[pa.RecordBatch]"
    typed: "pa.Table | None" = None

    @property
    def rows(self) -> int:
        """Its records, blank lines among them."""
        return sum(batch.num_rows for batch in self.batches)

    @property
    def bytes(self) -> int:
        """What it takes up in memory."""
        return sum(batch.get_total_buffer_size() for batch in self.batches)


Typed = Callable[[Slab], "pa.Table | None"]
_Read = tuple[Arrival, Slab | DeliveryError]


class Reader:
    """Reads files in the given order, within a `with` block.

    typed: gives a slab's rows as their model types them, or None; it is done in the background, too, and meanwhile the
    slab after it is read.
    """

    def __init__(self, arrivals: Sequence[Arrival], keep: Keep | None = None, typed: Typed | None = None) -> None:
        self.arrivals, self._typed = arrivals, typed
        self._every = _slabs(arrivals, keep)
        self._reading, self._typing = ThreadPoolExecutor(1, "reader"), ThreadPoolExecutor(1, "typist")
        self._ahead = deque(self._next() for _ in range(2 if typed else 1))

    def __enter__(self) -> "Reader":
        return self

    def __exit__(self, *_: object) -> None:
        self._reading.shutdown(cancel_futures=True)
        self._typing.shutdown(cancel_futures=True)

    def slabs(self, arrival: Arrival) -> Iterator[Slab]:
        """The slabs of the next file, which has to be this one: at least one, without rows where it has none.

        Raises DeliveryError where the file cannot be read, or no further.
        """
        if (found := self._ahead[0].result()) is None or found[0] is not arrival:
            raise ValueError(f"{arrival.shown} is not the next file")
        while found is not None and found[0] is arrival:
            self._ahead.popleft()
            self._ahead.append(self._next())
            if isinstance(found[1], DeliveryError):
                raise found[1]
            yield found[1]
            found = self._ahead[0].result()

    def _next(self) -> "Future[_Read | None]":
        read = self._reading.submit(next, self._every, None)
        return self._typing.submit(self._with_types, read, self._typed) if self._typed else read

    @staticmethod
    def _with_types(read: "Future[_Read | None]", typed: Typed) -> "_Read | None":
        found = read.result()
        if found is None or isinstance(found[1], DeliveryError):
            return found
        return found[0], replace(found[1], typed=typed(found[1]))


def opened(arrival: Arrival) -> File:
    """The file, with its columns looked at; raises DeliveryError where it cannot be read at all."""
    how = arrival.route.conventions
    if arrival.ending == ".parquet":
        lacks = _lack(arrival, parquet_door.columns(arrival.path, how)).told
        return File(arrival, parquet_door.batches(arrival.path), lacks)
    if marks := _MARKS.get(arrival.ending):
        file = csv_door.opened(arrival.path, arrival.file, marks, arrival.route.header(arrival.ending), how)
        lack = _lack(arrival, set(file.header))
        rows = file.batches(is_headless=lack.is_headless)
        return File(arrival, rows, lack.told, file.header, guessed=file.guessed)
    document = json_door.opened(arrival.path, arrival.file, how)
    return File(arrival, document.batches, has_signs=document.has_signs, guessed=document.guessed)


def ending_of(name: str) -> str:
    """What tells a file's format: the ending of its name, without that of its packing."""
    path = Path(name.lower())
    return Path(path.stem).suffix if path.suffix in (".gz", ".zst") else path.suffix


def _slabs(arrivals: Iterable[Arrival], keep: Keep | None) -> Iterator[_Read]:
    for arrival in arrivals:
        try:
            file = opened(arrival)
            for batches in _grouped(map(keep, file.rows) if keep else file.rows):
                yield arrival, Slab(file, batches)
        except DeliveryError as error:
            yield arrival, error


def _grouped(batches: Iterator["pa.RecordBatch"]) -> Iterator[list["pa.RecordBatch"]]:
    """At least one group."""
    held: list[pa.RecordBatch] = []
    rows, size, is_first = 0, 0, True
    for batch in batches:
        held.append(batch)
        rows += batch.num_rows
        size += batch.get_total_buffer_size()
        if rows >= SLAB_ROWS or size >= SLAB_BYTES:
            yield held
            held, rows, size, is_first = [], 0, 0, False
    if held or is_first:
        yield held


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
