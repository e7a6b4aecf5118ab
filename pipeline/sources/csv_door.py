"""CSV deliveries (RFC 4180, one header), as Arrow: every record, readable or not, with its physical line.

Cells are parted by commas; where the header has none, by semicolons, tabs or bars. TSV is the same with tabs, without
quotes, and where its sender writes none, without a header.

A record that does not parse costs its first line only: reading goes on at the next line, so that a stray quote
cannot swallow the good records after it.
"""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.errors import DeliveryError
from pipeline.sources.conventions import USUAL, Conventions
from pipeline.sources.lines import LONGEST_LINE_BYTES, Block, blocks

if TYPE_CHECKING:
    import pyarrow as pa

COMMA: "Mapping[str, Any]" = {"delimiter": ",", "strict": True}
TAB: "Mapping[str, Any]" = {"delimiter": "\t", "quoting": csv.QUOTE_NONE, "strict": True}
_OTHERS = (";", "\t", "|")
_LINES = 2048
_LONGEST_SPAN = 1 << 20


@dataclass
class _Records:
    """Records as columns of lists: the first line's number, the fields, the text, why it cannot be read."""

    line: list[int] = field(default_factory=list)
    rows: list[Sequence[str]] = field(default_factory=list)
    raw: list[str] = field(default_factory=list)
    broken: list[str | None] = field(default_factory=list)

    def add(self, line: int, row: Sequence[str], raw: str, broken: str | None) -> None:
        self.line.append(line)
        self.rows.append(row)
        self.raw.append(raw)
        self.broken.append(broken)


@dataclass
class CsvFile:
    """One file: its header, what parts its cells (`marks`) and, once, its records.

    guessed: once it was read, the encoding that nothing but its text told, if any.
    """

    header: list[str]
    _rest: "Iterator[_Lines]"
    marks: "Mapping[str, Any]"
    _told: "tuple[int, str] | None" = None
    guessed: list[str] = field(default_factory=list)

    def batches(self, *, is_headless: bool = False) -> Iterator["pa.RecordBatch"]:
        """Batches of (line, raw, broken, c0, c1, …): a record's fields are those of the header, in its order.

        is_headless: the line that was read as the header is a record, too.
        """
        if is_headless and self._told:
            first = _Records()
            first.add(self._told[0], self.header, self._told[1], None)
            yield _batch(first, len(self.header))
        pending = _Lines([], [], {})
        for lines in self._rest:
            records, pending = _parsed(pending.joined(lines), len(self.header), self.marks, final=False)
            yield _batch(records, len(self.header))
        records, _ = _parsed(pending, len(self.header), self.marks, final=True)
        yield _batch(records, len(self.header))


@dataclass
class _Lines:
    """Some physical lines: their numbers, their texts, and the numbers of those that are not text."""

    numbers: list[int]
    texts: list[str]
    bad: dict[int, str]

    def joined(self, more: "_Lines") -> "_Lines":
        if not self.texts:
            return more
        return _Lines(self.numbers + more.numbers, self.texts + more.texts, self.bad | more.bad)

    def since(self, position: int) -> "_Lines":
        return _Lines(self.numbers[position:], self.texts[position:], self.bad)


def opened(
    path: Path,
    name: str,
    marks: "Mapping[str, Any]" = COMMA,
    header: Sequence[str] | None = None,
    how: Conventions = USUAL,
) -> CsvFile:
    """The file with its header read; raises DeliveryError where it has none.

    header: the columns of a file that is sent without them.
    """
    csv.field_size_limit(LONGEST_LINE_BYTES)
    guessed: list[str] = []
    rest = (lines for block in blocks(path, name, how, guessed) for lines in _pieces(block))
    if header:
        return CsvFile(list(header), rest, marks, guessed=guessed)
    for lines in rest:
        for position, text in enumerate(lines.texts):
            if text.strip():
                number = lines.numbers[position]
                told, marks = _header(text, lines.bad.get(number), name, marks)
                return CsvFile(told, _chained(lines.since(position + 1), rest), marks, (number, text), guessed)
    raise DeliveryError("the file is empty: it has no header line", where=name, fix="Have it delivered again")


def _chained(first: _Lines, rest: Iterator[_Lines]) -> Iterator[_Lines]:
    yield first
    yield from rest


def _pieces(block: Block) -> Iterator[_Lines]:
    texts = list(io.StringIO(block.data.decode("utf-8"), newline="\n"))
    texts += [""] * (len(block) - len(texts))
    bad = {block.first + position: reason for position, reason in block.bad.items()}
    for start in range(0, len(texts), _LINES):
        part = texts[start : start + _LINES]
        yield _Lines(list(range(block.first + start, block.first + start + len(part))), part, bad)


