"""Connected moments: what one moment does to the chance of a later one, over all ordered pairs of a journey map.

Each pair is a small emulated trial (Hernán & Robins 2016, Am. J. Epidemiol. 183), tried where the one moment comes
before the other in nearly all journeys with both: an order that the moments themselves decide would select by them.
Eligible are the journeys that reached both sub-steps; the arms are the earlier moment having happened and not; the
outcome is the later moment. Where hardly anybody gets to the later sub-step but by the earlier moment, all journeys at
the earlier sub-step are eligible: the moment leads there.

What adjusts is what was known before: two scores of what was known at the order, each moment's own chance (for the
earlier one its propensity, Rosenbaum & Rubin 1983, Biometrika 70; for the later one its prognosis, Hansen 2008,
Biometrika 95), ridge regressions fitted on the other half of the customers; the mission; every moment that had happened
when the earlier sub-step was reached, and what happened beside the moment. The effect is the mean difference by
augmented inverse probability weighting (Robins, Rotnitzky & Zhao 1994, JASA 89), its error clustered by customer.

False discoveries are held over the pairs, and over the missions within those that have something to tell (Benjamini &
Bogomolov 2014, J. R. Stat. Soc. B 76), against an effect of at most NOTHING: what is smaller may be confounding still.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import ndtr

from pipeline.estimators.basis import coded, learn
from pipeline.estimators.threads import one_thread
from pipeline.estimators.trials import Bools, Floats, Ints, Trials, clustered_error

FEWEST = 20  # journeys with the earlier moment, and without
NOTHING = 0.01  # one journey in a hundred
BUDGET = 0.05
CLIP = 0.05
CLEAR = 0.95  # in so many of the journeys with both one moment comes first; so many get there by one moment alone
MOST_JOURNEYS = 50_000  # more give figures no finer than a reader could use
SCORE_PENALTIES = np.array([40.0, 160.0, 640.0, 2560.0])
SHARED = 5  # what all moments' scores have in common tells more surely than one who a customer is
PENALTY = 5.0
Z95 = 1.959964
MEDIAN_SIZE = 0.6744898  # of a standard normal number
RAISES, LOWERS, NOTHING_SEEN = "raises", "lowers", "no_connection_seen"


def taken(trials: Trials, rows: Ints) -> Trials:
    """The trials of these rows (positions) alone, as journeys that nothing stands in the place of."""
    return replace(
        trials, outcome=trials.outcome[rows], past_outcome=trials.past_outcome[rows], customer=trials.customer[rows],
        mission=trials.mission[rows], covariates={name: values[rows] for name, values in trials.covariates.items()},
        reached=trials.reached[rows], happened=trials.happened[rows], version_of=None,
    )  # fmt: skip


@dataclass(frozen=True)
class Clocked:
    """Trials with their times: moment_at (n, moments) and reached_at (n, sub-steps) in any one unit, nan where not."""

    trials: Trials
    moment_at: Floats
    reached_at: Floats

    def take(self, rows: Ints) -> "Clocked":
        return Clocked(taken(self.trials, rows), self.moment_at[rows], self.reached_at[rows])


@dataclass(frozen=True)
class Connection:
    """What a moment does to a later one, on a group of journeys (a position in `missions`; len(missions): all).

    leads: hardly anybody gets to the later sub-step but by the moment. journeys: eligible; exposed: of those, with the
    earlier moment; both: with both; without: the later one's chance without the earlier.
    """

    moment: int
    later: int
    group: int
    leads: bool
    journeys: int
    exposed: int
    both: int
    without: float
    effect: float
    error: float

    def p_value(self) -> float:
        """Two-sided, of an effect of at most NOTHING."""
        return float(min(1.0, 2 * ndtr(-max(0.0, abs(self.effect) - NOTHING) / max(self.error, 1e-12))))


@dataclass(frozen=True)
class _Pair:
    """Eligible rows of a pair with both arms and the outcome, and what else was known."""

    rows: Ints
    treated: Floats
    outcome: Floats
    beside: Floats
    leads: bool


@dataclass(frozen=True)
class _Known:
    """What was known at the order: scores (n, moments), and shared (n, few), what they have in common."""

    scores: Floats
    shared: Floats


@dataclass(frozen=True)
class _Fitted:
    """What a pair's models say of each of its journeys, (m,) each.

    treated, untreated: one by the chance of the arm that the journey is in, 0 in the other arm. outcome; happening,
    without: the outcome's chance with and without the moment; idle: its chance if the moment does nothing. wider: how
    many times too small an error is that takes them at their word, as they were fitted to the same journeys.
    """

    treated: Floats
    untreated: Floats
    outcome: Floats
    happening: Floats
    without: Floats
    idle: Floats
    wider: float

    def measured(self, inside: Bools, customer: Ints) -> tuple[float, float, float]:
        """Effect, chance without the moment, and error, of the journeys inside.

        Weights are scaled to what an arm stands for, the whole (Hájek). The error is the larger of the effect's own and
        of no effect: a small arm in which chance alone left an outcome rare tells too small an error of its own.
        """
        up, down = (weight[inside] / weight[inside].mean() for weight in (self.treated, self.untreated))
        y, off = self.outcome[inside], self.without[inside]
        control = off + down * (y - off)
        values = self.happening[inside] + up * (y - self.happening[inside]) - control
        errors = [clustered_error(told, customer[inside]) for told in (values, (up - down) * (y - self.idle[inside]))]
        return float(values.mean()), min(1.0, max(0.0, float(control.mean()))), self.wider * max(errors)


def connections(clocked: Clocked, seed: int) -> list[Connection]:
    """All pairs that can be tried, on all journeys and mission by mission, in the order of the map."""
    some = clocked.take(_sample(clocked.trials.customer, seed))
    if not len(some.trials.outcome):
        return []
    with one_thread():
        half = _halves(some.trials.customer, seed)
        scores = _scores(some.trials, half)
        known = _Known(scores, _shared(scores))
        return _widened([found for pair in _pairs(some) for found in _effects(some.trials, known, *pair)])


def _widened(found: list[Connection]) -> list[Connection]:
    """The connections with errors as wide as their own spread shows that they are: most pairs of a group are not
    connected, so that what is left of confounding shows in all of them (an empirical null: Efron 2004, JASA 99)."""
    ratios = np.array([one.effect / max(one.error, 1e-12) for one in found])
    groups = np.array([one.group for one in found])
    wider = {
        int(group): max(1.0, float(np.median(np.abs(ratios[groups == group]))) / MEDIAN_SIZE)
        for group in np.unique(groups)
        if (groups == group).sum() >= FEWEST
    }
    return [replace(one, error=one.error * wider.get(one.group, 1.0)) for one in found]


def q_values(found: list[Connection]) -> Floats:
    """What share of false ones is to be borne with for a connection to be named, in the order given.

    A pair stands by the adjusted Simes p-value of its groups; a group in it by its adjusted p-value there, times how
    many pairs there are for each that stands.
    """
    p_values = np.array([one.p_value() for one in found])
    places: dict[tuple[int, int], int] = {}
    pair = np.array([places.setdefault((one.moment, one.later), len(places)) for one in found], dtype=np.int64)
    inside = np.empty(len(found))
    for at in np.unique(pair):
        inside[pair == at] = adjusted(p_values[pair == at])
    simes = np.ones(len(places))
    np.minimum.at(simes, pair, inside)
    among = adjusted(simes)
    stand = max(1, int((among <= BUDGET).sum()))
    out: Floats = np.minimum(1, np.maximum(among[pair], inside * len(simes) / stand))
    return out


def adjusted(p_values: Floats) -> Floats:
    """Benjamini and Hochberg's adjusted p-values (1995, J. R. Stat. Soc. B 57), in the order given."""
    count = len(p_values)
    order = np.argsort(-p_values, kind="stable")
    ranks = np.arange(count, 0, -1)
    out = np.empty(count)
    out[order] = np.minimum(1, np.minimum.accumulate(p_values[order] * count / ranks))
    return out


