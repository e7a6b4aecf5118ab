"""The rows of large slabs are typed in the background, in a database of their own, while the slab before is judged."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from pipeline.context import Run
from pipeline.ingest import selects
from pipeline.ingest.door import may_be_shown
from pipeline.ingest.reading import Slab
from pipeline.ingest.rows import params_of
from pipeline.warehouse import Session, read_model

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa


@dataclass
class Ahead:
    """Of one source, for one thread. What it types is what Rows would type in its turn."""

    run: Run
    session: Session

    @cached_property
    def _connection(self) -> "duckdb.DuckDBPyConnection":
        connection = self.session.another()
        connection.execute("create schema door")
        return connection

    def typed(self, slab: Slab) -> "pa.Table | None":
        """The slab's rows as their table's model types them; None where they may be changed before that."""
        import pyarrow as pa

        form = slab.file.arrival.form
        if not may_be_shown(slab):
            return None
        self._connection.register("slab", pa.Table.from_batches(slab.batches))
        try:
            self._connection.execute(selects.view(form, slab.file))
            return read_model(f"ingest.{form.name}").rows(self._connection, params_of(self.run))
        finally:
            self._connection.unregister("slab")
