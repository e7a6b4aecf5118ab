"""Takes one source's landed files in: typed standing rows, what was refused and why, and every file's account.

A night takes in every file up to it that the last finished night has not. Files are taken in order of their night,
so that nights one by one and all at once come to the same rows.
"""

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from pathlib import Path
from typing import Any

from pipeline.context import Run
from pipeline.errors import DeliveryError
from pipeline.ingest import account, measures, releasing, rows, standing, vendor, waiting
from pipeline.ingest.ahead import Ahead
from pipeline.ingest.door import Door, ask
from pipeline.ingest.reading import Arrival, Reader
from pipeline.ingest.releasing import Released
from pipeline.ingest.rows import Rows
from pipeline.ingest.waiting import Waiting
from pipeline.privacy.tombstones import Gate
from pipeline.quality import CHECKS_COLUMNS, Checked
from pipeline.quarantine import releases
from pipeline.sources.calendars import way_of
from pipeline.sources.forms import Form, forms_of
from pipeline.sources.landing import Landed, Landing, safe_name
from pipeline.sources.vendors import Told, route
from pipeline.warehouse import Session, quoted

NEEDS = ("pull",)
_ROWS_AT_ONCE = 10_000


def build(run: Run, session: Session, source: str) -> None:
    """Makes the source's tables of schema ingest, and its rows of ingest.files and ingest.quarantine."""
    before = next(iter(session.previous_folders.get("ingest", [])), None)
    landing = Landing(run.settings.data, source)
    arrivals = _arrivals(landing, session, before, run.settings.sources[source])
    nights = tuple(sorted({arrival.night for arrival in arrivals}))
    gate = Gate(run.settings, session)
    rows.prepare(session)
    standing.prepare(session)
    waiting.prepare(session, before)
    releasing.prepare(session, before)
    due = releasing.due(run, source)
    every = releases.read(run.settings.data, source)
    checks: list[Checked] = []
    parts: dict[str, list[Path]] = {}
    with Reader(arrivals, typed=Ahead(run, session).typed if gate.is_open else None) as reader:
        for form in forms_of(source):
            known = _Known(session, form, before)
            waits = Waiting(session, landing, run.settings.sources[source], form, nights, every)
            released = Released(session, landing, run.settings.sources[source], form, gate, due)
            taken = _take(run, known, waits, released, reader)
            _forget(session, landing, arrivals)
            standing.Standing(session, form, before, taken.parts).settle()
            checks += taken.checks.values()
            parts[form.name] = taken.parts
    account.account(session, landing, before)
    _stop_on_nothing(run, session, source)
    measures.measure(run, session, source, parts)
    _put_checks(session, checks)
    _keep_raw(run, session, source)
    account.tell(session)
    releasing.tell(session, due)


def _arrivals(landing: Landing, session: Session, before: Path | None, told: Told) -> list[Arrival]:
    """The files to take in, table by table, each in order. pull.files tells where they landed; the landing zone, where
    they lie now."""
    taken = set()
    if before:
        rows = ask(session, f"select table_name, night, file from {_rows_of(before / 'files.parquet')}")
        taken = {(table, str(night), file) for table, night, file in rows}
    landed = ask(
        session,
        "select table_name, night, file, path from pull.files where source = ? order by night, table_name, file",
        [landing.source],
    )
    now = _landed(landing)
    found = []
    for table, night, file, path in landed:
        it = now.get((table, night, file))
        way = way_of(landing.source, it, told) if it else route(landing.source, table, told)
        if way is not None and (table, night, file) not in taken:
            here = it.path if it else path
            found.append(Arrival(way, table, night, file, _present(landing.zone / here)))
    tables = [form.name for form in forms_of(landing.source)]
    return sorted(found, key=lambda it: (tables.index(it.form.name), it.night, it.route.rank))


def _landed(landing: Landing) -> dict[tuple[str, str, str], Landed]:
    return {(file.table, file.night, file.file): file for file in landing.files()}


def _present(path: Path) -> Path:
    if not path.is_file():
        raise DeliveryError("a landed file is gone", where=str(path), fix="Restore the landing zone from a copy")
    return path


@dataclass(frozen=True)
class _Known:
    """All rows of a table so far, for vendors' tables to look things up in."""

    session: Session
    form: Form
    before: Path | None

    def tell(self, fresh: list[Path]) -> None:
        earlier = sorted((self.before / self.form.name).glob("*.parquet")) if self.before else []
        vendor.know(self.session, self.form, [*earlier, *fresh])


def _take(run: Run, known: _Known, waiting: Waiting, released: Released, reader: Reader) -> Rows:
    """Takes the files in, then looks again at rows that were set aside."""
    arrivals = [arrival for arrival in reader.arrivals if arrival.form == known.form]
    session = known.session
    door = Door(
        session, known.form, currency=lambda: run.journey_map.currency, reader=reader, is_final=released.gate.is_open
    )
    with Rows(run, session, known.form) as rows:
        _take_files(door, rows, known, released, arrivals)
        door.is_final, door.reader = False, None
        for _ in _again(door, waiting, released):
            rows.take(door, counts=False)
            door.clear()
            known.tell(rows.parts)
    _count_empty(session, arrivals)
    rows.notes.tell()
    return rows