def _header(
    text: str, reason: str | None, name: str, marks: "Mapping[str, Any]"
) -> "tuple[list[str], Mapping[str, Any]]":
    """The columns, and what parts them."""
    try:
        reason = reason or _why_no_header(text)
        row, marks = ([], marks) if reason else _cells(text, marks)
    except csv.Error as error:
        reason = str(error)
    if reason:
        raise DeliveryError(f"the header line cannot be read: {reason}", where=name, value=text[:80])
    twice = sorted({cell for cell in row if row.count(cell) > 1 and cell})
    if twice:
        raise DeliveryError("a column appears twice in the header", where=name, value=twice[0])
    return row, marks


def _cells(text: str, marks: "Mapping[str, Any]") -> "tuple[list[str], Mapping[str, Any]]":
    others = [other for other in _OTHERS if marks is COMMA and other in text]
    for each in (marks, *({**marks, "delimiter": other} for other in others)):
        row = [cell.strip() for cell in next(csv.reader([text], **each))]
        if len(row) > 1:
            return row, each
    return [text.strip()], marks


def _why_no_header(text: str) -> str:
    if "\0" in text:
        return "it holds NUL characters, as UTF-16 without a byte order mark does"
    return "lines end in carriage returns alone" if "\r" in text.rstrip("\r\n") else ""


def _parsed(lines: _Lines, width: int, marks: "Mapping[str, Any]", *, final: bool) -> tuple[_Records, _Lines]:
    """The records of the lines, and the lines of a last record that goes on beyond them."""
    if not lines.bad:
        rows = _one_line_each(lines.texts, width, marks)
        if rows is not None:
            return _Records(lines.numbers, rows, lines.texts, [None] * len(rows)), _Lines([], [], {})
    return _record_by_record(lines, width, marks, final=final)


def _one_line_each(texts: list[str], width: int, marks: "Mapping[str, Any]") -> list[Sequence[str]] | None:
    """The rows where every line is a whole record of the right width: the reader takes at least a line a row."""
    try:
        rows: list[Sequence[str]] = list(csv.reader(texts, **marks))
    except csv.Error:
        return None
    if len(rows) != len(texts) or any(len(row) != width for row in rows) or any("\0" in text for text in texts):
        return None
    return rows


def _record_by_record(lines: _Lines, width: int, marks: "Mapping[str, Any]", *, final: bool) -> tuple[_Records, _Lines]:
    found, at = _Records(), 0
    while at < len(lines.texts):
        row, taken, reason = _next(lines.texts, at, marks)
        if reason and taken == len(lines.texts) - at and not final and _may_go_on(lines, at):
            return found, lines.since(at)
        if not reason and len(row) != width:
            reason = f"unreadable: {len(row)} fields where the header has {width}"
        taken = 1 if reason else taken
        raw = "".join(lines.texts[at : at + taken])
        told = [lines.bad[n] for n in lines.numbers[at : at + taken] if n in lines.bad]
        reason = told[0] if told else reason or ("unreadable: a NUL character" if "\0" in raw else "")
        if raw.strip() or told:
            found.add(lines.numbers[at], row, raw, reason or None)
        at += taken
    return found, _Lines([], [], {})


def _next(texts: list[str], at: int, marks: "Mapping[str, Any]") -> tuple[list[str], int, str]:
    """The record that begins at a line: its fields, how many lines it takes, why it cannot be read."""
    reader = csv.reader(iter(texts[at : at + 1]), **marks)
    try:
        return next(reader), 1, ""
    except csv.Error:
        reader = csv.reader((texts[i] for i in range(at, len(texts))), **marks)
    try:
        return next(reader), reader.line_num, ""
    except csv.Error as error:
        return _loosely(texts[at], marks["delimiter"]), reader.line_num, f"unreadable: {error}"


def _loosely(text: str, delimiter: str) -> list[str]:
    """The fields before the first quote, which can be told even where the line cannot be read."""
    return text.partition('"')[0].split(delimiter)[:-1] or [""]


def _may_go_on(lines: _Lines, at: int) -> bool:
    return sum(len(text) for text in lines.texts[at + 1 :]) < _LONGEST_SPAN


def _batch(records: _Records, width: int) -> "pa.RecordBatch":
    import pyarrow as pa

    if any(records.broken):
        records.rows = [(*row[:width], *([""] * (width - len(row)))) for row in records.rows]
        records.rows = [tuple(cell.replace("\0", "") for cell in row) for row in records.rows]
    cells = list(zip(*records.rows, strict=True)) if records.rows else [()] * width
    columns = [pa.array(column, pa.string()) for column in cells]
    head = [
        pa.array(records.line, pa.int64()),
        pa.array(records.raw, pa.string()),
        pa.array(records.broken, pa.string()),
    ]
    return pa.record_batch([*head, *columns], names=["line", "raw", "broken", *(f"c{i}" for i in range(width))])
