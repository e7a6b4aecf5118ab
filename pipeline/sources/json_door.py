"""Deliveries of JSON objects, as Arrow: one a line, or the elements of an array that each begin on a line of their own.

Every line comes out, readable or not. An element's text is its whole lines, with the comma or bracket beside it.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pipeline.sources.lines import LONGEST_LINE_BYTES, Block, blocks

if TYPE_CHECKING:
    import pyarrow as pa

_ARRAY = re.compile(rb"\s*\[\s*(\{|$)")
_STRINGS = re.compile(rb'"(?:[^"\\]|\\.)*"?')
_NO_RECORD = b" \t\r\n[],"


@dataclass
class JsonFile:
    """One file, once: batches of (line, raw, broken): a record's first line, its text, why it cannot be read (null:
    not looked at yet). Blank lines are among them. A text keeps its line feed."""

    is_array: bool
    batches: Iterator["pa.RecordBatch"]


def opened(path: Path, name: str) -> JsonFile:
    """The file, with its first lines looked at."""
    rest = blocks(path, name)
    first = next(rest, None)
    if first is None:
        return JsonFile(False, iter(()))
    every = chain([first], rest)
    if is_array(first.data):
        return JsonFile(True, _elements(every))
    return JsonFile(False, (_batch(block) for block in every))


def is_array(data: bytes) -> bool:
    """True for the first lines of a file that is one array of objects."""
    return bool(_ARRAY.match(data))


def _elements(every: Iterable[Block]) -> Iterator["pa.RecordBatch"]:
    found = _Elements()
    for block in every:
        for position in range(len(block)):
            text = block.data[block.starts[position] : block.starts[position + 1]]
            found.take(block.first + position, text, block.bad.get(position))
        yield found.batch()
    found.end("unreadable: the array breaks off here")
    yield found.batch()


@dataclass
class _Elements:
    """Elements so far, and the lines of one that goes on. depth: how many brackets are open."""

    depth: int = 0
    first: int = 0
    size: int = 0
    held: list[bytes] = field(default_factory=list)
    fault: str | None = None
    rows: list[tuple[int, str, str | None]] = field(default_factory=list)

    def take(self, line: int, text: bytes, fault: str | None) -> None:
        """Takes the next line. What is more than blanks and brackets is, or belongs to, a record."""
        bare = _STRINGS.sub(b"", text) if b'"' in text else text
        opened_now = bare.count(b"{") + bare.count(b"[") - bare.count(b"}") - bare.count(b"]")
        self.depth = max(self.depth + opened_now, 0)
        if not self.held and not text.strip(_NO_RECORD) and not fault:
            return
        self.first = self.first if self.held else line
        self.held.append(text)
        self.size += len(text)
        self.fault = self.fault or fault
        if self.depth <= 1:
            self.end(None)
        elif self.size > LONGEST_LINE_BYTES:
            self.end(f"unreadable: an object of more than {LONGEST_LINE_BYTES} bytes")
            self.depth = 1

    def end(self, fault: str | None) -> None:
        """Ends the record that is held, if any."""
        if self.held:
            text = b"".join(self.held).decode("utf-8", "replace")
            self.rows.append((self.first, text, self.fault or fault))
        self.held, self.size, self.fault = [], 0, None

    def batch(self) -> "pa.RecordBatch":
        """The records so far, once."""
        import pyarrow as pa

        lines, raws, faults = zip(*self.rows, strict=True) if self.rows else ((), (), ())
        self.rows = []
        columns = [pa.array(lines, pa.int64()), pa.array(raws, pa.string()), pa.array(faults, pa.string())]
        return pa.record_batch(columns, names=["line", "raw", "broken"])


def _batch(block: Block) -> "pa.RecordBatch":
    import pyarrow as pa

    count = len(block)
    raw = pa.StringArray.from_buffers(count, pa.py_buffer(block.starts.astype(np.int32)), pa.py_buffer(block.data))
    line = pa.array(np.arange(block.first, block.first + count, dtype=np.int64))
    broken = pa.nulls(count, pa.string())
    if block.bad:
        broken = pa.array([block.bad.get(i) for i in range(count)], pa.string())
    return pa.record_batch([line, raw, broken], names=["line", "raw", "broken"])
