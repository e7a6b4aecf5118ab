"""The true story: who ordered what and when, which moments happened, and who came back because of which.

One person's orders follow one another: an order that is followed by another within the horizon retains, and
the chance of that is the model here. What raises moments and retention alike, and can be seen in the exports
(earlier orders, the loyalty id, a recent return, lead time, amount, weather), is one index; a plain comparison
credits it to the moments.
"""

from dataclasses import dataclass, replace

import numpy as np

from pipeline.demo.company import (
    CHASED_WHEN_LATE,
    HORIZON_DAYS,
    MISSIONS,
    MOMENT_NAMES,
    MOMENTS,
    PLANT_CLAIM_RATE,
    SUB_STEP_NAMES,
    SUB_STEP_OF,
    SUB_STEPS,
)
from pipeline.demo.people import People
from pipeline.demo.recipe import DAY, HOUR, Bools, Floats, Ints, Recipe, logit, pick, sigmoid
from pipeline.demo.weather import Weather

FIRST_RETURN_DAYS = 9  # nobody orders again sooner: what a journey left behind has happened by then
ADDONS = 0.02  # share of orders that are followed by an add-on
RETURNS_LATER = 0.45  # of those who were not retained, how many come back after the horizon
EFFECT = np.array([m.effect for m in MOMENTS]).T  # mission x moment
RATE = np.array([m.rate for m in MOMENTS]).T
REACHED = np.array([s.reached for s in SUB_STEPS]).T
DIED, REPLACED = MOMENT_NAMES.index("plant_died"), MOMENT_NAMES.index("replaced_same_week")
LATE, CHASED = MOMENT_NAMES.index("delivery_late"), MOMENT_NAMES.index("order_chased")
RECOVERY = SUB_STEP_NAMES.index("recovery")


@dataclass(frozen=True)
class Journeys:
    """One entry a journey, in order of time. Times in milliseconds.

    before, after: when the person's previous order ended and the next began (far away where there is none).
    prior: earlier orders. reached: journey x sub-step. on: journey x moment. eta: logit of being retained as
    everything happened. replaced_eta: logit of a quick replacement, had a plant died and been claimed.
    addon: a second order on top of a running one, delivered with it: a journey on which nothing else happens.
    """

    person: Ints
    mission: Ints
    prior: Ints
    ordered: Ints
    starts: Ints
    ends: Ints
    before: Ints
    after: Ints
    items: Ints
    amount: Floats
    plot_m2: Floats
    category: Ints
    reached: Bools
    on: Bools
    eta: Floats
    replaced_eta: Floats
    retained: Bools
    addon: Bools

    def __len__(self) -> int:
        return len(self.person)

    def take(self, rows: Ints) -> "Journeys":
        return Journeys(**{name: getattr(self, name)[rows] for name in self.__dataclass_fields__})


@dataclass
class _State:
    """Where each person stands: when they order next, and what is known of them by then."""

    when: Ints
    before: Ints
    orders: Ints
    recent: Bools


def effect_table(recipe: Recipe) -> Floats:
    """What each moment adds to the logit of coming back: mission x moment."""
    return EFFECT if recipe.effects else np.zeros_like(EFFECT)


def simulate(recipe: Recipe, people: People, weather: Weather) -> Journeys:
    """All journeys that were ordered before the last night."""
    rng = recipe.rng("history")
    n = len(people)
    state = _State(people.entry.copy(), np.full(n, -(10**14)), np.zeros(n, np.int64), np.zeros(n, bool))
    rounds = []
    while len(who := np.flatnonzero(state.when < recipe.end)):
        journeys = _round(recipe, people, weather, state, who=who, rng=rng)
        rounds.append(journeys)
        state.when[who], state.before[who] = journeys.after, journeys.ends
        state.recent[who], state.orders[who] = journeys.retained, state.orders[who] + 1
    fields = Journeys.__dataclass_fields__
    whole = Journeys(**{f: np.concatenate([getattr(r, f) for r in rounds]) for f in fields})
    whole = _with_addons(whole, recipe, rng)
    return whole.take(np.lexsort((whole.person, whole.ordered)))