def verdict(effect: float, q_value: float) -> str:
    """What is said of a connection."""
    return NOTHING_SEEN if q_value > BUDGET else RAISES if effect > 0 else LOWERS


def _sample(customer: Ints, seed: int) -> Ints:
    """The rows (positions) of so many customers, drawn at random, that there are at most MOST_JOURNEYS."""
    people, codes, counts = np.unique(customer, return_inverse=True, return_counts=True)
    order = np.random.default_rng(seed).permutation(len(people))
    kept = np.zeros(len(people), dtype=bool)
    kept[order[np.cumsum(counts[order]) <= MOST_JOURNEYS]] = True
    return np.flatnonzero(kept[codes])


def _halves(customer: Ints, seed: int) -> Ints:
    """0 or 1 for each row, one for all rows of a customer."""
    people, codes = np.unique(customer, return_inverse=True)
    half: Ints = (np.random.default_rng(seed).permutation(len(people)) % 2)[codes]
    return half


def _scores(trials: Trials, half: Ints) -> Floats:
    """Each moment's chance by what was known at the order, (n, moments), centred and scaled: learned where its sub-step
    was reached, by the other half of the customers, at the penalty with the least left-out loss."""
    known = coded(trials.covariates, len(trials))
    basis = learn(known, trials.mission, len(trials.missions))
    columns = np.column_stack([basis.columns(known.values, trials.mission), np.ones(len(trials))])
    scores = np.zeros(trials.happened.shape)
    for sub_step in np.unique(trials.sub_step_of):
        moments = np.flatnonzero(trials.sub_step_of == sub_step)
        happened, there = trials.happened[:, moments].astype(np.float64), trials.reached[:, sub_step]
        tried = np.zeros((len(SCORE_PENALTIES), *happened.shape))
        for side in (0, 1):
            learned = np.flatnonzero(there & (half != side))
            fitted = _ridge_path(columns[learned], happened[learned])
            tried[:, half == side] = columns[half == side] @ fitted
        loss = ((tried[:, there] - happened[there]) ** 2).sum(axis=1)
        scores[:, moments] = tried[loss.argmin(axis=0), :, np.arange(len(moments))].T
    return _standard(scores)


