"""The emulated trials' data, and what is measured of them by mission: numpy only, no idea where it came from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from pipeline.estimators.settled import Raw, settled

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

PLACEBO_FEWEST = 50  # in a smaller arm the error is too rough to say that a placebo failed
CELL = 20  # journeys in the smaller arm: such cells say how corrections spread
DETECTABLE = float(ndtri(0.975) + ndtri(0.8))  # in standard errors: seen at 5 % four times in five


@dataclass(frozen=True)
class Trials:
    """The journeys of all trials, n rows, and what happened on them.

    outcome (n,) 0 or 1; past_outcome (n,) 0, 1 or nan: whether the customer returned after the last journey but one;
    customer (n,) codes; mission (n,) positions in `missions`, -1 for none; covariates by name, (n,) floats with nan or
    objects with None, all known when the order was placed; past_covariates names those that say what past_outcome
    says; reached (n, sub-steps) and happened (n, moments) in the map's order; sub_step_of (moments,) positions;
    precedes (moments, moments): where the first, of the same sub-step, comes before the second (None: nowhere);
    version_of (n,): the row itself or, for the last rows, which another graph of who is who has in the place of a
    journey's own row, that one (None: there are none). Such rows are judged, but nothing is learned from them;
    value (n,): what was spent over the horizon, 0 where nothing was (None: not known).
    """

    outcome: Floats
    past_outcome: Floats
    customer: Ints
    mission: Ints
    missions: tuple[str, ...]
    covariates: Mapping[str, NDArray[np.generic]]
    past_covariates: frozenset[str]
    reached: Bools
    happened: Bools
    sub_step_of: Ints
    precedes: Bools | None = None
    version_of: Ints | None = None
    value: Floats | None = None

    @property
    def learned(self) -> int:
        """The number of leading rows, those of the main graph."""
        return len(self.outcome) if self.version_of is None else int((self.version_of == np.arange(len(self))).sum())

    def __len__(self) -> int:
        return len(self.outcome)

    def earlier(self, moment: int) -> Bools:
        """The moments (m,) that came before this one: those of earlier sub-steps, and of its own what precedes it."""
        before: Bools = self.sub_step_of < self.sub_step_of[moment]
        return before if self.precedes is None else before | self.precedes[:, moment]

    def indicators(self) -> Floats:
        """Missions as columns of 0 and 1, (n, missions)."""
        out: Floats = (self.mission[:, None] == np.arange(len(self.missions))[None, :]).astype(np.float64)
        return out


@dataclass(frozen=True)
class Influence:
    """One trial's influence values over its eligible journeys: their mean, over any group of them, is the effect there.

    rows (m,) positions in Trials; values (m,); control (m,): the same of the outcome's mean without the moment;
    treated, outcome (m,); inside (m,): the moment's chance lies within the clip; weight (m,): how many of the eligible
    journeys each one of its arm stands for; modelled (m,): the values before weighting corrects them, as the outcome's
    model alone has them.
    """

    rows: Ints
    values: Floats
    modelled: Floats
    control: Floats
    treated: Bools
    outcome: Floats
    inside: Bools
    weight: Floats

    def among(self, rows: Bools) -> "Influence":
        """Only those of the trials' rows that are marked, (n,)."""
        kept = rows[self.rows]
        if kept.all():
            return self
        return Influence(**{name: values[kept] for name, values in vars(self).items()})


@dataclass(frozen=True)
class Measured:
    """What was measured of each moment (rows) on each group (columns): missions, then journeys without one, then all.

    effect, error, naive, control (the outcome's mean without the moment), overlap (share of eligible journeys whose
    chance lies within the clip), placebo and placebo_error, value and value_error (of spend) are nan where they cannot
    be had. error: the sampling error, clustered by customer, and what adjusting may have left over; shared: of it, the
    part that all missions of a moment share (settled.py).
    """

    eligible: Ints
    exposed: Ints
    effect: Floats
    error: Floats
    shared: Floats
    naive: Floats
    control: Floats
    overlap: Floats
    placebo: Floats
    placebo_error: Floats
    value: Floats
    value_error: Floats

    def p_value(self) -> Floats:
        """Two-sided, of no effect, from the effect and its error alone."""
        out: Floats = 2 * ndtr(-np.abs(self.effect / self.error))
        return out

    def detectable(self) -> Floats:
        """The smallest effect that would be seen at 5 % four times in five."""
        return DETECTABLE * self.error


