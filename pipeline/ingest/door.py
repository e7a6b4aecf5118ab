"""The ingest door: delivered files of every format become rows of text in one scratch table, door.<table>.

A row of door.<table> is one delivered record: where it came from, its raw text, why it cannot be read (`broken`,
null: it can), the form's columns as text (a CSV cell without the space around it), and the unknown columns as a JSON
object (`unmapped`). This is the one place that reads raw text; what it means is said in sql/ingest/<table>.sql.
"""

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipeline.errors import DeliveryError
from pipeline.ingest import conventions, selects, values, vendor
from pipeline.ingest.reading import SLAB_ROWS, Arrival, Keep, Reader, Slab
from pipeline.sources.forms import Form
from pipeline.warehouse import Session, quoted

if TYPE_CHECKING:
    import pyarrow as pa

DOOR_BYTES = 128 << 20  # of what is taken in at once, as it was read
SHOWN_BYTES = 24 << 20  # a slab of so many is not copied where nobody changes its rows
FILE_FAULTS = ("missing_column", "no_header", "truncated", "not_parquet")


def ask(session: Session, sql: str, params: list[object] | None = None) -> list[tuple[Any, ...]]:
    """Runs a statement to its end and returns its rows: a result left open would block what comes after it."""
    done = session.connection.execute(sql, params) if params else session.connection.execute(sql)
    return list(done.fetchall())


def may_be_shown(slab: Slab) -> bool:
    """Whether a slab is large, and its texts are what the models read: no table need hold them."""
    arrival = slab.file.arrival
    is_plain = arrival.is_as_read and arrival.ending != ".parquet" and arrival.route.raw() == arrival.form
    return is_plain and slab.bytes >= SHOWN_BYTES


@dataclass
class Door:
    """Fills door.<table> file by file. rows, bytes: of what stands in it; blank lines count where it is a view.

    Of vendors' tables: what an amount is in where they do not say it, and by which night what they name must be known.
    reader: of the whole files that come next; without one a file is read when its turn comes. is_final: nobody changes
    what stands in it, so that door.<table> may be a view of one large slab, of which `typed` has the rows as its
    model types them, where they are known. is_due: what stands in it has to be taken in before anything else is.
    """

    session: Session
    form: Form
    currency: Callable[[], str] = str
    reader: Reader | None = None
    known_night: str = ""
    rows: int = 0
    bytes: int = 0
    is_final: bool = False
    is_due: bool = False
    typed: "pa.Table | None" = None
    _slab: "pa.Table | None" = None

    def clear(self) -> None:
        """Empties the scratch table."""
        ask(self.session, "create schema if not exists door")
        self.session.make_room(f"door.{self.form.name}")
        columns = ", ".join(f'"{name}" {kind}' for name, kind in selects.columns_of(self.form).items())
        ask(self.session, f"create table door.{self.form.name} ({columns})")
        if self._slab is not None:
            self.session.connection.unregister("slab")
            self._slab = None
        self.rows, self.bytes, self.is_due, self.typed = 0, 0, False, None

    def narrow(self, lines: "pa.ChunkedArray") -> None:
        """Leaves these rows alone in door.<table>, where it is a view: texts of others are not looked up any more."""
        import pyarrow.compute as pc

        if self._slab is not None:
            self._slab = self._slab.filter(pc.is_in(self._slab["line"], lines))
            self.session.connection.register("slab", self._slab)

    @property
    def is_full(self) -> bool:
        """Whether what stands in it should be taken in now: memory holds so much, however large the files are."""
        return self.is_due or self.rows >= SLAB_ROWS or self.bytes >= DOOR_BYTES

    def slabs(self, arrival: Arrival, keep: Keep | None = None) -> Iterator[int]:
        """Takes a file in, or what `keep` keeps of it, a slab of rows at a time; yields each slab's number of rows.

        A file that cannot be read at all becomes one row at line 0 that says why.
        """
        is_raw = self.form == arrival.route.raw()
        taken = self._read(arrival, keep) if is_raw else self._translated(arrival, keep)
        if self.form != arrival.form or arrival.route.vendor or arrival.is_as_read:
            yield from taken
            return
        last = conventions.last_row(self.session, self.form)
        for count in taken:
            self._read_as_written(arrival, last)
            yield count
            last = conventions.last_row(self.session, self.form)

    def _read_as_written(self, arrival: Arrival, last: int) -> None:
        how = arrival.route.conventions
        values.translate(self.session, self.form, arrival.table, how, last)
        if odd := conventions.translate(self.session, self.form, how, arrival.ending, last):
            self.session.log(f"warning: {arrival.shown}: {odd}")

    def _translated(self, arrival: Arrival, keep: Keep | None) -> Iterator[int]:
        """A file in a vendor's form is read as it is, and then put into the canonical form slab by slab."""
        vendor.know_nothing(self.session, arrival.form.source)
        inner = Door(self.session, arrival.route.raw(), reader=self.reader)
        inner.clear()
        for _ in inner.slabs(arrival, keep):
            count = vendor.translate(self.session, arrival.route, self.currency(), self.known_night)
            self.rows += count
            self.bytes += inner.bytes
            inner.clear()
            yield count

    def _read(self, arrival: Arrival, keep: Keep | None) -> Iterator[int]:
        try:
            yield from self._slabs(arrival, keep)
        except DeliveryError as error:
            yield self._fault(arrival, error)

    def _slabs(self, arrival: Arrival, keep: Keep | None) -> Iterator[int]:
        is_whole, file = keep is None, None
        with nullcontext(self.reader) if self.reader and is_whole else Reader([arrival], keep) as reader:
            for slab in reader.slabs(arrival):
                file = slab.file
                if self.is_final and is_whole and may_be_shown(slab):
                    yield from self._show(slab)
                elif slab.rows:
                    yield self._insert(slab)
        if file and is_whole and (odd := file.told_encoding()):
            self.session.log(f"warning: {arrival.shown} {odd}")

    def _insert(self, slab: Slab) -> int:
        import pyarrow as pa

        connection = self.session.connection
        connection.register("slab", pa.Table.from_batches(slab.batches))
        try:
            rows = selects.select(self.form, slab.file)
            ((count,),) = ask(self.session, f"insert into door.{self.form.name} {rows}")
        finally:
            connection.unregister("slab")
        self.rows, self.bytes = self.rows + count, self.bytes + slab.bytes
        return int(count)

    def _show(self, slab: Slab) -> Iterator[int]:
        """Makes door.<table> a view of the slab, once what stands in it was taken in: text is taken apart where its
        model reads it, and kept once."""
        import pyarrow as pa

        self.is_due = True
        if self.rows:
            yield 0
        self._slab = pa.Table.from_batches(slab.batches)
        self.session.connection.register("slab", self._slab)
        self.session.make_room(f"door.{self.form.name}")
        ask(self.session, selects.view(self.form, slab.file))
        self.is_due, self.rows, self.typed = True, slab.rows, slab.typed
        yield self.rows

    def _fault(self, arrival: Arrival, error: DeliveryError) -> int:
        code = "not_parquet" if arrival.ending == ".parquet" else "no_header"
        nulls = ", ".join(["null"] * len(self.form.columns))
        reason = quoted(f"{code}: {error.what}")
        ask(
            self.session,
            f"insert into door.{self.form.name} select {selects.place(arrival, '0')}, {reason}, '', null, {nulls}",
        )
        self.rows += 1
        return 1
