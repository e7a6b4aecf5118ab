"""A first journey map, drafted from what a delivery holds: for somebody to read, rename, correct, and then to use.

Windows come from the gaps between orders and from when more happens around them; steps from when events happen in
relation to the order; sub-steps from channels and kinds of events; moments from the ways in which events come out.
Comments say what was guessed and what only the company can decide.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from pipeline.errors import DeliveryError
from pipeline.ingest.door import ask
from pipeline.journey_map import load_journey_map
from pipeline.onboarding import drafts
from pipeline.onboarding.drafts import COMMON, MOST_MOMENTS, MOST_OUTCOMES, Found, Names, Proposal, Row
from pipeline.onboarding.first_windows import Window, horizon, reach
from pipeline.onboarding.trial import Trial, provisional
from pipeline.stages import SOURCES
from pipeline.warehouse import Session, quoted
from pipeline.words import clean

PHASES = {
    "before": ("before_the_order", "what leads to an order"),
    "order": ("the_order", "the order itself, and what happens on its day"),
    "until": ("until_it_begins", "after the order, before what was ordered begins"),
    "during": ("while_it_lasts", "while what was ordered is used"),
    "after": ("afterwards", "after what was ordered is over"),
    "any": ("at_any_time", "in no fixed relation to an order"),
}
_MAINLY = 0.6  # of an event's touches near an order lie in the phase that it is of
_BRAND = "Our company"


@dataclass(frozen=True)
class _Seen:
    """What the delivery tells. brand and currency come with how they are known; the keys are of an event."""

    found: Found
    phases: dict[tuple[str, ...], str]
    ways: dict[tuple[str, ...], list[Row]]
    windows: dict[str, Window]
    brand: tuple[str, str]
    currency: tuple[str, str]


def drafted(here: Trial) -> str:
    """The map as YAML that `landmark check` accepts. The trial has taken its sources in.

    Raises LandmarkError: there is no usable order, or a stage cannot go on.
    """
    currency, brand = _currency(here), _brand(here)
    settings = here.settings
    settings.journey_map.write_text(provisional(brand[0], currency[0]), "utf-8")
    for source in SOURCES:
        if not here.has(source):
            here.take_in(source)
    for stage in ("identity", "emotion", "journeys"):
        here.progress(f"{here.night} {stage} ...")
        here.stage(stage)
    found = drafts.found_in(settings, here.folder("journeys"), load_journey_map(settings.journey_map), here.scratch)
    with Session(settings, "journeys", here.scratch, here.scratch / "spill") as session:
        session.attach("journeys", [here.folder("journeys")])
        seen = _Seen(found, _phases(session), _ways(session), _windows(session, here.night), brand, currency)
    return _written(seen)


def _currency(here: Trial) -> tuple[str, str]:
    rows = []
    if here.has("crm"):
        with here.session() as session:
            session.attach("ingest", [here.folder("ingest") / "crm"])
            told = "select currency, count(*) from ingest.orders where status = 'completed' group by currency"
            rows = ask(session, f"{told} order by count(*) desc, currency")
    if not rows:
        raise DeliveryError(
            "a journey map cannot be drafted: there is no completed order that could be taken in",
            where="crm/orders",
            fix="See above why rows were set aside, and correct the settings or the delivery",
        )
    others = ", ".join(f"{currency} {count:,}" for currency, count in rows[1:4])
    share = rows[0][1] / sum(count for _, count in rows)
    return rows[0][0], f"in {share:.0%} of the orders" + (f"; others: {others}" if others else "")


def _brand(here: Trial) -> tuple[str, str]:
    """The company's name, as its journey map tells where there is one, else as its own pages' address does."""
    given = load_journey_map(here.settings.journey_map).brand
    if here.is_mapped:
        return given, "as the journey map has it"
    if here.has("web"):
        with here.session() as session:
            session.attach("ingest", [here.folder("ingest") / "web"])
            host = "lower(regexp_extract(url, '^https?://(www[.])?([a-z0-9.-]+)', 2))"
            rows = ask(session, f"select {host} as host from ingest.events where url is not null group by host"
                                " order by count(*) desc, host limit 1")  # fmt: skip
        if rows and rows[0][0]:
            return rows[0][0], "the address of most pages; DECIDE what the company is called"
    return _BRAND, "DECIDE what the company is called"


def _phases(session: Session) -> dict[tuple[str, ...], str]:
    """The phase of each source, brand and event: that of most of its touches near an order."""
    session.model("journeys.event_phases", keep=False)
    counted: dict[tuple[str, ...], dict[str, int]] = {}
    days: dict[tuple[str, ...], int] = {}
    for row in session.arrow("journeys.event_phases").to_pylist():
        key = (row["source"], row["brand"], row["event"])
        phases = counted.setdefault(key, {})
        phases[row["phase"]] = phases.get(row["phase"], 0) + row["touches"]
        days[key] = days.get(key, 0) + row["same_day_touches"]
    return {key: _phase(phases, days[key]) for key, phases in counted.items()}


def _phase(touches: dict[str, int], same_day: int) -> str:
    near = {phase: count for phase, count in touches.items() if phase != "apart"}
    total = sum(near.values())
    if not total or total < touches.get("apart", 0):
        return "any"
    if same_day >= _MAINLY * total:
        return "order"
    phase, count = max(near.items(), key=lambda one: (one[1], one[0]))
    return phase if count >= _MAINLY * total else "any"


def _ways(session: Session) -> dict[tuple[str, ...], list[Row]]:
    session.model("journeys.event_ways", keep=False)
    found: dict[tuple[str, ...], list[Row]] = {}
    for row in session.arrow("(from journeys.event_ways order by touches desc, kind, way)").to_pylist():
        found.setdefault((row["source"], row["brand"], row["event"]), []).append(row)
    return found


def _windows(session: Session, night: str) -> dict[str, Window]:
    session.model("journeys.touch_days", keep=False)
    session.model("journeys.order_returns", keep=False, night=night)
    days: dict[str, dict[int, int]] = {"before": {}, "after": {}}
    for row in session.arrow("journeys.touch_days").to_pylist():
        days[row["side"]][row["days"]] = row["touches"]
    returns = session.frame("(from journeys.order_returns order by order_id)")
    before, after = reach("before", days["before"]), reach("after", days["after"])
    return {
        "lookback_days": before,
        "follow_up_days": after,
        "inactivity_days": Window(max(7, before.days + after.days), "lookback and follow-up together: a guess"),
        "horizon_days": horizon(returns["days_to_next"].to_numpy(float), returns["days_seen"].to_numpy(float)),
    }


# -- as YAML --------------------------------------------------------------------------------------------------------


def _written(seen: _Seen) -> str:
    names = Names({name for name, _ in PHASES.values()})
    least = COMMON * max(1, seen.found.journeys)
    common = [row for row in seen.found.events if row["journeys"] >= least and drafts.event_condition(row)]
    lines = [*_head(seen), *_settings_lines(seen), "steps:"]
    for phase, (step, told) in PHASES.items():
        rows = [row for row in common[:MOST_MOMENTS] if seen.phases.get(_key(row), "any") == phase]
        subs = [line for group in _groups(rows, seen) for line in _sub_step(names, group, seen, phase)]
        if phase == "order":
            subs = [*drafts.sub_step_lines(names.give("order"), "source = 'crm' and channel = 'order'", []), *subs]
        if subs:
            lines += [f"  # {told}", f"  - name: {step}", "    sub_steps:", *subs]
    if not common:
        lines += _nothing_common()
    return "\n".join([*lines, *_rare(seen, common), ""])


def _nothing_common() -> list[str]:
    """A map must have a moment: where nothing but orders happens, it is one that DECIDE stands beside."""
    order = Proposal("order_placed", "source = 'crm' and channel = 'order'", "decision", "buy",
                     "DECIDE: nothing but orders is common enough; deliver interactions or web events")  # fmt: skip
    return ["  - name: at_any_time", "    sub_steps:", *drafts.sub_step_lines("ordering", order.when, [order])]


def _key(row: Row) -> tuple[str, ...]:
    return row["source"], row["brand"], row["event"]


def _head(seen: _Seen) -> list[str]:
    return [
        "# A FIRST JOURNEY MAP, drafted from a delivery by `landmark sources check`. It can be run as it is.",
        f"# It rests on {seen.found.journeys:,} journeys and {len(seen.found.events):,} kinds of events.",
        "# What is a guess, and for you to decide:",
        "#  - steps: only when something happens in relation to the order was looked at. DECIDE what your steps are,",
        "#    name them as your company does, and put them in your order.",
        "#  - moments: one for each way in which an event comes out that is neither rare nor the usual one. DECIDE",
        "#    which of them you can shape, and drop the others. `type` and `micro_moment` go by behaviour.",
        "#  - windows: as the comments beside them say.",
    ]


def _settings_lines(seen: _Seen) -> list[str]:
    journey = [f"  {name}: {seen.windows[name].days}   # {seen.windows[name].why}" for name in
               ("lookback_days", "follow_up_days", "inactivity_days")]  # fmt: skip
    back = seen.windows["horizon_days"]
    return [
        f"brand: {drafts.text_of(' '.join(clean(seen.brand[0]).split()))}   # {seen.brand[1]}",
        f"currency: {seen.currency[0]}   # {clean(seen.currency[1])}",
        "journey:",
        *journey,
        "retention:",
        f"  horizon_days: {back.days}   # {back.why}. DECIDE by when a customer of yours counts as having come back",
    ]


def _groups(rows: list[Row], seen: _Seen) -> list[list[Row]]:
    """The rows by sub-step: an event that comes out in several ways is one, the others are one a channel together."""
    groups: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        own = (row["event"],) if _moments_of(row, seen) else ("pages",) if row["is_page"] else ()
        groups.setdefault((row["source"], row["brand"], *own), []).append(row)
    return sorted(groups.values(), key=lambda group: (group[0]["days_after_order"] or 0.0, _key(group[0])))


def _moments_of(row: Row, seen: _Seen) -> list[Row]:
    """The ways of an event that are neither rare nor the usual one, the commonest of each kind first."""
    if not drafts.event_condition(row):
        return []
    ways = seen.ways.get(_key(row), [])
    kinds = ([way for way in ways if way["kind"] == kind] for kind in ("outcome", "topic", "duration"))
    kept = [way for of_kind in kinds for way in drafts.telling(of_kind, row["touches"]) if _refusable(row, way)]
    return kept[: 2 * MOST_OUTCOMES]


def _refusable(row: Row, way: Row) -> bool:
    return way["kind"] == "duration" or bool(drafts.event_condition(row, way["way"]))


def _sub_step(names: Names, rows: list[Row], seen: _Seen, phase: str) -> list[str]:
    first = rows[0]
    ways = _moments_of(first, seen)
    if ways:
        name = names.give(first["event"], source=first["source"])
        return drafts.sub_step_lines(name, drafts.event_condition(first), [_way(names, first, w, seen) for w in ways])
    place = (first["source"],) if first["source"] != "partner" else (first["source"], first["brand"])
    name = names.give(*place, "pages" if first["is_page"] else "", PHASES[phase][0])
    moments = [drafts.whole(names, row, seen.found) for row in rows]
    return drafts.sub_step_lines(name, drafts.any_of(rows), moments)


def _way(names: Names, row: Row, way: Row, seen: _Seen) -> Proposal:
    """One way in which an event comes out."""
    when, share = drafts.event_condition(row), way["touches"] / row["touches"]
    if way["kind"] == "duration":
        when, told = f"{when} and duration_seconds > {way['limit_seconds']:.0f}", "took more than twice the usual time"
    else:
        when, told = f"{when} and {way['kind']} = {quoted(way['way'])}", f"by its {way['kind']}"
    type_, micro, why = drafts.proposed(row, seen.found.ordinary)
    name = names.give(row["event"], way["way"], source=row["source"])
    return Proposal(name, when, type_, micro, f"{share:.0%} of these touches, {told}; {why}")


def _rare(seen: _Seen, common: Iterable[Row]) -> list[str]:
    """What happens too, and is in no step: for somebody to add where it matters."""
    drafted = list(common)[:MOST_MOMENTS]
    rows = [row for row in seen.found.events if row not in drafted][:MOST_MOMENTS]
    if not rows:
        return []
    lines = ["# Not drafted, because it is rare, beyond the first moments, or cannot be named in SQL:"]
    return lines + [f"#   {row['touches']:,} touches: {clean(', '.join(map(str, _key(row))))[:100]}" for row in rows]
