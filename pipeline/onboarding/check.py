"""What a night would make of a delivery, told before any night: found, mapped, unmapped, missing, quarantined, left.

The delivery goes through the stages pull and ingest themselves, in a data folder that is thrown away.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property, reduce
from typing import Any

from pipeline.errors import LandmarkError
from pipeline.ingest.door import ask
from pipeline.ingest.reading import Arrival, ending_of
from pipeline.onboarding.encodings_fit import encoding_advice
from pipeline.onboarding.left import Left, left
from pipeline.onboarding.trial import Trial
from pipeline.onboarding.words_found import Unknown, known_words, lines_of, unknown_words
from pipeline.onboarding.words_found import told as told_of
from pipeline.quarantine import set_aside
from pipeline.runner import open_run
from pipeline.sources.advice import Advice, mended
from pipeline.sources.calendars import is_ours
from pipeline.sources.forms import Column
from pipeline.sources.landing import Landed, Landing
from pipeline.sources.samples import Sample, sample
from pipeline.sources.vendors import Route, route
from pipeline.warehouse import Session, quoted

FATES = ("arrived", "accepted", "superseded", "quarantined", "not_ours")
MOST_SAMPLED = 3  # of a table's files, the newest
MOST_REFUSED = 0.5  # of a table's rows: where more are, it is not of the form that it was read in


@dataclass(frozen=True)
class Reason:
    """Why rows were set aside: the reason's code, how many, where the first of them lies, and that row redacted."""

    code: str
    count: int
    told: str
    where: str
    example: str


@dataclass(frozen=True)
class TableFound:
    """One table as it was read. way: in which form; '' for the canonical one. fates: rows by what became of them."""

    source: str
    table: str
    way: str
    kinds: dict[str, int]
    fates: dict[str, int]
    mapped: tuple[str, ...]
    unmapped: tuple[str, ...]
    reasons: tuple[Reason, ...]
    advice: Advice | None = None


@dataclass
class Found:
    """All that was found. texts: what to tell of encodings. stops: why a night would stop, one sentence each.

    warnings: what the night would note.
    """

    exports: str
    night: str
    nights: int
    tables: list[TableFound] = field(default_factory=list)
    texts: list[Advice] = field(default_factory=list)
    left: list[Left] = field(default_factory=list)
    stops: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def check(here: Trial) -> Found:
    """Reads the delivery and tells what a night would make of it."""
    nights = {delivery.night for _, delivery in here.delivered if delivery.night <= here.night}
    exports = " and ".join(dict.fromkeys(place.shown for place in here.places))
    found = Found(exports, here.night, len(nights), stops=list(here.faults))
    if not here.night:
        found.stops.append("no file lies in a night's folder: <exports>/<source>/<table>/<YYYY-MM-DD>/<file>")
    else:
        for source in here.wanted():
            here.progress(f"{here.night} {source} ...")
            _read(here, source, found)
    found.left = left(here)
    return found


def _read(here: Trial, source: str, found: Found) -> None:
    """Takes a source in as the night would; where that stops, once more as if it need not be whole, to see the rest."""
    notes: list[str] = []
    try:
        notes = here.take_in(source)
    except LandmarkError as error:
        found.stops += [] if str(error) in found.stops else [str(error)]
        if here.settings.sources[source].missing == "stop":
            notes = _leniently(here, source)
    found.warnings += [f"{source}: {note[9:]}" for note in notes if note.startswith("warning: ")]
    if here.has(source):
        found.tables += _tables(here, source)
        found.texts += _texts(here, source)


def _leniently(here: Trial, source: str) -> list[str]:
    sources = here.settings.sources
    lenient = {**sources, source: sources[source].model_copy(update={"missing": "warn"})}
    settings = here.settings.model_copy(update={"sources": lenient})
    try:
        return replace(here, settings=settings).take_in(source)
    except LandmarkError:
        return []  # why it stops was told already


# -- one source's tables --------------------------------------------------------------------------------------------


def _tables(here: Trial, source: str) -> list[TableFound]:
    with here.session() as session:
        session.attach("ingest", [here.folder("ingest") / source])
        listed = ", ".join(f"cast(sum({fate}) as bigint)" for fate in FATES)
        rows = ask(session, f"select table_name, {listed} from ingest.files group by table_name order by table_name")
        landing = Landing(here.settings.data, source)
        shapes = set_aside.examples(here.settings, date.fromisoformat(here.night))
        return [
            _Table(here, session, landing, table, shapes).found(dict(zip(FATES, counts, strict=True)))
            for table, *counts in rows
        ]


def _texts(here: Trial, source: str) -> list[Advice]:
    """What to tell of the encoding of a source's canonical tables, where nothing is told of it."""
    told, by_table = here.settings.sources[source], defaultdict[str, list[Landed]](list)
    landing = Landing(here.settings.data, source)
    for file in [] if told.encoding else landing.files():
        way = route(source, file.table, told)
        if way is not None and way.vendor is None:
            by_table[file.table].append(file)
    advice = encoding_advice(landing, [file for files in by_table.values() for file in files[-MOST_SAMPLED:]])
    return [] if advice is None else [advice]


