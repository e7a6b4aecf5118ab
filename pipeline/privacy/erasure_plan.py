"""What erasing a person takes: which rows go, which landed lines change, and by which values the rest is swept.

A plan is made once, before anything changes, and kept (private, for as long as the erasure lasts), because what it was
made of is gone when half of it is carried out.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.catalog import Store
from pipeline.ingest.door import Door, ask
from pipeline.ingest.reading import Arrival, Keep
from pipeline.ingest.rows import PLACE
from pipeline.privacy import personal, tombstones
from pipeline.privacy.odd import WHOLE, changes
from pipeline.privacy.personal import PEOPLE
from pipeline.privacy.values import Sought, is_distinct, spellings
from pipeline.settings import Settings
from pipeline.sources.forms import Form
from pipeline.sources.landing import Landed, Landing
from pipeline.sources.vendors import Route, landed_route
from pipeline.stages import SOURCES
from pipeline.warehouse import Session, quoted

if TYPE_CHECKING:
    import pyarrow as pa

    from pipeline.identity.lookup import Person

ROW_KINDS = {"interaction_id": "crm", "message_id": "web", "post_id": "social", "activity_id": "partner"}
_PLACE = ", ".join(PLACE)
Told = tuple[str, str, str, str, int, str]
Changes = dict[str, dict[int, tuple[int, str]]]


@dataclass(frozen=True)
class Marks:
    """What one build calls the person: their customer_ids, record_ids, journeys and touches there."""

    customers: tuple[str, ...] = ()
    records: tuple[int, ...] = ()
    journeys: tuple[str, ...] = ()
    touches: tuple[str, ...] = ()


@dataclass(frozen=True)
class Plan:
    """own: kind and value of what nobody else gives. tokens: their spellings that stand for nothing else anywhere.

    places: by form, the rows in the builds' parts. landed: by path in the zone, each line that changes, how many lines
    it takes and its new text ('': it goes). lines, mended: by source, table, night, file and line, those that go and
    those that get a new text. builds: by '<night>/<build>'.
    """

    asked: str
    night: str
    customer_id: str
    records: tuple[tuple[str, str], ...]
    own: tuple[tuple[str, str], ...]
    tokens: tuple[str, ...]
    row_ids: tuple[str, ...]
    described: tuple[tuple[str, str], ...]
    shared: dict[str, int]
    hashes: tuple[str, ...]
    places: dict[str, tuple[tuple[str, str, int], ...]]
    landed: dict[str, Changes]
    lines: tuple[tuple[str, str, str, str, int], ...]
    mended: tuple[Told, ...]
    builds: dict[str, Marks] = field(default_factory=dict)

    def as_text(self) -> str:
        """The plan as JSON."""
        return json.dumps(asdict(self), sort_keys=True)


def plan_of(text: str) -> Plan:
    """The plan that `as_text` wrote."""
    raw: dict[str, Any] = json.loads(text)
    raw["builds"] = {name: Marks(**{k: tuple(v) for k, v in marks.items()}) for name, marks in raw["builds"].items()}
    raw["landed"] = {
        source: {path: {int(n): (c[0], c[1]) for n, c in lines.items()} for path, lines in files.items()}
        for source, files in raw["landed"].items()
    }
    raw["places"] = {form: _tuples(rows) for form, rows in raw["places"].items()}
    listed = {name: _tuples(raw[name]) for name in ("records", "own", "described", "lines", "mended")}
    return Plan(**{**raw, **listed, **{name: tuple(raw[name]) for name in ("tokens", "row_ids", "hashes")}})


def _tuples(rows: Iterable[Iterable[Any]]) -> tuple[tuple[Any, ...], ...]:
    return tuple(tuple(row) for row in rows)


def make(settings: Settings, session: Session, person: "Person", asked: str) -> Plan:
    """The plan of erasing the person, from every build and everything that landed."""
    store = Store(settings.data)
    published = store.folder(person.night, int(store.read().night(person.night).build or 0))
    session.attach("ingest", [published / "ingest" / source for source in SOURCES])
    session.attach("identity", [person.folder])
    personal.History(session, settings.data / "builds").attach()
    personal.mark(session, person)
    own = ask(session, "select kind, value from personal.own order by all")
    tokens = spellings(_tokens(settings, session, own))
    landed, told = _landed(settings, session, Sought(tokens))
    lines = tuple(line[:5] for line in told if not line[5])
    elsewhere = {row[0] for row in ask(session, "select distinct value from personal.elsewhere")}
    ids = {value for kind, value in own if kind.partition(":")[0] in ROW_KINDS and value not in elsewhere}
    return Plan(
        asked=asked,
        night=person.night,
        customer_id=person.customer_id,
        records=tuple((kind, value) for _, kind, value in person.records),
        own=tuple(own),
        tokens=tuple(tokens),
        row_ids=tuple(sorted(ids)),
        described=tuple(personal.described(session)),
        shared=dict(ask(session, "select kind, count(*) from personal.shared group by kind order by kind")),
        hashes=tuple(sorted({tombstones.hashed(kind, value, settings.hash_key) for kind, value in own})),
        places=_places(settings, session, lines),
        landed=landed,
        lines=lines,
        mended=tuple(line for line in told if line[5]),
        builds=_marks(settings, session),
    )


def _places(
    settings: Settings, session: Session, lines: Iterable[Sequence[Any]]
) -> dict[str, tuple[tuple[str, str, int], ...]]:
    """By form, the rows that go: those that a build holds, and those that go from where they landed."""
    found: dict[str, set[tuple[str, str, int]]] = {}
    for form in PEOPLE:
        rows = ask(
            session, f"select cast(delivered_night as varchar), * exclude (delivered_night) from personal.mine_{form}"
        )
        found[form] = set(rows)
    for source, table, night, file, line in lines:
        if its := landed_route(source, table, settings.sources[source]):
            found[its.form.name].add((night, its.form.label(table, file), line))
    return {name: tuple(sorted(rows)) for name, rows in found.items()}


# -- what the rest is swept by ----------------------------------------------------------------------------------------


def _tokens(settings: Settings, session: Session, own: list[tuple[str, str]]) -> list[str]:
    """Spellings of own values that can be told from other text, and that no other row gives as whatever kind."""
    from pipeline.estimators.identity.spelling import keyed_hashes

    elsewhere = {row[0] for row in ask(session, "select distinct value from personal.elsewhere")}
    written = personal.written(session)
    plain = [text.lower() for kind, text in written if kind == "email"]
    phones = [value for kind, value in own if kind == "phone"]
    found = {value for kind, value in own if kind.partition(":")[0] not in ROW_KINDS} | {text for _, text in written}
    found |= set(keyed_hashes([*plain, *phones], settings.hash_key))
    handles = {value for kind, value in own if kind == "social_handle"}
    found |= {f"@{handle}" for handle in handles if len(handle) > 1}
    return sorted(text for text in found if text not in elsewhere and is_distinct(text))


# -- what landed ------------------------------------------------------------------------------------------------------


def _landed(settings: Settings, session: Session, sought: Sought) -> tuple[dict[str, Changes], list[Told]]:
    """By source and path, the lines that change; and each of them as source, table, night, file, line, new text."""
    _put_refused(session, settings.data / "builds")
    changed: dict[str, Changes] = {}
    told: list[Told] = []
    for source in SOURCES:
        landing = Landing(settings.data, source)
        for file in landing.files():
            way = None if file.pruned else landed_route(source, file.table, settings.sources[source])
            is_personal = way is not None and way.form.name in PEOPLE
            found = _lines_of(session, _arrival(landing, way, file), sought) if way and is_personal else {}
            if found:
                changed.setdefault(source, {})[file.path] = found
            told += [(source, file.table, file.night, file.file, n, c[1]) for n, c in found.items() if n != WHOLE]
            told += _pruned(session, source, file) if file.pruned else []
    return changed, told


def _pruned(session: Session, source: str, file: Landed) -> Iterator[Told]:
    """Rows of a file that is gone which are set aside under an id of the person's."""
    place = (source, file.table, file.night, file.file)
    at = "source = ? and table_name = ? and night = cast(? as date) and file = ?"
    mine = f"from personal.refused where {at} and record_id in (select value from personal.own)"
    for (line,) in ask(session, f"select distinct line {mine} order by line", list(place)):
        yield (*place, line, "")