def measure(
    trials: Trials,
    influences: Sequence[Influence | None],
    placebos: Sequence[Influence | None],
    among: Bools,
    values: Sequence[Influence | None] | None = None,
) -> Measured:
    """Means and clustered errors of the influence values, by moment and group, over the rows marked in `among` (n,).

    values: the influences on spend, where there are any.
    """
    spends = values if values is not None else [None] * len(influences)
    k = len(trials.missions)
    group = np.where(trials.mission < 0, k, trials.mission)
    known, people = np.unique(trials.customer, return_inverse=True)
    crowd = _Crowd(group, people, k + 1, len(known))
    shape = (trials.happened.shape[1], k + 2)
    eligible, exposed = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64)
    tables = np.full((3, 7, *shape), np.nan)
    for m, found in enumerate(zip(influences, placebos, spends, strict=True)):
        reached = trials.reached[:, trials.sub_step_of[m]] & among
        eligible[m] = _counts(group[reached], k)
        exposed[m] = _counts(group[reached & trials.happened[:, m]], k)
        for nth, (one, fewest) in enumerate(zip(found, (1, PLACEBO_FEWEST, 1), strict=True)):
            if one is not None:
                tables[nth, :, m] = _figures(one.among(among), crowd, fewest)
    cells = (np.minimum(exposed, eligible - exposed) >= CELL) & (np.arange(k + 2) < k)
    (effect, error, shared), placebo = (settled(Raw(*table[[0, 1, 2, 5, 6]]), cells) for table in tables[:2])
    # of spend, the corrections hold the far tails that its model is learned without: they are kept whole
    value = settled(Raw(*tables[2][[0, 1, 2, 5, 6]]), np.zeros_like(cells))
    naive, control, overlap = tables[0][2:5]
    return Measured(eligible, exposed, effect, error, shared, naive, control, overlap, *placebo[:2], *value[:2])


def widened(measured: Measured, unseen: Floats) -> Measured:
    """With errors that hold, too, how far a cause that is not known may move each moment's effects, (m,), on all
    missions the same way."""
    off = unseen[:, None]
    way = np.where(np.abs(off) > np.abs(measured.shared), np.sign(off), np.sign(measured.shared))
    return replace(measured, error=np.hypot(measured.error, off), shared=way * np.hypot(measured.shared, off))


def _counts(group: Ints, k: int) -> Ints:
    counts = np.bincount(group, minlength=k + 1)
    out: Ints = np.r_[counts, counts.sum()].astype(np.int64)
    return out


@dataclass(frozen=True)
class _Crowd:
    """Of each row of the trials (n,): its group, of so many, and its customer, as a code below `people`."""

    group: Ints
    customer: Ints
    groups: int
    people: int

    def take(self, rows: Ints) -> "_Crowd":
        return replace(self, group=self.group[rows], customer=self.customer[rows])

    def sums(self, values: Floats) -> Floats:
        """By group and of all, (groups + 1,)."""
        found = np.bincount(self.group, values, self.groups)
        out: Floats = np.append(found, found.sum())
        return out

    def by_customer(self, values: Floats | None = None) -> Floats:
        """The same, or counts, of each customer apart: (groups + 1, people)."""
        cell = self.group * self.people + self.customer
        found = np.bincount(cell, values, self.groups * self.people).reshape(self.groups, self.people)
        out: Floats = np.vstack([found, found.sum(axis=0)]).astype(np.float64)
        return out


def _figures(influence: Influence, crowd: _Crowd, fewest: int) -> Floats:
    """effect, sampling error, naive, control, overlap, correction and its error by group, (7, groups + 1); nan where an
    arm has fewer journeys than that."""
    own, weight = crowd.take(influence.rows), influence.weight
    arms = [influence.treated, ~influence.treated]
    sizes = [own.sums(arm.astype(np.float64)) for arm in arms]
    count = np.maximum(1, sizes[0] + sizes[1])
    journeys = own.by_customer()
    correction = influence.values - influence.modelled
    with np.errstate(invalid="ignore", divide="ignore"):
        means = [own.sums(np.where(arm, influence.outcome, 0.0)) / size for arm, size in zip(arms, sizes, strict=True)]
        usual = [own.sums(np.where(arm, weight, 0.0)) / size for arm, size in zip(arms, sizes, strict=True)]
        beyond = own.by_customer(correction)
        for arm, typical in zip(arms, usual, strict=True):
            beyond -= typical[:, None] * own.by_customer(np.where(arm, correction / weight, 0.0))
        out = np.stack([
            own.sums(influence.values) / count,
            _errors(own.by_customer(influence.values), journeys),
            means[0] - means[1],
            own.sums(influence.control) / count,
            own.sums(influence.inside.astype(np.float64)) / count,
            own.sums(correction) / count,
            _errors(beyond, journeys),
        ])  # fmt: skip
    out[:, np.minimum(*sizes) < fewest] = np.nan
    return out


def _errors(sums: Floats, counts: Floats) -> Floats:
    """clustered_error of each row's mean, from its values' sums and counts by cluster; nan with fewer than two."""
    total, clusters = counts.sum(axis=1), (counts > 0).sum(axis=1)
    apart = sums - (sums.sum(axis=1) / total)[:, None] * counts
    out: Floats = np.sqrt((apart**2).sum(axis=1) * (clusters / (clusters - 1))) / total
    out[clusters < 2] = np.nan
    return out


def clustered_error(values: Floats, cluster: Ints) -> float:
    """The standard error of a mean whose values are independent between clusters only (Liang & Zeger 1986)."""
    sums = np.bincount(np.unique(cluster, return_inverse=True)[1], weights=values - values.mean())
    clusters = len(sums)
    if clusters < 2:
        return float("nan")
    return float(np.sqrt((sums**2).sum() * clusters / (clusters - 1)) / len(values))