@dataclass(frozen=True)
class _Table:
    """One table that the trial has taken in. shapes: examples of the rows that were set aside."""

    here: Trial
    session: Session
    landing: Landing
    name: str
    shapes: Mapping[set_aside.Wrong, Sequence[Mapping[str, Any]]]

    def found(self, fates: dict[str, int]) -> TableFound:
        """All that is told of it. fates: its rows by what became of them."""
        kinds: dict[str, int] = {}
        for file in self.files:
            kinds[ending_of(file.file)] = kinds.get(ending_of(file.file), 0) + 1
        columns = self.way.raw().columns if self.way else ()
        mapped = tuple(column.path for column in columns if _delivered(column, self.rows))
        advice = self.advice(is_refused=fates["quarantined"] > MOST_REFUSED * fates["arrived"])
        source = self.landing.source
        return TableFound(source, self.name, self.told, kinds, fates, mapped, self.unmapped(), self.reasons(), advice)

    @cached_property
    def files(self) -> list[Landed]:
        """Its files, in order of their nights; of what was made here only where nothing else is."""
        every = [file for file in self.landing.files() if file.table == self.name]
        return [file for file in every if not is_ours(file)] or every

    @property
    def newest(self) -> list[Landed]:
        """Those that are looked into."""
        return self.files[: -MOST_SAMPLED - 1 : -1]

    @cached_property
    def way(self) -> Route | None:
        """How it was read."""
        return route(self.landing.source, self.name, self.here.settings.sources[self.landing.source])

    @property
    def told(self) -> str:
        """In which form; '' for the canonical one."""
        if self.way is None or (self.way.vendor is None and self.way.columns is None):
            return ""
        return "by its column map" if self.way.vendor is None else self.way.vendor.name

    @cached_property
    def samples(self) -> list[Sample]:
        """The first rows of each of its newest files; none of files that come without a header."""
        found = []
        for file in self.newest:
            if self.way is not None and not self.way.header(ending_of(file.file)):
                path, how = self.landing.zone / file.path, self.way.conventions
                found.append(sample(self.session, path, file.file, how))
        return found

    @cached_property
    def rows(self) -> Sample:
        """Those of all of them together."""
        return reduce(Sample.joined, self.samples, Sample())

    def unmapped(self) -> tuple[str, ...]:
        """Columns that were delivered and mean nothing here: they are kept as they came."""
        if self.way is None or (self.way.vendor is not None and not self.way.vendor.is_used):
            return ()
        if self.way.columns is not None and self.way.columns.is_wide:
            return ()
        known = {word for column in self.way.raw().columns for word in (column.path, column.name)}
        inside = tuple(f"{word.partition('.')[0]}." for word in known)
        above = {word.rpartition(".")[0] for word in known}
        names = {n for n in self.rows.columns if n not in known | above and not n.startswith(inside)}
        kept = ask(
            self.session,
            f"select distinct unnest(json_keys(unmapped)) from ingest.{self.way.form.name}"
            f" where unmapped is not null and {self.way.form.folder_sql()} = {quoted(self.name)}",
        )
        return tuple(sorted(names | {name for (name,) in kept}))

    def advice(self, *, is_refused: bool) -> Advice | None:
        """By which settings it would say more; what the settings tell already is not doubted."""
        if self.way is None or self.way.vendor is not None:
            return None
        source, told = self.landing.source, self.here.settings.sources[self.landing.source]
        settled, columns = told.model_fields_set, told.columns.get(self.name)
        one = self._renamed() or mended(source, self.name, self.rows, settled, columns, is_refused=is_refused)
        unknown = [] if one is not None and one.vendor else self._unknown_words(self.way)
        if not unknown:
            return one
        values = told.values.get(self.name, {})
        lines = tuple(tuple(lines_of(source, self.name, self.way.form, each, values)) for each in unknown)
        words = "; ".join([*([one.words] if one else []), f"{told_of(unknown)}: tell what they mean as below"])
        return replace(one or Advice("", source), words=words, values=lines)

    def _renamed(self) -> Advice | None:
        """What to do where one of the newest files lacks a column that the map names, and others have it."""
        source, told = self.landing.source, self.here.settings.sources[self.landing.source]
        raw = self.way.raw() if self.way is not None and self.way.columns is not None else None
        for found in self.samples if raw else ():
            if raw and found.columns and raw.lacking(set(found.columns)):
                columns = told.columns.get(self.name)
                one = mended(source, self.name, found, told.model_fields_set, columns, is_refused=True)
                if one is not None and one.columns:
                    return one
        return None

    def _unknown_words(self, way: Route) -> list[Unknown]:
        run, zone = open_run(self.here.settings, self.here.night), self.landing.zone
        arrivals = [Arrival(way, file.table, file.night, file.file, zone / file.path) for file in self.newest]
        known = known_words(run, way.form)
        return unknown_words(self.session, arrivals, way.form, known, self.here.settings.small_group)

    def reasons(self) -> tuple[Reason, ...]:
        """Why rows were set aside, the commonest reason first, each with the first such row."""
        place = "concat(night, ' ', file, ' ', lpad(cast(line as varchar), 12, '0'))"
        rows = ask(
            self.session,
            f"""
            select split_part(reason, ':', 1) as code, count(*), arg_min(reason, {place}),
                arg_min(cast(night as varchar), {place}), arg_min(file, {place}), arg_min(line, {place})
            from ingest.quarantine where table_name = ? group by code order by count(*) desc, code""",
            [self.name],
        )
        found = []
        for code, count, reason, night, file, line in rows:
            like = self.shapes.get((self.landing.source, self.name, set_aside.wrong(reason)), [])
            shape = like[0]["shape"] if like else ""
            found.append(Reason(code, count, reason.partition(": ")[2], f"{night}/{file} line {line}", shape))
        return tuple(found)


def _delivered(column: Column, seen: Sample) -> bool:
    return any(name in (column.path, column.name) or name.startswith(f"{column.path}.") for name in seen.columns)