def _ridge_path(columns: Floats, outcomes: Floats) -> Floats:
    """Ridge coefficients at each of SCORE_PENALTIES, (penalties, p, outcomes); the last column, a constant, is nearly
    free."""
    scale = np.ones(columns.shape[1])
    scale[-1] = 1e3
    sizes, axes = np.linalg.eigh((columns * scale).T @ (columns * scale))
    inside = axes.T @ ((columns * scale).T @ outcomes)
    path = inside[None] / (np.maximum(sizes, 0)[None, :, None] + SCORE_PENALTIES[:, None, None])
    out: Floats = scale[None, :, None] * (axes[None] @ path)
    return out


def _shared(scores: Floats) -> Floats:
    """The first principal components of the scores, (n, at most SHARED)."""
    sizes, axes = np.linalg.eigh(scores.T @ scores)
    return _standard(scores @ axes[:, np.argsort(-sizes, kind="stable")[:SHARED]])


def _ridge(columns: Floats, outcome: Floats, penalty: Floats) -> Floats:
    return np.asarray(np.linalg.solve(columns.T @ columns + np.diag(penalty), columns.T @ outcome), dtype=np.float64)


def _pairs(clocked: Clocked) -> Iterator[tuple[int, int, _Pair]]:
    """Every pair of moments that may be tried, with its eligible journeys."""
    trials, ahead = clocked.trials, _ahead(clocked)
    for moment in range(len(trials.sub_step_of)):
        for later in range(len(trials.sub_step_of)):
            pair = _pair(clocked, moment, later, ahead) if ahead[moment, later] else None
            if pair is not None:
                yield moment, later, pair


def _ahead(clocked: Clocked) -> Bools:
    """Which moment (rows) comes before which other (columns): by the journeys with both or, where a moment hardly ever
    happens after the other, by their sub-steps."""
    moments, common = _clearly_before(clocked.moment_at)
    sub_steps, _ = _clearly_before(clocked.reached_at)
    place = clocked.trials.sub_step_of
    out: Bools = np.where(common, moments, sub_steps[np.ix_(place, place)])
    return out


def _clearly_before(times: Floats) -> tuple[Bools, Bools]:
    """Which column of times (rows) comes before which other (columns) in nearly all rows with both; and where enough
    rows have both."""
    count = times.shape[1]
    clear, common = np.zeros((count, count), dtype=bool), np.zeros((count, count), dtype=bool)
    for first in range(count):
        both = (~np.isnan(times[:, [first]]) & ~np.isnan(times)).sum(axis=0)
        with np.errstate(invalid="ignore"):
            earlier = (times[:, [first]] < times).sum(axis=0)
        common[first] = both >= FEWEST
        clear[first] = common[first] & (earlier >= CLEAR * both)
    return clear, common


