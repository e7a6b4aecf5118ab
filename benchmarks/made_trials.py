"""The night's estimator at scale: all moments and missions of many journeys at once, beside DoubleML on single moments.

Journeys are drawn straight into the matrices that the ranking stage makes of its tables; what moments do is known. Ours
measures every moment on every mission, with spend, placebos, pooling and verdicts, as a night does; DoubleML a few
moments on all missions, on OTHERS of the journeys at most: its time grows as their number or faster. It is told twice:
for the effect on returning alone, and with the effects on spend and on the past (a placebo), which ours has too. Ratios
are of processor time, which other work on the machine does not stretch.
"""

import pickle
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from effect_methods import METHODS
from effect_tables import Data, Floats
from identity import alone
from night import import_clock, peak_memory_mb
from ranking_methods import World, first, trial_table, world_of

if TYPE_CHECKING:
    from pipeline.estimators.trials import Trials

OTHERS = 100_000
RIVALS = ("DoubleML, linear", "DoubleML, boosted")
SEED = 1
SUB_STEPS = 8


@dataclass
class Spent:
    """Seconds without imports, and of those the processor's."""

    seconds: float = 0.0
    cpu: float = 0.0


@dataclass(frozen=True)
class Timed:
    """What was measured of `moments` moments on `journeys` journeys; error: the root mean square over those moments."""

    name: str
    journeys: int
    moments: int
    spent: Spent
    peak_memory_mb: float
    error: float
    skipped: str = ""

    @property
    def per_million(self) -> float:
        """Processor seconds of one moment, for each million journeys."""
        return self.spent.cpu / self.moments * 1e6 / self.journeys


