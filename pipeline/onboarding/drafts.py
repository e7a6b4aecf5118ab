"""Drafts for events that the journey map does not know: sub-steps and moments for an analyst to rename, keep or drop.

What a draft proposes rests on behaviour alone: how many journeys have the event, on which side of the order, in what
ways it comes out, how it is felt. The file is a whole journey map by itself: it can be checked and tried as it is.
"""

import json
import re
import tempfile
import unicodedata
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from pipeline.errors import DeliveryError
from pipeline.journey_map import JourneyMap, compiled, condition, load_journey_map, refused
from pipeline.settings import Settings, load_settings
from pipeline.stages import SOURCES
from pipeline.warehouse import Session, fails, quoted
from pipeline.words import clean

COMMON = 0.01  # an event on fewer of the journeys is listed, not drafted
MOST_MOMENTS = 40
SPLITS = (0.02, 0.8)  # an outcome this common may be a moment: rarer ones tell little, commoner ones are the usual way
MOST_OUTCOMES = 4
FELT = 20  # texts from which a feeling is told
SOON = 0.5  # half of the touches have the order within a day: it is about buying
DELIGHT = 0.2  # of the scale above what is ordinary
_STEPS = ("draft_before_the_order", "draft_after_the_order", "draft_without_an_order")
Row = dict[str, Any]


@dataclass(frozen=True)
class Found:
    """What the deliveries hold: unmapped events and their outcomes, outcomes of mapped events that no moment names, the
    number of journeys, the ordinary valence."""

    events: list[Row]
    outcomes: list[Row]
    unnamed: list[Row]
    journeys: int
    ordinary: float


def draft(settings: Settings, *, from_exports: bool) -> str:
    """The draft as YAML, of the published touchpoints or, `from_exports`, of the deliveries themselves (all nights).

    Raises LandmarkError: nothing is published, or the deliveries or the journey map cannot be read.
    """
    journey_map = load_journey_map(settings.journey_map)
    with tempfile.TemporaryDirectory() as scratch:
        folder = _delivered(settings, Path(scratch)) if from_exports else _published(settings)
        found = found_in(settings, folder, journey_map, Path(scratch))
    return _written(journey_map, found)


def _published(settings: Settings) -> Path:
    from pipeline.runner import marts_folder

    return marts_folder(settings)


def _delivered(settings: Settings, scratch: Path) -> Path:
    """The touchpoints of everything that was delivered, built in a data folder of their own."""
    from pipeline.runner import run_night
    from pipeline.sources.opening import opened
    from pipeline.sources.places import Exports

    places = {source: opened(settings, source, date.min) for source in SOURCES}
    files = {source: place for source, place in places.items() if isinstance(place, Exports)}
    nights = sorted({delivery.night for source, place in files.items() for delivery in place.deliveries(source)})
    if not nights:
        raise DeliveryError("no delivery was found", where="exports", fix="Give their place with --exports")
    apart = load_settings(exports=settings.exports, journey_map=settings.journey_map, data=scratch / "data")
    return run_night(apart, nights[-1], through="journeys")


def found_in(settings: Settings, folder: Path, journey_map: JourneyMap, scratch: Path) -> Found:
    with Session(settings, "journeys", scratch, scratch / "spill") as session:
        session.attach("journeys", [folder])
        moments = [compiled(m.when) for _, sub in journey_map.sub_steps() for m in sub.moments]
        whens = [w for _, sub in journey_map.sub_steps() for w in (sub.when, *(m.when for m in sub.moments))]
        matched = " or ".join(compiled(when) for when in whens)
        session.select(
            "journeys.mapped_events", f"select distinct source, brand, event from journeys.touchpoints where {matched}"
        )
        session.select(
            "journeys.moment_outcomes",
            "select distinct source, brand, event, outcome from journeys.touchpoints "
            f"where {' or '.join(moments) or 'false'}",
        )
        for name in ("unmapped_events", "unmapped_outcomes", "unnamed_outcomes"):
            session.model(f"journeys.{name}", keep=False)
        order = "order by touches desc, source, brand, event"
        events = session.arrow(f"(from journeys.unmapped_events {order})").to_pylist()
        outcomes = session.arrow(f"(from journeys.unmapped_outcomes {order}, outcome)").to_pylist()
        unnamed = session.arrow(f"(from journeys.unnamed_outcomes {order}, outcome)").to_pylist()
        told = "count(distinct journey_id), coalesce(avg(cast(round(valence * 10000) as bigint)) / 1e4, 0)"
        counted = session.connection.execute(f"select {told} from journeys.touchpoints").fetchone() or (0, 0.0)
    return Found(events, outcomes, unnamed, int(counted[0]), float(counted[1]))