def _pair(clocked: Clocked, moment: int, later: int, ahead: Bools) -> _Pair | None:
    """The pair's journeys; None where an arm is too small."""
    trials = clocked.trials
    place, later_place = trials.sub_step_of[moment], trials.sub_step_of[later]
    treated, there = trials.happened[:, moment], trials.reached[:, place]
    eligible = there & trials.reached[:, later_place]
    leads = bool((eligible & treated).sum() >= max(FEWEST, CLEAR * eligible.sum()))
    if leads:
        eligible = there
    rows = np.flatnonzero(eligible)
    arm, outcome = treated[rows], trials.happened[rows, later]
    if min(arm.sum(), (~arm).sum()) < FEWEST or not FEWEST <= outcome.sum() <= len(rows) - FEWEST:
        return None
    beside = _beside(clocked, moment, later, ahead, rows)
    return _Pair(rows, arm.astype(np.float64), outcome.astype(np.float64), beside, leads)


def _beside(clocked: Clocked, moment: int, later: int, ahead: Bools, rows: Ints) -> Floats:
    """The moments that had happened before the earlier sub-step was reached, and those of it that do not come after the
    moment, as columns of 0 and 1."""
    place = clocked.trials.sub_step_of[moment]
    at = clocked.moment_at[rows]
    with np.errstate(invalid="ignore"):
        before = at < clocked.reached_at[rows, place][:, None]
    before |= ~np.isnan(at) & (clocked.trials.sub_step_of == place) & ~ahead[moment]
    before[:, [moment, later]] = False
    out: Floats = before[:, before.any(axis=0)].astype(np.float64)
    return out


def _effects(trials: Trials, known: _Known, moment: int, later: int, pair: _Pair) -> Iterator[Connection]:
    """The pair's effect on all its journeys, and on each mission's."""
    rows, a, y = pair.rows, pair.treated, pair.outcome
    fitted = _fitted(trials, known, moment, later, pair)
    for group in (len(trials.missions), *range(len(trials.missions))):
        inside = np.ones(len(rows), dtype=bool) if group == len(trials.missions) else trials.mission[rows] == group
        if min((a[inside] > 0).sum(), (a[inside] == 0).sum()) < FEWEST or y[inside].sum() < FEWEST:
            continue
        effect, without, error = fitted.measured(inside, trials.customer[rows])
        yield Connection(
            moment=moment, later=later, group=group, leads=pair.leads, journeys=int(inside.sum()),
            exposed=int(a[inside].sum()), both=int((a * y)[inside].sum()), without=without, effect=effect, error=error,
        )  # fmt: skip


def _fitted(trials: Trials, known: _Known, moment: int, later: int, pair: _Pair) -> _Fitted:
    rows, a, y = pair.rows, pair.treated, pair.outcome
    missions, own = trials.indicators()[rows], known.scores[rows][:, [moment, later]]
    columns = _standard(
        np.column_stack([_hinged(own[:, 0]), _hinged(own[:, 1]), known.shared[rows], missions, pair.beside])
    )
    plain = np.column_stack([columns, np.ones(len(rows))])
    penalty = np.full(plain.shape[1], PENALTY)
    penalty[-1] = 1e-6
    chance = np.clip(plain @ _ridge(plain, a, penalty), CLIP, 1 - CLIP)
    tilt = np.column_stack([np.ones(len(rows)), missions, own])
    wide = np.column_stack([plain, tilt * a[:, None]])
    free = np.r_[penalty, 1e-6, np.full(tilt.shape[1] - 1, PENALTY)]
    fitted = _ridge(wide, y, free)
    without = plain @ fitted[: plain.shape[1]]
    used = np.trace(np.linalg.solve(wide.T @ wide + np.diag(free), wide.T @ wide))  # parameters that the fit used up
    return _Fitted(
        treated=a / chance, untreated=(1 - a) / (1 - chance), outcome=y,
        happening=without + tilt @ fitted[plain.shape[1] :], without=without, idle=plain @ _ridge(plain, y, penalty),
        wider=(len(y) / max(1.0, len(y) - used)) ** 0.5,
    )  # fmt: skip


def _hinged(values: Floats) -> Floats:
    knots = np.quantile(values, [0.25, 0.5, 0.75])
    return np.column_stack([values, *[np.maximum(values - knot, 0) for knot in knots]])


def _standard(columns: Floats) -> Floats:
    """Centred and scaled to one; columns that do not vary are 0."""
    spread = columns.std(axis=0)
    out: Floats = (columns - columns.mean(axis=0)) / np.where(spread > 1e-9, spread, 1.0)
    return out