def _with_addons(main: Journeys, recipe: Recipe, rng: np.random.Generator) -> Journeys:
    """Some people order once more while they wait; it comes with the first order, so both share their fate."""
    ordered = main.ordered + (rng.uniform(0.2, 0.8, len(main)) * (main.starts - main.ordered)).astype(np.int64)
    wait = main.starts - main.ordered > 2 * DAY
    rows = np.flatnonzero((rng.random(len(main)) < ADDONS) & wait & (ordered < recipe.end))
    more = main.take(rows)
    amount = np.round(more.amount * rng.uniform(0.1, 0.5, len(rows)), 2)
    more = replace(
        more,
        ordered=ordered[rows],
        amount=amount,
        addon=np.ones(len(rows), bool),
        reached=np.zeros_like(more.reached),
        on=np.zeros_like(more.on),
    )
    fields = Journeys.__dataclass_fields__
    return Journeys(**{f: np.concatenate([getattr(main, f), getattr(more, f)]) for f in fields})


def _round(
    recipe: Recipe, people: People, weather: Weather, state: _State, *, who: Ints, rng: np.random.Generator
) -> Journeys:
    """The next journey of each person in `who`."""
    n = len(who)
    own = rng.random(n) < 0.6  # people mostly stay with what they came for
    shares = np.tile([m.share for m in MISSIONS], (n, 1))
    mission = np.where(own, people.mission[who], pick(rng, shares))
    ordered = _opening_hours(state.when[who], mission, rng)
    lead, items, amount, plot, category = _order_fields(mission, rng)
    starts = ordered + (lead * DAY).astype(np.int64)
    ends = starts + (rng.uniform(3, 40, n) * HOUR).astype(np.int64)
    growing, rival = weather.at(ordered, people.region[who])
    index = loyalty_index(
        recipe.bend, state.orders[who], people.loyalty_id[who] != "", state.recent[who],
        lead=_scaled(lead, mission, "lead_days"), amount=_scaled(amount, mission, "amount"), growing=growing,
    )  # fmt: skip
    secret = rng.standard_normal(n) * recipe.hidden
    reached = rng.random((n, len(SUB_STEPS))) < REACHED[mission]
    on, replaced_eta = _moments(mission, index, growing, secret, reached, rng=rng)
    base = np.array([m.retained for m in MISSIONS])[mission]
    eta = base + 0.65 * index + 0.3 * people.bond[who] + 0.25 * growing - 0.35 * rival + 1.1 * secret
    eta = eta + (effect_table(recipe)[mission] * on).sum(axis=1)
    retained = rng.random(n) < sigmoid(eta)
    return Journeys(
        person=who, mission=mission, prior=state.orders[who], ordered=ordered, starts=starts, ends=ends,
        before=state.before[who], after=_next_order(ends, retained, rng), items=items, amount=amount,
        plot_m2=plot, category=category, reached=reached, on=on, eta=eta, replaced_eta=replaced_eta,
        retained=retained, addon=np.zeros(n, bool),
    )  # fmt: skip


def _opening_hours(when: Ints, mission: Ints, rng: np.random.Generator) -> Ints:
    """Move a time to an hour of that same day at which people order: gifts at noon, the rest in the evening."""
    hour = np.where(mission == 3, rng.normal(12.5, 3, len(when)), rng.normal(18.5, 3.4, len(when)))
    return when // DAY * DAY + (np.clip(hour, 0.2, 23.8) * HOUR).astype(np.int64)