# -- what is proposed -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Proposal:
    """One proposed moment: its name, condition, taxonomies, and why."""

    name: str
    when: str
    type: str
    micro_moment: str
    why: str


class Names:
    """Gives each thing a plain name of its own."""

    def __init__(self, taken: set[str]) -> None:
        self.taken = set(taken)

    def give(self, *words: str, source: str = "") -> str:
        """A name made of the words that no other thing has: lower-case letters, digits and _.

        Where another thing has it, the source stands before it; then it is numbered.
        """
        stem = _plain(*words)
        stem = _plain(source, stem) if source and stem in self.taken else stem
        name, nth = stem, 2
        while name in self.taken:
            name, nth = f"{stem}_{nth}", nth + 1
        self.taken.add(name)
        return name


def text_of(text: str) -> str:
    """A text as YAML; what cannot be seen is escaped."""
    return json.dumps(text, ensure_ascii=not text.isprintable())


def _plain(*words: str) -> str:
    plain = unicodedata.normalize("NFKD", "_".join(words)).encode("ascii", "ignore").decode("ascii")
    stem = re.sub(r"[^a-z0-9]+", "_", plain.lower()).strip("_")[:48].strip("_")
    return stem if stem[:1].isalpha() else f"event_{stem}".rstrip("_")


def _written(journey_map: JourneyMap, found: Found) -> str:
    taken = {name for step, sub in journey_map.sub_steps() for name in (step, sub.name, *(m.name for m in sub.moments))}
    names = Names(taken | set(_STEPS))
    common = [row for row in found.events if row["journeys"] >= COMMON * found.journeys and event_condition(row)]
    drafted = common[:MOST_MOMENTS]
    lines = _head(found, drafted)
    if not drafted:
        return "\n".join([*lines, "# Every event is matched by a condition of the journey map, or is rare.", ""])
    lines += _settings_lines(journey_map)
    for step in _STEPS:
        groups = _groups([row for row in drafted if _step_of(row) == step], found)
        if groups:
            lines += [f"  - name: {step}", "    sub_steps:"]
            for rows in groups:
                lines += _sub_step(names, rows, found)
    return "\n".join([*lines, ""])


def _groups(rows: list[Row], found: Found) -> list[list[Row]]:
    """The rows by sub-step, in the order of the journey: an event with several ways to come out is one, the others of
    a source and brand are one together."""
    groups: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        key = (row["source"], row["brand"], *([row["event"]] if _ways(row, found) else []))
        groups.setdefault(key, []).append(row)
    return sorted(groups.values(), key=lambda rows: rows[0]["days_after_order"] or 0)


def _ways(row: Row, found: Found) -> list[Row]:
    """The ways in which an event comes out that are neither rare nor the usual one, the commonest first."""
    key = (row["source"], row["brand"], row["event"])
    ways = [way for way in found.outcomes if (way["source"], way["brand"], way["event"]) == key]
    return [way for way in telling(ways, row["touches"]) if event_condition(row, way["outcome"])][:MOST_OUTCOMES]


def telling(ways: list[Row], touches: int) -> list[Row]:
    """The ways of an event that each tell something of their own: not the rare ones, and where there are others not
    the usual one, which is what these are held against."""
    told = [way for way in ways if SPLITS[0] <= way["touches"] / touches <= SPLITS[1]]
    usual = [way for way in told if 2 * way["touches"] >= touches][:1] if len(told) > 1 else []
    return [way for way in told if way not in usual]


def event_condition(row: Row, outcome: str | None = None) -> str:
    """The SQL condition of an event, or of one way in which it comes out; '' where it cannot be written safely."""
    when = f"{place_of(row)} and event = {quoted(row['event'])}"
    when += "" if outcome is None else f" and outcome = {quoted(outcome)}"
    return "" if refused(when) or fails(condition(when)) else when


def place_of(row: Row) -> str:
    brand = f" and brand = {quoted(row['brand'])}" if row["source"] == "partner" else ""
    return f"source = {quoted(row['source'])}{brand}"


def _step_of(row: Row) -> str:
    days = row["days_after_order"]
    return _STEPS[2] if days is None else _STEPS[0] if days <= 0 else _STEPS[1]


def _head(found: Found, drafted: list[Row]) -> list[str]:
    lines = [
        "# DRAFT, written by `landmark draft`. Nothing here is in use: copy what you want into the journey map.",
        f"# Events that no condition of the journey map matches: {len(found.events)}; drafted: {len(drafted)}.",
        "# Types are proposals from behaviour alone.",
    ]
    for row in found.events:
        known = (
            "drafted" if row in drafted else "too rare to draft" if event_condition(row) else "cannot be named in SQL"
        )
        where = "" if row["days_after_order"] is None else f", {days_told(row['days_after_order'])}"
        what = clean(f"{row['source']}, {row['brand']}: {row['event']}")[:100]
        lines.append(f"#   {row['touches']:,} touches on {row['journeys']:,} journeys{where}: {what} ({known})")
    return lines + _unnamed(found)


