"""Parquet deliveries, as Arrow: every row as one struct, numbered from 1.

A file that rows were erased from (sources/rewriting.py) notes their numbers, so that the others keep theirs.
"""

import json
from collections.abc import Iterator
from itertools import count, islice
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.errors import DeliveryError
from pipeline.sources.conventions import USUAL, Conventions
from pipeline.sources.lines import most_bytes, too_large

if TYPE_CHECKING:
    import pyarrow as pa

ERASED = b"landmark.erased"
_ROWS = 1 << 15


def columns(path: Path, how: Conventions = USUAL) -> set[str]:
    """The file's columns, those inside structs with dots; raises DeliveryError where it is not Parquet.

    Nor is it taken where its metadata tell of more bytes or rows than it may hold.
    """
    file = _opened(path)
    groups = (file.metadata.row_group(nth) for nth in range(file.metadata.num_row_groups))
    size = max(sum(group.total_byte_size for group in groups), file.metadata.num_rows)
    if size > (most := most_bytes(path, how)):
        raise DeliveryError(too_large(most), where=path.name, value=size)
    return set(_paths(file.schema_arrow, ""))


def batches(path: Path) -> Iterator["pa.RecordBatch"]:
    """Batches of (line, row); raises DeliveryError where the file is broken."""
    import pyarrow as pa

    file, gone = _opened(path), erased(path)
    numbers = (number for number in count(1) if number not in gone)
    try:
        for batch in file.iter_batches(batch_size=_ROWS):
            batch.validate(full=True)
            line = pa.array(islice(numbers, batch.num_rows), pa.int64())
            yield pa.record_batch([line, batch.to_struct_array()], names=["line", "row"])
    except (OSError, ValueError) as error:
        raise _not_parquet(path, error) from error


def erased(path: Path) -> set[int]:
    """The numbers of the rows that were erased from the file; raises DeliveryError where it is not Parquet."""
    try:
        noted = json.loads((_opened(path).schema_arrow.metadata or {}).get(ERASED, b"[]"))
    except ValueError:
        return set()
    return {number for number in noted if isinstance(number, int)} if isinstance(noted, list) else set()


def _opened(path: Path) -> "pa.parquet.ParquetFile":
    import pyarrow.parquet as pq

    try:
        return pq.ParquetFile(path, page_checksum_verification=True)
    except (OSError, ValueError) as error:
        raise _not_parquet(path, error) from error


def _not_parquet(path: Path, error: Exception) -> DeliveryError:
    return DeliveryError(
        "not a readable Parquet file", where=path.name, value=str(error)[:120], fix="Have it delivered again"
    )


def _paths(fields: "pa.Schema | pa.StructType", above: str) -> Iterator[str]:
    import pyarrow as pa

    for field in fields:
        yield above + field.name
        if pa.types.is_struct(field.type):
            yield from _paths(field.type, f"{above}{field.name}.")