def _arrival(landing: Landing, way: Route, file: Landed) -> Arrival:
    return Arrival(way, file.table, file.night, file.file, landing.zone / file.path)


def _put_refused(session: Session, builds: Path) -> None:
    """personal.refused: every place that was set aside; personal.taken: every file that any build has taken in."""
    for table, columns, names in (
        ("refused", "source, table_name, night, file, line, record_id", ("quarantine", "not_ours")),
        ("taken", "source, table_name, night, file", ("files",)),
    ):
        found = sorted(path for name in names for path in builds.glob(f"*/*/ingest/*/{name}.parquet"))
        rows = f"read_parquet([{', '.join(map(quoted, found))}])"
        ask(session, f"create table personal.{table} as select distinct {columns} from {rows}")


def _lines_of(session: Session, arrival: Arrival, sought: Sought) -> dict[int, tuple[int, str]]:
    found: dict[int, tuple[int, str]] = {}
    door = Door(session, arrival.form)
    door.clear()
    for _ in door.slabs(arrival, _looked_at(session, door.form, arrival, sought)):
        if door.rows:
            _judge(session, door.form, arrival)
            found |= _judged(session, door.form, sought)
        door.clear()
    is_unreadable = bool(ask(session, f"select 1 from personal.refused where {_at(door.form, arrival)} and line = 0"))
    how = arrival.route.conventions
    return found | changes(arrival.path, arrival.file, sought, is_unreadable=is_unreadable, how=how)