def make(journeys: int, moments: int, missions: int, seed: int) -> "tuple[Trials, Floats]":
    """Trials and the effect of each moment over its eligible journeys, (moments,): a third of them do nothing.

    Loyal customers have more of most moments and return more often; the lead time bends, value and loyalty interact.
    """
    from pipeline.estimators.trials import Trials

    rng = np.random.default_rng(seed)
    customer = rng.integers(0, max(1, journeys // 3), journeys)
    mission = rng.integers(0, missions, journeys)
    covariates, push = _journeys(rng, customer, mission, missions)
    sub_step_of = np.sort(np.arange(moments) % min(SUB_STEPS, moments))
    reached = rng.random((journeys, sub_step_of.max() + 1)) < 0.8
    happened = np.zeros((journeys, moments), dtype=bool)
    effects = rng.normal(0, 0.5, (moments, missions)) * (rng.random((moments, 1)) > 1 / 3)
    score = -0.8 + 0.9 * push
    for moment in range(moments):
        chance = _logistic(rng.normal(-0.6, 0.4) + rng.normal(0.5, 0.3) * push + rng.normal(0, 0.3, missions)[mission])
        happened[:, moment] = reached[:, sub_step_of[moment]] & (rng.random(journeys) < chance)
        score += effects[moment][mission] * happened[:, moment]
    truth = [_gain(score, effects[m][mission], happened[:, m], reached[:, s]) for m, s in enumerate(sub_step_of)]
    outcome = (rng.random(journeys) < _logistic(score)).astype(np.float64)
    trials = Trials(
        outcome=outcome,
        past_outcome=np.where(rng.random(journeys) < 0.4, np.nan, rng.random(journeys) < _logistic(0.9 * push - 0.8)),
        customer=customer,
        mission=mission,
        missions=tuple(f"mission {k}" for k in range(missions)),
        covariates=covariates,
        past_covariates=frozenset(),
        reached=reached,
        happened=happened,
        sub_step_of=sub_step_of,
        value=np.round(outcome * covariates["value"] * rng.gamma(4.0, 0.25, journeys), 2),
    )
    return trials, np.array(truth)


def _journeys(rng: np.random.Generator, customer: Any, mission: Any, missions: int) -> tuple[dict[str, Any], Floats]:
    """What is known when the order is placed, and how it pushes towards moments and returning, (n,)."""
    n = len(customer)
    loyalty = rng.standard_normal(customer.max() + 1)[customer]
    prior = rng.poisson(np.exp(0.3 + 0.5 * loyalty)).astype(np.float64)
    lead = np.exp(rng.normal(2.0 + 0.2 * mission / missions, 0.8, n))
    value = np.exp(rng.normal(4.5, 0.5, n) + 0.15 * loyalty)
    rain = rng.gamma(1.2, 3.0, n)
    region = rng.integers(0, 8, n)
    covariates: dict[str, Any] = {
        "prior_orders": prior,
        "previous_retained": np.where(prior > 0, (rng.random(n) < _logistic(loyalty)) * 1.0, np.nan),
        "days_since_order": np.where(prior > 0, rng.exponential(120, n), np.nan),
        "value": value,
        "lead_days": lead,
        "length_days": 1.0 + rng.poisson(2.0, n),
        "factor:rain": rain,
        "factor:rival_sale": (rng.random(n) < 0.15).astype(np.float64),
        "is_member": (rng.random(n) < _logistic(loyalty - 1)).astype(np.float64),
        "weekday": rng.integers(0, 7, n).astype(np.float64),
        "region": np.array([f"region {r}" for r in range(8)], object)[region],
        "category": np.array([f"category {c}" for c in range(12)], object)[rng.integers(0, 12, n)],
        "entry_medium": np.array(["search", "email", None], object)[rng.integers(0, 3, n)],
    }
    bends = 0.6 * (lead > 14) - 0.5 * (rain > 8) + 0.4 * np.log(value / 90) * (prior > 1)
    return covariates, 0.45 * np.minimum(prior, 4) - 0.6 + bends + 0.1 * (region - 3.5)


def _gain(score: Floats, effect: Floats, happened: Any, eligible: Any) -> float:
    without = score - effect * happened
    return float((_logistic(without + effect) - _logistic(without))[eligible].mean())


def _logistic(values: Floats) -> Floats:
    out: Floats = 1 / (1 + np.exp(-values))
    return out


# -- measuring, each in a process of its own ---------------------------------------------------------------------------


@contextmanager
def stopwatch(spent: Spent) -> Iterator[None]:
    """Adds what is spent while it is open."""
    clocks = time.perf_counter, time.process_time
    with import_clock(clocks[0]) as imports, import_clock(clocks[1]) as busy:
        started = [clock() for clock in clocks]
        yield
        now = [clock() for clock in clocks]
        spent.seconds += now[0] - started[0] - imports[0]
        spent.cpu += now[1] - started[1] - busy[0]


def ours(place: str, count: int) -> Timed:
    """The whole of what a night does of these trials once they are read."""
    from pipeline.stages.ranking import rank

    trials, truth = pickle.loads(Path(place).read_bytes())
    trials, spent = first(trials, count), Spent()
    with stopwatch(spent):
        measured = rank(trials, SEED, {}).measured
    error = float(np.sqrt(np.nanmean((measured.effect[:, -1] - truth) ** 2)))
    return Timed("ours", count, len(truth), spent, peak_memory_mb(), error)


def other(name: str, place: str, count: int, moments: tuple[int, ...]) -> list[Timed]:
    """The effects on returning alone, and with those on spend and on the past."""
    from threadpoolctl import threadpool_limits

    try:
        measure = METHODS[name]()
    except ImportError as error:
        return [Timed(name, count, len(moments), Spent(), 0.0, 0.0, f"not installed ({error.name or error})")]
    trials, truth = pickle.loads(Path(place).read_bytes())
    world, alone_, further, errors = world_of(first(trials, count)), Spent(), Spent(), []
    for moment in moments:
        for nth, data in enumerate(asked_of_others(world, moment)):
            with stopwatch(further if nth else alone_), threadpool_limits(1):
                found = measure(data, "all", SEED)
            errors += [] if nth else [found.effect - truth[moment]]
    both = Spent(alone_.seconds + further.seconds, alone_.cpu + further.cpu)
    shared = (peak_memory_mb(), float(np.sqrt(np.mean(np.square(errors)))))
    named = ((f"{name}: returning", alone_), (f"{name}: returning, spend, past", both))
    return [Timed(said, count, len(moments), spent, *shared) for said, spent in named]


def asked_of_others(world: World, moment: int) -> Iterator[Data]:
    """The moment's trial over all missions with each of its outcomes: returning, spend, and the past one."""
    trials, rows = world.trials, world.eligible(moment, len(world.trials.missions))
    data = trial_table(world, moment, rows)
    yield data
    if trials.value is not None:
        yield replace(data, outcome=trials.value[rows], binary=False)
    past = trials.past_outcome[rows]
    seen = ~np.isnan(past)
    yield replace(data, treated=data.treated[seen], outcome=past[seen], plain=data.plain[seen])


def put(place: str, *given: int) -> None:
    Path(place).write_bytes(pickle.dumps(make(*given)))


def line(found: Timed, whole: Timed) -> str:
    if found.skipped:
        return f"| {found.name} | skipped: {found.skipped} |" + " |" * 7
    return (
        f"| {found.name} | {found.journeys:,} | {found.moments} | {found.spent.seconds:,.1f} | {found.spent.cpu:,.1f} "
        f"| {found.per_million:,.2f} | {found.per_million / whole.per_million:,.1f} | {100 * found.error:.2f} "
        f"| {found.peak_memory_mb:,.0f} |"
    )


def show(journeys: int, moments: int, missions: int) -> None:
    """Prints one table: ours on all journeys, then ours and the others on the same, fewer ones."""
    few = min(journeys, OTHERS)
    asked = tuple(range(0, moments, max(1, moments // 3)))[:3]
    with tempfile.TemporaryDirectory(prefix="landmark-trials-") as folder:
        place = str(Path(folder) / "trials.pickle")
        alone(put, place, journeys, moments, missions, SEED)
        print(
            f"{journeys:,} journeys, {moments} moments, {missions} missions. Ours: all of them, with spend, placebos,"
        )
        print(
            f"pooling and verdicts. DoubleML: {len(asked)} of the moments over all missions, {few:,} of the journeys."
        )
        print("A moment and million: processor seconds of one moment for each million journeys.\n")
        print("| method | journeys | moments | seconds | processor | a moment and million | x ours | error | peak MB |")
        print("|---|--:|--:|--:|--:|--:|--:|--:|--:|", flush=True)
        whole = alone(ours, place, journeys)
        print(line(whole, whole), flush=True)
        if few < journeys:
            print(line(alone(ours, place, few), whole), flush=True)
        for name in RIVALS:
            for found in alone(other, name, place, few, asked):
                print(line(found, whole), flush=True)