def _unnamed(found: Found) -> list[str]:
    """The commoner ways in which the map's own events come out without a moment, for the analyst to look at."""
    rows = [row for row in found.unnamed if row["journeys"] >= COMMON * found.journeys][:MOST_MOMENTS]
    if not rows:
        return []
    lines = ["# Ways in which events of the journey map come out that no moment of it names:"]
    for row in rows:
        what = clean(f"{row['source']}, {row['brand']}: {row['event']}, outcome {row['outcome']}")[:120]
        lines.append(f"#   {row['touches']:,} touches on {row['journeys']:,} journeys: {what}")
    return lines


def days_told(days: float) -> str:
    size = f"{abs(days):.0f} days" if abs(days) >= 1.5 else "a day" if abs(days) >= 0.5 else "hours"
    return f"mostly {size} {'before' if days <= 0 else 'after'} the order"


def _settings_lines(journey_map: JourneyMap) -> list[str]:
    windows = ("lookback_days", "follow_up_days", "inactivity_days")
    return [
        f"brand: {text_of(journey_map.brand)}",
        f"currency: {journey_map.currency}",
        f"journey: {{{', '.join(f'{name}: {getattr(journey_map, name)}' for name in windows)}}}",
        f"retention: {{horizon_days: {journey_map.horizon_days}}}",
        "steps:",
    ]


def _sub_step(names: Names, rows: list[Row], found: Found) -> list[str]:
    """One sub-step: an event with the ways it comes out, or what else a source tells on one side of the order."""
    ways = _ways(rows[0], found)
    source, brand, side = rows[0]["source"], rows[0]["brand"], _step_of(rows[0]).removeprefix("draft_")
    place = (source,) if source != "partner" else (source, brand)
    name = names.give(rows[0]["event"], source=source) if ways else names.give(*place, side)
    when = event_condition(rows[0]) if ways else any_of(rows)
    moments = _split(names, rows[0], ways, found) if ways else [whole(names, row, found) for row in rows]
    return sub_step_lines(name, when, moments)


def any_of(rows: list[Row]) -> str:
    """The SQL condition of a sub-step whose moments are these events. Of one event it is all that happens at its place:
    who gets there without it is what it is held against."""
    listed = ", ".join(quoted(row["event"]) for row in rows)
    return f"{place_of(rows[0])} and event in ({listed})" if len(rows) > 1 else place_of(rows[0])


def sub_step_lines(name: str, when: str, moments: list[Proposal]) -> list[str]:
    """One sub-step of a journey map as YAML."""
    lines = [
        f"      - name: {name}",
        f"        when: {text_of(when)}",
        f"        moments:{'' if moments else ' []'}",
    ]
    for moment in moments:
        lines += [
            f"          # {moment.why}",
            f"          - name: {moment.name}",
            f"            when: {text_of(moment.when)}",
            f"            type: {moment.type}",
            f"            micro_moment: {moment.micro_moment}",
        ]
    return lines


def whole(names: Names, row: Row, found: Found) -> Proposal:
    type_, micro, why = proposed(row, found.ordinary)
    told = f"{row['journeys'] / max(1, found.journeys):.0%} of the journeys; {why}"
    return Proposal(names.give(row["event"], source=row["source"]), event_condition(row), type_, micro, told)


def _split(names: Names, row: Row, ways: list[Row], found: Found) -> list[Proposal]:
    """The ways in which an event comes out. That it happened is their sub-step."""
    type_, micro, why = proposed(row, found.ordinary)
    told = [(way["outcome"], f"{way['touches'] / row['touches']:.0%} of these touches; {why}") for way in ways]
    return [
        Proposal(names.give(row["event"], o, source=row["source"]), event_condition(row, o), type_, micro, because)
        for o, because in told
    ]


def proposed(row: Row, ordinary: float) -> tuple[str, str, str]:
    """Type, micro-moment and the reason, from how an event behaves."""
    before = row["days_after_order"] is not None and row["days_after_order"] <= 0
    if row["felt"] >= FELT and row["mean_valence"] >= ordinary + DELIGHT:
        return "delightful", "do", f"felt better than is ordinary in {row['felt']:,} texts"
    if row["is_page"]:
        return "informative", "know", "a page that is read"
    if before and (row["order_soon_share"] or 0) >= SOON:
        return "decision", "buy", "most have the order within a day"
    if row["source"] == "partner":
        return "engaging", "go", "in a partner's hands"
    return "engaging", "do", "something that is done"