def _looked_at(session: Session, form: Form, arrival: Arrival, sought: Sought) -> Keep:
    """Lets through what may have to change: the person's lines, what was set aside, what holds a value of theirs."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not ask(session, f"select 1 from personal.taken where {_at(form, arrival)}"):
        return lambda batch: batch
    mine = f"select delivered_line from personal.mine_{form.name} where delivered_night = date {quoted(arrival.night)}"
    mine += f" and delivered_file = {quoted(arrival.label)}"
    places = ask(session, f"{mine} union select line from personal.refused where {_at(form, arrival)}")
    lines = pa.array([line for (line,) in places], pa.int64())

    def keep(batch: "pa.RecordBatch") -> "pa.RecordBatch":
        wanted = pc.is_in(batch.column("line"), lines)
        if sought.simple and "raw" in batch.schema.names:
            wanted = pc.or_(wanted, pc.match_substring_regex(batch.column("raw"), sought.simple))
        return batch.filter(wanted) if "raw" in batch.schema.names else batch

    return keep


def _at(form: Form, arrival: Arrival) -> str:
    """SQL: a row of personal.taken or personal.refused is of this file."""
    return (
        f"source = {quoted(form.source)} and table_name = {quoted(arrival.table)}"
        f" and night = date {quoted(arrival.night)} and file = {quoted(arrival.file)}"
    )


def _judge(session: Session, form: Form, arrival: Arrival) -> None:
    """Makes personal.gone: the places in door.<form> that are the person's.

    A row that was taken in is judged by its build; one that was set aside, or not taken in yet, by what it gives: it
    is the person's where it gives a value of theirs and names no other customer.
    """
    rows = f"door.{form.name}"
    at = _at(form, arrival)
    fresh = not ask(session, f"select 1 from personal.taken where {at}")
    open_ = (
        rows
        if fresh
        else f"(select * from {rows} where delivered_line in (select line from personal.refused where {at}))"
    )
    others = f"select distinct {_PLACE} from ({personal.given(form.name, open_, partner='table_name')})"
    others += " where kind = 'crm_id' and value in (from personal.others_crm_ids)"
    given = personal.given(form.name, open_, partner="table_name")
    torn = tombstones.torn(open_)
    alike = f" union {_alike(form, open_)}" if form.name in personal.DESCRIBED else ""
    ask(
        session,
        f"""
        create or replace table personal.gone as
        select {_PLACE} from {rows} semi join personal.mine_{form.name} using ({_PLACE})
        union
        select {_PLACE} from (
            select {_PLACE} from ({given}) semi join personal.keys using (kind, value)
            union select {_PLACE} from ({torn}) semi join personal.own using (kind, value){alike}
        ) where ({_PLACE}) not in ({others}) or ({_PLACE}) in (
            select ({_PLACE}) from ({given}) where kind = 'crm_id' and value in (from personal.crm_ids))
        """,
    )


def _alike(form: Form, rows: str) -> str:
    """Places of rows that give the person's first and last name with their birth date, street or postcode."""
    told = ("birth_date", "street", "postcode")
    mine = " union ".join(
        f"select lower(trim(first_name)) as f, lower(trim(last_name)) as l, lower(cast({c} as varchar)) as w"
        f" from personal.{name} semi join personal.mine_{name} using ({_PLACE})"
        for name, columns in personal.DESCRIBED.items()
        for c in columns
        if c in told
    )
    mine = (
        f"select (f, l, w) from ({mine}) where f <> '' and l <> '' and w <> ''"  # a row of nulls would be equal to one
    )
    given = " or ".join(
        f"(lower(trim(first_name)), lower(trim(last_name)), lower({c})) in ({mine})"
        for c in personal.DESCRIBED[form.name]
        if c in told
    )
    return f"select {_PLACE} from {rows} where {given}"


