"""Rows of landed files that are read again, by their lines: as they came, or as somebody repaired them."""

import csv
import io
import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from pipeline.ingest.door import Door, ask
from pipeline.ingest.reading import Arrival, Keep, ending_of
from pipeline.ingest.vendor import MOST_VALUES
from pipeline.sources import csv_door
from pipeline.warehouse import quoted

_MARKS = {".csv": csv_door.COMMA, ".tsv": csv_door.TAB}


def slabs(door: Door, arrival: Arrival, wanted: Mapping[int, str | None]) -> Iterator[None]:
    """Fills door.<form>, empty each time, with these lines of a file; where a line has a text, with that."""
    came = [line for line, raw in wanted.items() if raw is None]
    repaired = {line: raw for line, raw in wanted.items() if raw is not None}
    if came:
        is_wide = arrival.route.columns is not None and arrival.route.columns.is_wide
        for _ in door.slabs(arrival, _only(sorted({line // MOST_VALUES for line in came}) if is_wide else came)):
            if is_wide:
                listed = ", ".join(map(str, came))
                ask(door.session, f"delete from door.{door.form.name} where delivered_line not in ({listed})")
            yield
    if repaired:
        put_repaired(door, arrival, repaired)
        yield


def _only(lines: list[int]) -> Keep:
    import pyarrow as pa
    import pyarrow.compute as pc

    wanted = pa.array(lines, pa.int64())
    return lambda batch: batch.filter(pc.is_in(batch.column("line"), wanted))


def put_repaired(door: Door, arrival: Arrival, texts: Mapping[int, str]) -> set[int]:
    """Puts repaired rows of a file into door.<form>, at their lines; returns those that read as one record each.

    A text is read as it would be in the file: in its format, below its header. The door holds nothing else.
    """
    ending = ending_of(arrival.file)
    ending = ending if ending in _MARKS else ".jsonl"
    lent = replace(arrival, file=f"repaired{ending}", path=door.session.spill / f"repaired{ending}")
    plain = {line: _plain(raw, ending) for line, raw in sorted(texts.items())}
    starts = _write(lent.path, _header(arrival, ending), plain)
    try:
        for _ in door.slabs(lent):
            pass
    finally:
        lent.path.unlink()
    readable = "not coalesce(starts_with(broken, 'unreadable:'), false)"
    read = dict(ask(door.session, f"select delivered_line, raw from door.{door.form.name} where {readable}"))
    whole = {at: line for at, line in starts.items() if read.get(at, "").rstrip("\r\n") == plain[line]}
    _move(door, arrival.label, whole)
    return set(whole.values())


def _header(arrival: Arrival, ending: str) -> str:
    """The line that stands above the rows of the file; '' where none does."""
    if ending not in _MARKS or arrival.route.header(ending):
        return ""
    told, sep = io.StringIO(), "sep={delimiter}\n" if ending == ".csv" else ""
    file = csv_door.opened(arrival.path, arrival.file, _MARKS[ending], how=arrival.route.conventions)
    csv.writer(told, lineterminator="\n", **file.marks).writerow(file.header)
    return sep.format(**file.marks) + told.getvalue()


def _plain(raw: str, ending: str) -> str:
    """A row's text as it is written alone: of JSON one line, without what parts it from others of its array."""
    if ending in _MARKS:
        return raw.rstrip("\r\n")
    return " ".join(raw.strip("[], \t\r\n").split("\n"))


def _write(path: Path, header: str, texts: Mapping[int, str]) -> dict[int, int]:
    """Writes the texts below each other; returns by the line at which one begins, which line of its file it is."""
    starts, at = {}, 1 + header.count("\n")
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8-sig") as file:
        file.write(header)
        for line, text in texts.items():
            file.write(text + "\n")
            starts[at], at = line, at + text.count("\n") + 1
    return starts


def _move(door: Door, label: str, lines: Mapping[int, int]) -> None:
    """Gives the rows of door.<form> the places that they are of; those of no place go."""
    import pyarrow as pa

    rows, kind = f"door.{door.form.name}", pa.int64()
    moved = pa.table({"start": pa.array(list(lines), kind), "line": pa.array(list(lines.values()), kind)})
    door.session.put("door.moved", moved, grain=(), keep=False)
    ask(door.session, f"delete from {rows} where delivered_line not in (select start from door.moved)")
    ask(
        door.session,
        f"update {rows} set delivered_file = {quoted(label)}, delivered_line = m.line from door.moved as m"
        " where delivered_line = m.start",
    )