def _take_files(door: Door, rows: Rows, known: _Known, released: Released, arrivals: list[Arrival]) -> None:
    """What a vendor's table says stands before the next of its tables is read."""
    door.clear()
    for _, files in groupby(arrivals, key=lambda arrival: arrival.route.vendor):
        for _ in _slabs(door, files):
            if door.is_full:
                _pass(door, rows, released.gate)
        if door.rows:
            _pass(door, rows, released.gate)
            known.tell(rows.parts)
    if not rows.parts:
        _pass(door, rows, released.gate)
        known.tell(rows.parts)


def _again(door: Door, waiting: Waiting, released: Released) -> Iterator[None]:
    """Rows that were set aside and are looked at again, night by night, however many are taken in now."""
    turns = [*((night, 0) for night in waiting.nights), *((night, 1) for night in released.nights)]
    for night, is_released in sorted(turns):
        yield from released.found(door, night) if is_released else waiting.found(door, night)


def _slabs(door: Door, arrivals: Iterable[Arrival]) -> Iterator[int]:
    for arrival in arrivals:
        yield from door.slabs(arrival)


def _pass(door: Door, rows: Rows, gate: Gate) -> None:
    gate.take_out(door.form)
    rows.take(door)
    door.clear()


def _forget(session: Session, landing: Landing, arrivals: list[Arrival]) -> None:
    """Takes what the gate stopped out of the landed files, too; their number stays in the zone's manifest."""
    stopped = ask(session, "select table_name, delivered_night, delivered_file, delivered_line, lines from door.erased")
    changes: dict[tuple[str, str, str], dict[int, tuple[int, str]]] = {}
    for table, night, label, line, lines in stopped:
        changes.setdefault((table, str(night), label), {})[line] = (lines, "")
    now = _landed(landing)
    for a in arrivals:
        if found := changes.get((a.table, a.night, a.label)):
            landing.replace(now[a.table, a.night, a.file], found, a.route.conventions)
    ask(session, "delete from door.erased")
    if stopped:
        session.log(f"{len(stopped):,} rows of people who were erased came again: kept nowhere")


def _count_empty(session: Session, arrivals: list[Arrival]) -> None:
    """A file without a single row is a file that was taken in, too."""
    for a in arrivals:
        ask(session, "insert into door.counted values (?, ?, ?, 0)", [a.table, date.fromisoformat(a.night), a.label])


def _rows_of(path: Path) -> str:
    return f"read_parquet({quoted(path)})"


def _stop_on_nothing(run: Run, session: Session, source: str) -> None:
    """Raises DeliveryError where the night of a source that must deliver brought no row, or an essential table none."""
    if run.settings.sources[source].missing != "stop":
        return
    brought = "select sum(arrived) from door.arrived semi join door.taken using (table_name, night, file)"
    if not ask(session, brought)[0][0]:
        raise DeliveryError(
            "the delivery is empty: its files hold no row",
            where=f"{source}, night {run.night}",
            fix="Have it delivered again",
        )
    for form in forms_of(source):
        if form.essential and not ask(session, f"select 1 from door.standing where form = '{form.name}' limit 1"):
            raise DeliveryError(
                "there is no usable row in any delivery so far",
                where=f"{source}/{form.table}, night {run.night}",
                fix="See the quarantine store for why rows were refused, and have the table delivered again",
            )


def _put_checks(session: Session, checks: list[Checked]) -> None:
    import pandas as pd

    if not checks:
        return
    rows = [[getattr(check, name) for name in CHECKS_COLUMNS] for check in checks]
    grain = ("table_name", "expectation", "column_name", "reason")
    session.put("ingest.checks", pd.DataFrame(rows, columns=list(CHECKS_COLUMNS)), grain=grain)


def _keep_raw(run: Run, session: Session, source: str) -> None:
    """Writes what this night refused, with its raw text: one file a table, for its owner's eyes only."""
    folder = run.settings.data / "quarantine" / run.night.isoformat()
    rows = _streamed(
        session,
        """
        select table_name, delivered_night as night, delivered_file as file, delivered_line as line, record_id,
            reason, rtrim(raw, chr(13) || chr(10)) as raw
        from door.refused
        where split_part(reason, ':', 1) <> ?
        union all
        select g.table_name, g.night, g.delivered_file, g.delivered_line, g.record_id, g.fate,
            rtrim(d.raw, chr(13) || chr(10))
        from ingest.gone as g
        inner join door.repeats as d using (form, delivered_night, delivered_file, delivered_line)
        where g.fate = 'duplicate'
        order by all
    """,
        [vendor.NOT_OURS],
    )
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for old in folder.glob(f"{source}__*.jsonl"):
        old.unlink()
    for table, of_table in groupby(rows, key=lambda row: str(row[0])):
        _write_private(folder / f"{source}__{safe_name(table)}.jsonl", map(_raw_line, of_table))


def _streamed(session: Session, sql: str, params: list[object]) -> Iterator[tuple[Any, ...]]:
    """A statement's rows, some at a time: there may be as many as were delivered. No other may run meanwhile."""
    done = session.connection.execute(sql, params)
    while rows := done.fetchmany(_ROWS_AT_ONCE):
        yield from rows


def _raw_line(row: tuple[Any, ...]) -> str:
    names = ("table", "night", "file", "line", "record_id", "reason", "raw")
    entry: dict[str, Any] = dict(zip(names, (row[0], str(row[1]), *row[2:]), strict=True))
    return json.dumps(entry, ensure_ascii=False) + "\n"


def _write_private(path: Path, lines: Iterable[str]) -> None:
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as handle:
        handle.writelines(lines)
    fresh.replace(path)
