"""What one treatment does to one outcome, of any table: the night's machinery for a single question.

The same nuisances (scores.py, arms.py) and the same doubly robust mean as a moment's trial, on numbers, words and
missing values as they come, a binary or a continuous outcome. A single question leaves time for more: trees, as many as
left-out rows ask for, learn the treatment's chance and the outcome of each arm by itself. The mean is over all rows;
where fewer than LEAST_OVERLAP of them could as well have been in the other arm, that cannot be told from the table, and
the mean is over the treated rows instead (Hirano, Imbens & Ridder 2003, Econometrica 71, for its weights), where only
what the treated would have been without is asked.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import LandmarkError
from pipeline.estimators.arms import Arms, Told
from pipeline.estimators.basis import Coded, coded
from pipeline.estimators.moment_effects import CLIP, FEWEST, weights
from pipeline.estimators.scores import Asked, boosted, folds_of, is_binary, left_out_scores, sample, winsorised
from pipeline.estimators.threads import one_thread
from pipeline.estimators.trials import Bools, Floats, Ints, clustered_error

LEAST_OVERLAP = 0.5
MOST_ODDS = 1 / CLIP  # of having been treated: no untreated row stands for more than that
Z95 = 1.959964


@dataclass(frozen=True)
class Effect:
    """The mean difference that the treatment makes, with its 95 % interval and standard error.

    on: over "all" rows or the "treated" ones; overlap: the share of rows whose chance of treatment lies within
    CLIP and 1 - CLIP; rows and treated: how many.
    """

    effect: float
    low: float
    high: float
    error: float
    on: str
    overlap: float
    rows: int
    treated: int


class TableError(LandmarkError):
    """A table from which no effect can be estimated."""


def effect_of(
    treated: NDArray[np.generic],
    outcome: NDArray[np.generic],
    covariates: Mapping[str, NDArray[np.generic]],
    *,
    cluster: NDArray[np.generic] | None = None,
    seed: int = 0,
    on: str | None = None,
) -> Effect:
    """The effect of `treated` (n,) on `outcome` (n,), adjusted for covariates by name: (n,) floats with nan, or objects
    with None. Rows of one `cluster` are not independent. `on`: "all" or "treated"; None: all rows where that can be
    told. Raises TableError where an arm is too small, an outcome is missing, or lengths differ.
    """
    a, y = _checked(treated, outcome, covariates, on)
    y = y if is_binary(y) else y - y.mean()  # a number far from 0 has few digits left
    group = np.arange(len(a)) if cluster is None else np.unique(cluster, return_inverse=True)[1].astype(np.int64)
    known = coded(covariates, len(a))
    with one_thread():
        found = _fit(a, y, known, group, seed)
    overlap = float(_inside(found.chance).mean())
    chosen = on or ("all" if overlap >= LEAST_OVERLAP else "treated")
    values = _values(a, y, chosen, found)
    effect = float(values.mean())
    # of the treated alone, their share is drawn too
    error = clustered_error(values - effect * (a / a.mean()) if chosen == "treated" else values, group)
    return Effect(effect, effect - Z95 * error, effect + Z95 * error, error, chosen, overlap, len(a), int(a.sum()))


def _checked(
    treated: NDArray[np.generic], outcome: NDArray[np.generic], covariates: Mapping[str, NDArray[np.generic]],
    on: str | None,
) -> tuple[Bools, Floats]:  # fmt: skip
    a, y = np.asarray(treated).astype(bool), np.asarray(outcome, dtype=np.float64)
    lengths = {"treated": len(a), "outcome": len(y), **{name: len(x) for name, x in covariates.items()}}
    if len(set(lengths.values())) > 1:
        raise TableError("columns of different lengths", value=lengths, fix="Give one value a row in each")
    if not np.isfinite(y).all():
        raise TableError("missing outcomes", value=int((~np.isfinite(y)).sum()), fix="Leave these rows out")
    if min(a.sum(), (~a).sum()) < FEWEST:
        arms = {"treated": int(a.sum()), "untreated": int((~a).sum())}
        raise TableError("too few rows in an arm", value=arms, fix=f"Each needs {FEWEST} or more")
    if on not in (None, "all", "treated"):
        raise TableError("unknown rows to take the mean over", value=on, fix="Say all or treated")
    return a, y


@dataclass(frozen=True)
class _Fitted:
    """The treatment's chance, and the mean outcome without and with it, (n,) each."""

    chance: Floats
    without: Floats
    happening: Floats


def _fit(a: Bools, y: Floats, known: Coded, group: Ints, seed: int) -> _Fitted:
    """Both nuisances, each row's learned from the other folds."""
    n, folds, learned = len(a), folds_of(group, seed), sample(group, seed)
    grown = [boosted(known.values, target, among, folds, seed) for target, among in _asked_of_trees(a, y, learned)]
    order = np.argsort(folds, kind="stable")
    asked = Asked(
        known=known.take(order), mission=np.zeros(n, dtype=np.int64), missions=1, folds=folds[order],
        learned=np.flatnonzero(np.isin(order, learned)), targets=np.column_stack([y, a])[order],
        counts=np.ones((n, 2), dtype=bool), grown=0,
    )  # fmt: skip
    scores = np.column_stack([left_out_scores(asked, seed)[0], *(grew[order] for grew in grown)])
    nothing = np.empty((n, 0), dtype=bool)
    arms = Arms(Told.of(scores, nothing, nothing, asked.folds), np.arange(scores.shape[1]), np.arange(0), asked.learned)
    arms.fit(a[order], [winsorised(y)[order]])
    back = np.argsort(order)
    return _Fitted(arms.chance_[back], *(mean[back] for mean in arms.means_[0]))


def _asked_of_trees(a: Bools, y: Floats, learned: Ints) -> list[tuple[Floats, Ints]]:
    """What trees are asked for, and which rows tell: the treatment, and the outcome of either arm.

    What a treatment does may bend as the outcome does, which one model of both arms is slow to find (Künzel et al.
    2019, PNAS 116).
    """
    return [(a.astype(np.float64), learned), *((y, learned[a[learned] == arm]) for arm in (False, True))]


def _inside(chance: Floats) -> Bools:
    inside: Bools = (chance > CLIP) & (chance < 1 - CLIP)
    return inside


def _values(a: Bools, y: Floats, on: str, fitted: _Fitted) -> Floats:
    """Values (n,) whose mean is the effect."""
    if on == "all":
        weight = weights(a, fitted.chance, len(a))
        left = weight * (y - np.where(a, fitted.happening, fitted.without))
        return fitted.happening - fitted.without + np.where(a, left, -left)
    odds = np.where(a, 0.0, np.minimum(fitted.chance / np.maximum(1 - fitted.chance, 1e-9), MOST_ODDS))
    alike = odds * a.sum() / max(float(odds.sum()), 1e-9)
    out: Floats = (np.where(a, 1.0, -alike) * (y - fitted.without)) / a.mean()
    return out
