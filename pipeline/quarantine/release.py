"""Lets rows out of the quarantine: a decision by somebody, for a reason, that the next night reads them again.

They are read as they came, under what rules and settings say by then, or with a text that somebody repaired. What then
becomes of a row is the night's to say (ingest/releasing.py).
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from pipeline.catalog import Store
from pipeline.errors import QuestionError
from pipeline.identity.decisions import reason_of, user_name
from pipeline.ingest import again
from pipeline.ingest.door import Door, ask
from pipeline.ingest.reading import Arrival
from pipeline.ingest.releasing import NEVER
from pipeline.privacy import erasure
from pipeline.privacy.tombstones import Gate
from pipeline.quarantine import dismissals, releases
from pipeline.quarantine.kept import Place, next_night
from pipeline.quarantine.releases import Release
from pipeline.quarantine.shown import FIELDS, Chosen, Row, raws, standing, standing_rows
from pipeline.settings import Settings
from pipeline.sources.calendars import way_of
from pipeline.sources.landing import Landed, Landing
from pipeline.stages import SOURCES
from pipeline.warehouse import Session

GIVEN = ("source", "table", "night", "file", "line", "raw")
REPEATED = "among exact repeats: the first of them stands"
UNREADABLE = "of files that could not be read at all: have them delivered again"
GONE = "without their landed file, or of a table that the settings do not know"
DISMISSED = "dismissed: landmark quarantine withdraw takes that back"
File = tuple[str, str, str, str]


@dataclass(frozen=True)
class Why:
    """Who decides about rows, why, and at what time."""

    why: str
    by: str
    at: str


@dataclass(frozen=True)
class Outcome:
    """What deciding did. rows: how many are decided so; fresh: of these, those that were not; kept: others, by why."""

    counts_from: str
    rows: int
    fresh: int
    kept: dict[str, int]


@dataclass(frozen=True)
class Repaired:
    """A row in quarantine with a new text, and where that was given."""

    where: str
    row: Row
    raw: str

    @property
    def file(self) -> File:
        """Its source, table, night and file."""
        return self.row.place[:4]


def release(settings: Settings, chosen: Chosen, why: Why) -> Outcome:
    """Releases the chosen rows, as they came, into the next night; raises QuestionError where none can be."""
    why = checked(why)
    with held(settings), standing(settings) as session:
        found = standing_rows(session, chosen)
        obstacles = _Obstacles(settings)
        reasons = {row.place: obstacles.of(row) for row in found}
        kept = dict(sorted(Counter(reason for reason in reasons.values() if reason).items()))
        good = [row for row in found if not reasons[row.place]]
        if not good:
            raise nothing("released", kept)
        return _keep(settings, dict.fromkeys(good), why, kept)


def release_repaired(settings: Settings, lines: Iterable[str], name: str, why: Why) -> Outcome:
    """Releases rows with the texts that are given, one JSON object a line as `show` prints them: all of them or none.

    Raises QuestionError with the line of `name` at fault.
    """
    why = checked(why)
    with held(settings), standing(settings) as session:
        known = {row.place: row for row in standing_rows(session, Chosen())}
        obstacles = _Obstacles(settings)
        given = [_known(one, known, obstacles) for one in parsed(lines, name)]
        if not given:
            raise QuestionError("no row is given", where=name)
        came = raws(settings.data, [one.row for one in given])
        changed = {one.row: one for one in given if one.raw != came.get(one.row.place)}
        _try(settings, session, list(changed.values()), obstacles.landed)
        return _keep(settings, {one.row: one.raw if one.row in changed else None for one in given}, why, {})


def parsed(lines: Iterable[str], name: str) -> Iterator[Repaired]:
    """Rows as `show` prints them; raises QuestionError with the line that is none."""
    for number, line in enumerate(lines, 1):
        if line.strip():
            yield _parsed(f"{name}, line {number}", line)


def _parsed(where: str, line: str) -> Repaired:
    try:
        raw: dict[str, Any] = json.loads(line)
        told = {name: raw[name] for name in GIVEN}
        is_well_formed = (
            set(raw) <= set(FIELDS)
            and all(isinstance(told[name], str) for name in GIVEN if name != "line")
            and type(told["line"]) is int
            and told["source"] in SOURCES
            and told["raw"].encode("utf-8").strip() != b""
        )
    except (ValueError, TypeError, KeyError, RecursionError):
        is_well_formed = False
    if not is_well_formed:
        raise QuestionError(
            f"a repaired row is one JSON object on one line, with {', '.join(GIVEN)}",
            where=where,
            fix="Take rows from landmark quarantine show, and change their raw text alone",
        )
    text = told.pop("raw")
    return Repaired(where, Row(**told, record_id="", reason=""), text)


@contextmanager
def held(settings: Settings) -> Iterator[None]:
    """Nobody else decides, and no night is built, meanwhile."""
    with Store(settings.data).lock(settings.lock_wait_seconds):
        erasure.finish(settings)
        yield


def checked(why: Why) -> Why:
    """With the name of this user, where none is given; raises IdentityError where a text cannot be kept."""
    return Why(reason_of(why.why, "why"), reason_of(why.by or user_name(), "by"), why.at)


def _keep(settings: Settings, texts: dict[Row, str | None], why: Why, kept: dict[str, int]) -> Outcome:
    night = next_night(settings.data)
    decided = [Release(night, *row.place, raw, why.by, why.why, why.at) for row, raw in texts.items()]
    return Outcome(night, len(decided), releases.add(settings.data, decided), kept)


# -- what can be released ---------------------------------------------------------------------------------------------


def _landed(settings: Settings) -> dict[File, Landed]:
    """The landed files that rows can be read from again: those that are there, of a table that the settings know."""
    found = {}
    for source in SOURCES:
        for file in Landing(settings.data, source).files():
            is_here = not file.pruned and (settings.data / "landing" / file.path).is_file()
            if is_here and way_of(source, file, settings.sources[source]):
                found[source, file.table, file.night, file.file] = file
    return found


class _Obstacles:
    """What stands in the way of releasing rows."""

    def __init__(self, settings: Settings) -> None:
        self.landed = _landed(settings)
        self.dismissed = dismissals.standing(settings.data)

    def of(self, row: Row) -> str:
        """Why the row cannot be released; '' where it can."""
        if (row.place, row.code) in self.dismissed:
            return DISMISSED
        if row.code in NEVER:
            return REPEATED
        if row.line == 0:
            return UNREADABLE
        return "" if row.place[:4] in self.landed else GONE


def nothing(decided: str, kept: dict[str, int]) -> QuestionError:
    """That none of the rows meant can be decided about so, and why. decided: the decision, as a participle."""
    told = "; ".join(f"{number} {'is' if number == 1 else 'are'} {why}" for why, number in kept.items())
    return QuestionError(
        f"none of these rows can be {decided}: {told}" if told else "no row in quarantine is meant",
        fix="landmark quarantine list tells what there is",
    )


def _known(given: Repaired, known: dict[Place, Row], obstacles: _Obstacles) -> Repaired:
    """The repaired row with what is known of it; raises QuestionError where it cannot be released."""
    row = known.get(given.row.place)
    if row is None:
        raise QuestionError(
            "no such row stands in quarantine",
            where=given.where,
            value="/".join(map(str, given.row.place)),
            fix="landmark quarantine show prints those that do",
        )
    if reason := obstacles.of(row):
        raise QuestionError(f"the row cannot be released: it is {reason}", where=given.where)
    return Repaired(given.where, row, given.raw)


def _try(settings: Settings, session: Session, given: Sequence[Repaired], landed: dict[File, Landed]) -> None:
    """Raises QuestionError where a text reads as no record or several, or names somebody who was erased."""
    gate = Gate(settings, session)
    for file in sorted({one.file for one in given}):
        source, table, night, name = file
        texts = {one.row.line: one for one in given if one.file == file}
        way = way_of(source, landed[file], settings.sources[source])
        if way is None:
            raise QuestionError("the settings know no such table", value=f"{source}/{table}")
        door = Door(session, way.form)
        door.clear()
        arrival = Arrival(way, table, night, name, settings.data / "landing" / landed[file].path)
        read = again.put_repaired(door, arrival, {line: one.raw for line, one in texts.items()})
        _refuse(texts, read, "the text does not read as one record of its file")
        gate.take_out(way.form)
        left = {line for (line,) in ask(session, f"select delivered_line from door.{way.form.name}")}
        _refuse(texts, left, "the text names a person who was erased")


def _refuse(texts: dict[int, Repaired], good: set[int], what: str) -> None:
    wrong = next((one for line, one in sorted(texts.items()) if line not in good), None)
    if wrong is not None:
        raise QuestionError(
            what, where=wrong.where, fix="Correct its raw text, or take the row out; nothing was released"
        )