def _order_fields(mission: Ints, rng: np.random.Generator) -> tuple[Floats, Ints, Floats, Floats, Ints]:
    """Lead days, items, amount, plot size and category as each mission's customers order."""
    n = len(mission)
    middle = {f: np.array([getattr(m, f) for m in MISSIONS])[mission] for f in ("lead_days", "items", "amount")}
    spread = np.array([m.spread for m in MISSIONS])[mission]
    lead = np.clip(middle["lead_days"] * np.exp(rng.standard_normal(n) * spread), 1, 60)
    items = np.maximum(1, middle["items"] * np.exp(rng.standard_normal(n) * 0.5)).astype(np.int64)
    amount = np.round(np.maximum(6, middle["amount"] * np.exp(rng.standard_normal(n) * 0.5)), 2)
    plot = np.array([m.plot_m2 for m in MISSIONS])[mission] * np.exp(rng.standard_normal(n) * 0.6)
    category = pick(rng, np.array([m.categories for m in MISSIONS], dtype=float)[mission])
    return lead, items, amount, np.round(plot, 1), category


def _scaled(value: Floats, mission: Ints, field: str) -> Floats:
    """How far a value lies from its mission's median, in log-sds."""
    middle = np.array([getattr(m, field) for m in MISSIONS])[mission]
    scaled: Floats = np.log(value / middle) / 0.5
    return scaled


def loyalty_index(
    bend: float, prior: Ints, member: Bools, recent: Bools, *, lead: Floats, amount: Floats, growing: Floats
) -> Floats:
    """What raises moments and retention alike, of what the exports show; about 0 +- 0.8.

    bend 0: a straight line of its parts. bend 1: a hump over earlier orders, a threshold on lead time, an
    interaction of membership with the amount, a fold over weather. Between: a mixture.
    """
    line = 0.75 * (np.log1p(prior) - 0.6) + 0.9 * (member - 0.35) + 0.5 * (recent - 0.4)
    line = line + 0.2 * amount - 0.15 * lead
    hump = 1.1 * ((prior >= 1) & (prior <= 3)) - 0.55
    edge = 0.8 * (lead > 0.6) - 0.25
    cross = np.where(member, 1.0, -1.0) * np.clip(amount, -1, 1) * 0.6
    fold = 0.5 * (np.abs(growing) > 0.7) - 0.2 + 0.35 * (recent - 0.4)
    index: Floats = (1 - bend) * line + bend * (hump + edge + cross + fold)
    return index


def _moments(
    mission: Ints, index: Floats, growing: Floats, secret: Floats, reached: Bools, *, rng: np.random.Generator
) -> tuple[Bools, Floats]:
    """Draw the moments of each journey; sets `reached` of recovery, which only a dead plant leads to."""
    eta = logit(RATE)[mission]
    for weight, value in (("loyal", index), ("weather", growing), ("hidden", secret)):
        eta = eta + np.array([getattr(m, weight) for m in MOMENTS]) * value[:, None]
    draw = rng.random(eta.shape)
    on = (draw < sigmoid(eta)) & reached[:, list(SUB_STEP_OF)]
    late = eta[:, CHASED] + CHASED_WHEN_LATE * on[:, LATE]
    on[:, CHASED] = (draw[:, CHASED] < sigmoid(late)) & reached[:, SUB_STEP_OF[CHASED]]
    reached[:, RECOVERY] = on[:, DIED] & (rng.random(len(on)) < PLANT_CLAIM_RATE)
    on[:, REPLACED] = (draw[:, REPLACED] < sigmoid(eta[:, REPLACED])) & reached[:, RECOVERY]
    return on, eta[:, REPLACED]


def _next_order(ends: Ints, retained: Bools, rng: np.random.Generator) -> Ints:
    """When the person orders next: inside the horizon if retained, else well after it or never (year 5138)."""
    n = len(ends)
    soon = FIRST_RETURN_DAYS + (HORIZON_DAYS - FIRST_RETURN_DAYS - 2) * rng.beta(1.1, 2.0, n)
    later = HORIZON_DAYS + 2 + rng.exponential(80, n)
    never = ~retained & (rng.random(n) > RETURNS_LATER)
    days = np.where(retained, soon, later)
    return np.where(never, 10**14, ends + (days * DAY).astype(np.int64))
