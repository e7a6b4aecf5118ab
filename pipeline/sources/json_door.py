"""Deliveries of JSON objects, as Arrow: one a line, or an array or a stream of them, however many a line or lines each.

Every line comes out, readable or not. An element's text is its whole lines, with the comma or bracket beside it.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pipeline.sources.conventions import USUAL, Conventions
from pipeline.sources.elements import MARK, depth_of
from pipeline.sources.lines import LONGEST_LINE_BYTES, Block, blocks

if TYPE_CHECKING:
    import pyarrow as pa

_STRINGS = re.compile(rb'"(?:[^"\\]|\\.)*"?')
_MARKED = re.compile(rb"(?m)^" + MARK)
_PARTING = b" \t\r\n,"
_NO_RECORD = _PARTING + b"[]"
BROKEN = "unreadable: not a JSON object"


@dataclass
class JsonFile:
    """One file, once: batches of (line, raw, broken): a record's first line, its text, why it cannot be read (null:
    not looked at yet). Blank lines are among them. A text keeps its line feed, and where it has_signs, what parts
    elements. guessed: once it was read, the encoding that nothing but its text told, if any."""

    has_signs: bool
    batches: Iterator["pa.RecordBatch"]
    guessed: list[str] = field(default_factory=list)


def opened(path: Path, name: str, how: Conventions = USUAL) -> JsonFile:
    """The file, with its first lines looked at."""
    guessed: list[str] = []
    rest = blocks(path, name, how, guessed)
    first = next(rest, None)
    if first is None:
        return JsonFile(False, iter(()))
    every = chain([first], rest)
    depth = depth_of(first.data)
    if depth is not None:
        return JsonFile(True, _elements(every, depth), guessed)
    return JsonFile(False, (_batch(block) for block in every), guessed)


def _elements(every: Iterable[Block], around: int) -> Iterator["pa.RecordBatch"]:
    found = _Elements(around)
    for block in every:
        for position in range(len(block)):
            found.take(block.first + position, block.line(position), block.bad.get(position))
        yield found.batch()
    found.end("unreadable: the file breaks off here")
    yield found.batch()


@dataclass
class _Elements:
    """Elements so far, and the lines of one that goes on.

    around: how many brackets are open around each. depth: how many are open.
    """

    around: int
    depth: int = 0
    first: int = 0
    size: int = 0
    held: list[bytes] = field(default_factory=list)
    fault: str | None = None
    rows: list[tuple[int, str, str | None]] = field(default_factory=list)

    def take(self, line: int, text: bytes, fault: str | None) -> None:
        """Takes the next line. What is marked, or more than blanks and brackets, is, or belongs to, a record."""
        is_marked = MARK in text and text.lstrip(_NO_RECORD).startswith(MARK)
        if is_marked:
            self.end(BROKEN)
            self.depth, text = self.around, text.replace(MARK, b"", 1)
            fault = fault or (BROKEN if text.lstrip(_PARTING).startswith(b"[") else None)
        bare = _STRINGS.sub(b"", text) if b'"' in text else text
        opened_now = bare.count(b"{") + bare.count(b"[") - bare.count(b"}") - bare.count(b"]")
        self.depth = max(self.depth + opened_now, 0)
        if not self.held and not text.strip(_NO_RECORD) and not fault and not is_marked:
            return
        self.first = self.first if self.held else line
        self.held.append(text)
        self.size += len(text)
        self.fault = self.fault or fault
        if self.depth <= self.around:
            self.end(None)
        elif self.size > LONGEST_LINE_BYTES:
            self.end(f"unreadable: an object of more than {LONGEST_LINE_BYTES} bytes")
            self.depth = self.around

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
    if MARK in block.data:
        block = replace(block, data=_MARKED.sub(b" ", block.data))
    line = pa.array(np.arange(block.first, block.first + count, dtype=np.int64))
    broken = pa.nulls(count, pa.string())
    if block.bad:
        broken = pa.array([block.bad.get(i) for i in range(count)], pa.string())
    return pa.record_batch([line, block.texts(), broken], names=["line", "raw", "broken"])
