"""CSV deliveries (RFC 4180, one header), as Arrow: every record, readable or not, with its physical line.

Cells are parted by commas; where the header has none, by semicolons, tabs or bars; or as Excel's first line (sep=;)
tells. TSV is the same with tabs, without quotes, and where its sender writes none, without a header. A line of nothing
but what parts cells is a blank line.

A record that does not parse costs its first line only: reading goes on at the next line, so that a stray quote
cannot swallow the good records after it.
"""

import codecs
import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.errors import DeliveryError
from pipeline.sources.conventions import USUAL, Conventions
from pipeline.sources.lines import LONGEST_LINE_BYTES, Block, blocks

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

COMMA: "Mapping[str, Any]" = {"delimiter": ",", "strict": True}
TAB: "Mapping[str, Any]" = {"delimiter": "\t", "quoting": csv.QUOTE_NONE, "strict": True}
_OTHERS = (";", "\t", "|")
_SEP = re.compile(r'"?sep=([,;\t|])"?[,;\t|]*\s*', re.I)
_LINE_END = "\r\n"
_LINES = 2048
_ODD = (b"\0", codecs.BOM_UTF8)  # Arrow takes a byte order mark away, whatever it stands before
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
    _rest: "Iterator[Block]"
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
        pending, width = _Lines([], [], {}), len(self.header)
        for block in self._rest:
            plain = None if pending.texts else plain_lines(block, width, self.marks)
            if plain is not None:
                yield plain
                continue
            for lines in _pieces(block):
                records, pending = _parsed(pending.joined(lines), width, self.marks, final=False)
                yield _batch(records, width)
        records, _ = _parsed(pending, width, self.marks, final=True)
        yield _batch(records, width)


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
    rest = blocks(path, name, how, guessed)
    if header:
        return CsvFile(list(header), rest, marks, guessed=guessed)
    for block in rest:
        for position in range(len(block)):
            text = block.line(position).decode("utf-8")
            if marks is COMMA and (sep := _SEP.fullmatch(text)):
                marks = {**COMMA, "delimiter": sep[1]}
            elif text.strip() and not _is_blank(text, ",;|" if marks is COMMA else marks["delimiter"]):
                told, marks = _header(text, block.bad.get(position), name, marks)
                below = chain([block.since(position + 1)], rest)
                return CsvFile(told, below, marks, (block.first + position, text), guessed)
    raise DeliveryError("the file is empty: it has no header line", where=name, fix="Have it delivered again")


def _is_blank(text: str, marks: str) -> bool:
    """Whether a line says nothing: it holds no more than what parts cells."""
    return not text.strip(_LINE_END + marks)


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


def plain_lines(block: Block, width: int, marks: "Mapping[str, Any]") -> "pa.RecordBatch | None":
    """The records of a block in which every line is one; None where that cannot be told, and where most are odd.

    Lines are parted all at once; one of another width, or whose quotes are not around whole cells, is read as any other
    record.
    """
    import pyarrow as pa

    if block.bad or any(odd in block.data for odd in _ODD):
        return None
    if b"\r" in block.data and block.data.count(b"\r") != block.data.count(b"\r\n"):
        return None
    odd = _odd_lines(block, width, marks)
    others = _one_by_one(block, odd, width, marks) if len(odd) <= len(block) / 2 else None
    if others is None:
        return None
    even = np.setdiff1d(np.arange(len(block)), np.union1d(odd, _blank_lines(block, width)), assume_unique=True)
    parted = _parted(block, even, width, marks)
    places = np.concatenate([even + block.first, np.array(others.line, np.int64)])
    order = pa.array(np.argsort(places, kind="stable"))
    texts = pa.concat_arrays([block.texts().take(pa.array(even)), pa.array(others.raw, pa.string())])
    faults = pa.concat_arrays([pa.nulls(len(even), pa.string()), pa.array(others.broken, pa.string())])
    cells = [
        pa.concat_arrays([*column.chunks, pa.array([row[i] for row in others.rows], pa.string())])
        for i, column in enumerate(parted)
    ]
    columns = [pa.array(places), texts, faults, *cells]
    return pa.record_batch([column.take(order) for column in columns] if len(odd) else columns, names=_names(width))


