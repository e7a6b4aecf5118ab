"""A landed file without some of its records: all others come out as they were, under the same line numbers.

In a text file a record that goes leaves blank lines, in a Parquet file a note of its number in the file's metadata;
neither counts as a record when the file is read again.
"""

import codecs
import gzip
import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

import numpy as np

from pipeline.sources import parquet_door
from pipeline.sources.conventions import USUAL, Conventions
from pipeline.sources.elements import MARK
from pipeline.sources.lines import LONGEST_LINE_BYTES, pieces, told_encoding

if TYPE_CHECKING:
    import pyarrow as pa

_FEED = 10
_ARRAY = b"["  # stays where the record behind it goes
_MARKED = re.compile(rb"(?m)^([ \t]*)" + MARK)
_PACK_LEVEL = 6
_CUT_BYTES = 8  # of a packed file that breaks off: so many less at its end and it breaks off again


def rewrite(
    path: Path, name: str, fresh: Path, changes: Mapping[int, tuple[int, str]], how: Conventions = USUAL
) -> None:
    """Writes the file to `fresh` with changes: a record's first line to how many lines it takes and its new text.

    A text '' takes the record out; line 0 stands for a whole file that nobody can read, and leaves it empty. `name`
    and `how` tell the format, as they do where the file is read.
    """
    if 0 in changes:
        with _packed(fresh, ""):
            pass
    elif name.lower().endswith(".parquet"):
        _rewrite_parquet(path, fresh, changes)
    else:
        _rewrite_text(path, name, fresh, changes, how)


def _rewrite_text(path: Path, name: str, fresh: Path, changes: Mapping[int, tuple[int, str]], how: Conventions) -> None:
    broken = False
    with _packed(fresh, Path(name.lower()).suffix) as out:
        number = 1
        out.write(codecs.BOM_UTF8 if told_encoding(path, name, how) else b"")
        for read, reason in pieces(path, name, how):
            data = _MARKED.sub(rb"\1", read) if MARK in read else read
            broken = broken or reason.startswith("truncated")
            if reason:
                out.write(b"\n" if number in changes else _unreadable(data, reason))
                number += 1
            else:
                number = _copy(data, number, changes, out)
    if broken:
        os.truncate(fresh, max(fresh.stat().st_size - _CUT_BYTES, 0))


def _copy(data: bytes, number: int, changes: Mapping[int, tuple[int, str]], out: IO[bytes]) -> int:
    """Writes whole lines, the first of which has this number, with the changes; returns the number after the last."""
    ends = np.flatnonzero(np.frombuffer(data, np.uint8) == _FEED) + 1
    if not len(ends) or ends[-1] != len(data):
        ends = np.append(ends, len(data))
    starts = np.concatenate([[0], ends])
    at = 0
    for line in sorted(n for n in changes if number <= n < number + len(ends)):
        lines, text = changes[line]
        position = line - number
        out.write(data[at : starts[position]])
        if not text and data[starts[position] : starts[position] + 1] == _ARRAY:
            out.write(_ARRAY)
        out.write(text.rstrip("\r\n").encode("utf-8") + b"\n" * (lines - text.rstrip("\r\n").count("\n")))
        at = starts[min(position + lines, len(ends))]
    out.write(data[at:])
    return number + len(ends)


def _unreadable(line: bytes, reason: str) -> bytes:
    """A line that was too long to be read must stay so; one that a file broke off in had no end."""
    return line.rstrip(b"\n") if reason.startswith("truncated") else line[:-1] + b" " * LONGEST_LINE_BYTES + b"\n"


@contextmanager
def _packed(fresh: Path, ending: str) -> Iterator[IO[bytes]]:
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as handle:
        if ending == ".gz":
            with gzip.GzipFile("", "wb", _PACK_LEVEL, handle, mtime=0) as packed:
                yield packed  # type: ignore[misc]
        elif ending == ".zst":
            import zstandard

            with zstandard.ZstdCompressor().stream_writer(handle, closefd=False) as packed:
                yield packed
        else:
            yield handle
        handle.flush()
        os.fsync(handle.fileno())


def _rewrite_parquet(path: Path, fresh: Path, changes: Mapping[int, tuple[int, str]]) -> None:
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    gone = {line for line, (_, text) in changes.items() if not text}
    schema = pq.read_schema(path)
    noted = {
        **(schema.metadata or {}),
        parquet_door.ERASED: json.dumps(sorted(parquet_door.erased(path) | gone)).encode(),
    }
    fresh.unlink(missing_ok=True)
    with pq.ParquetWriter(fresh, schema.with_metadata(noted), compression="zstd") as out:
        for batch in parquet_door.batches(path):
            rows = _with_texts(pa.RecordBatch.from_struct_array(batch.column("row")), batch.column("line"), changes)
            kept = pc.invert(pc.is_in(batch.column("line"), pa.array(sorted(gone), pa.int64())))
            out.write_batch(rows.filter(kept).replace_schema_metadata(noted))
    fresh.chmod(0o600)


def _with_texts(
    rows: "pa.RecordBatch", lines: "pa.Int64Array", changes: Mapping[int, tuple[int, str]]
) -> "pa.RecordBatch":
    """The rows with the texts of those that change: of each its JSON object, of which the text columns count."""
    import pyarrow as pa

    told = [(at, json.loads(changes[n][1])) for at, n in enumerate(lines.to_pylist()) if n in changes and changes[n][1]]
    for position, field in enumerate(rows.schema):
        if told and (pa.types.is_string(field.type) or pa.types.is_large_string(field.type)):
            cells = rows.column(position).to_pylist()
            for at, row in told:
                cells[at] = row.get(field.name, cells[at])
            rows = rows.set_column(position, field, pa.array(cells, field.type))
    return rows