def _judged(session: Session, form: Form, sought: Sought) -> dict[int, tuple[int, str]]:
    """The lines of door.<form> that go, and those of others that hold a value."""
    rows = f"door.{form.name}"
    going = f"select delivered_line, {tombstones.LINES}, '' from {rows} semi join personal.gone using ({_PLACE})"
    found = {line: (lines, text) for line, lines, text in ask(session, going)}
    if sought.simple:
        held = f"from {rows} anti join personal.gone using ({_PLACE}) where regexp_matches(raw, ?)"
        held = f"select delivered_line, {tombstones.LINES}, raw {held}"
        told = (
            (line, lines, raw, sought.without_in(raw, numbers=True))
            for line, lines, raw in ask(session, held, [sought.simple])
        )
        found |= {line: (lines, fresh) for line, lines, raw, fresh in told if fresh != raw}
    return {line: change for line, change in found.items() if line}


# -- what each build calls the person ---------------------------------------------------------------------------------


def _marks(settings: Settings, session: Session) -> dict[str, Marks]:
    found = {}
    for folder in sorted((settings.data / "builds").glob("*/*")):
        if folder.name.isdigit():
            found[f"{folder.parent.name}/{folder.name}"] = _marks_of(session, folder)
    return found


def _marks_of(session: Session, folder: Path) -> Marks:
    """A customer_id is the person's where all the records that it has there are theirs."""
    ask(session, "drop schema if exists build cascade")
    for stage in ("identity", "journeys"):
        session.attach(stage, [folder / stage], schema="build")
    has = {
        row[0] for row in ask(session, "select table_name from information_schema.tables where table_schema = 'build'")
    }
    named = [
        f"select customer_id, identifier_kind as kind, identifier_value as value from build.{table}"
        for table in sorted(has & {"identifiers", "identifiers_strict", "identifiers_loose"})
    ]
    records: tuple[int, ...] = ()
    mine = "(kind, value) in (select (kind, value) from personal.records)"
    if {"records", "members"} <= has:
        named.append("select customer_id, kind, value from build.members inner join build.records using (record_id)")
        records = tuple(
            row[0] for row in ask(session, f"select record_id from build.records where {mine} order by all")
        )
    if not named:
        return Marks()
    customers = _texts(
        session,
        f"select customer_id from ({' union all '.join(named)}) where kind = 'crm_id' or starts_with(kind, 'partner:')"
        f" group by customer_id having bool_and({mine}) order by all",
    )
    personal.put(session, "personal.named", ("customer_id",), [(c,) for c in customers])
    of = "where customer_id in (from personal.named) order by all"
    journeys = _texts(session, f"select distinct journey_id from build.journeys {of}") if "journeys" in has else ()
    touches = _texts(session, f"select distinct touch_id from build.touchpoints {of}") if "touchpoints" in has else ()
    return Marks(customers, records, journeys, touches)


def _texts(session: Session, sql: str) -> tuple[str, ...]:
    return tuple(str(row[0]) for row in ask(session, sql))