def _odd_lines(block: Block, width: int, marks: "Mapping[str, Any]") -> "NDArray[np.int64]":
    """The positions of lines with other quotes than whole cells stand in, or not as many cells as the header."""
    data, edges = np.frombuffer(block.data, np.uint8), block.starts
    parts = np.flatnonzero(data == ord(marks["delimiter"]))
    ahead = np.searchsorted(parts, edges)
    counts, odd = np.diff(ahead), np.zeros(len(block), bool)
    if marks.get("quoting") != csv.QUOTE_NONE and b'"' in block.data:
        quotes = np.flatnonzero(data == ord('"'))
        before = np.searchsorted(quotes, edges)
        line_of = np.searchsorted(edges, quotes, side="right") - 1
        opens = (np.arange(len(quotes)) - before[line_of]) % 2 == 0
        # what stands before an opening quote, or behind a closing one; behind the block's last byte a line ends
        beside = np.append(data, ord("\n"))[np.where(opens, quotes - 1, quotes + 1)]
        fits = np.isin(beside, np.frombuffer(b'"\n' + marks["delimiter"].encode(), np.uint8))
        odd = np.diff(before) % 2 == 1
        odd[line_of[~fits & (opens | (beside != ord("\r")))]] = True
        # delimiters in lines with quotes: those behind an odd number of their line's quotes are text
        lines = np.flatnonzero(np.diff(before))
        nth = np.repeat(np.arange(len(lines)), counts[lines])
        inner = ahead[lines][nth] + np.arange(len(nth)) - np.searchsorted(nth, nth)
        is_within = (np.searchsorted(quotes, parts[inner]) - before[lines][nth]) % 2 == 1
        counts[lines] -= np.bincount(nth[is_within], minlength=len(lines))
    return np.flatnonzero(odd | (counts != width - 1))


def _blank_lines(block: Block, width: int) -> "NDArray[np.int64]":
    """The positions of lines so short that one with as many cells as the header has nothing in them."""
    data, ends = np.frombuffer(block.data, np.uint8), block.starts[1:]
    if not len(ends):
        return ends
    feeds = (data[ends - 1] == ord("\n")).astype(np.int64)
    returns = (data[np.maximum(ends - 2, 0)] == ord("\r")) & (feeds == 1)
    return np.flatnonzero(np.diff(block.starts) - feeds - returns < width)


def _one_by_one(block: Block, odd: "NDArray[np.int64]", width: int, marks: "Mapping[str, Any]") -> _Records | None:
    """The records of these lines, each by itself; None where one may go on in the next line."""
    texts = [block.line(position).decode("utf-8") for position in odd.tolist()]
    try:
        rows = list(csv.reader(texts, **marks))  # at least a line a row
    except csv.Error:
        return None
    if len(rows) != len(texts):
        return None
    found = _Records()
    for position, row, text in zip(odd.tolist(), rows, texts, strict=True):
        if text.strip() and not _is_blank(text, marks["delimiter"]):
            is_whole = len(row) == width
            fault = None if is_whole else f"unreadable: {len(row)} fields where the header has {width}"
            found.add(block.first + position, row if is_whole else _filled(row, width), text, fault)
    return found


def _parted(block: Block, even: "NDArray[np.int64]", width: int, marks: "Mapping[str, Any]") -> list[Any]:
    """The cells of lines that hold as many as the header, column by column."""
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    names = [str(position) for position in range(width)]
    if not len(even):
        return [pa.chunked_array([], pa.string())] * width
    data = block.data if len(even) == len(block) else block.lines(even)
    table = arrow_csv.read_csv(
        pa.BufferReader(data),
        read_options=arrow_csv.ReadOptions(column_names=names, block_size=len(data) + 1, use_threads=False),
        parse_options=arrow_csv.ParseOptions(
            delimiter=marks["delimiter"],
            quote_char=False if marks.get("quoting") == csv.QUOTE_NONE else '"',
            ignore_empty_lines=False,
        ),
        convert_options=arrow_csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()), check_utf8=False),
    )
    return list(table.columns)


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
    if any(_is_blank(text, marks["delimiter"]) for text in texts):
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
        if (raw.strip() and not _is_blank(raw, marks["delimiter"])) or told:
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
        records.rows = [_filled(row, width) for row in records.rows]
        records.rows = [tuple(cell.replace("\0", "") for cell in row) for row in records.rows]
    cells = list(zip(*records.rows, strict=True)) if records.rows else [()] * width
    columns = [pa.array(column, pa.string()) for column in cells]
    head = [
        pa.array(records.line, pa.int64()),
        pa.array(records.raw, pa.string()),
        pa.array(records.broken, pa.string()),
    ]
    return pa.record_batch([*head, *columns], names=_names(width))


def _filled(row: Sequence[str], width: int) -> Sequence[str]:
    return (*row[:width], *([""] * (width - len(row))))


def _names(width: int) -> list[str]:
    return ["line", "raw", "broken", *(f"c{i}" for i in range(width))]
