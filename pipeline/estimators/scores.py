"""What was known at the start as a few scores: how likely each outcome and each treatment was, all in one pass.

Ridge regressions of all targets on one wide design share all that is costly: the design's Gram matrix of each fold.
Those of the other folds together, and of the rows where a target counts, are differences; another target, or another
penalty, is a product of small matrices (Hoerl & Kennard 1970, Technometrics 12, for the path), and so is its left-out
error. They are fitted on the rows of the other folds, at the penalty with the least of it. As straight lines of a
chance they are only an order of the rows; what is made of them, arms.py, bends. What trees find beyond is found once
for each target that is asked (a prognostic score, Hansen 2008, Biometrika 95).

A large night teaches by a sample of MOST_LEARNED rows, whole customers: nuisances learned from more differ less than
the effects' own errors by far, and every row is still measured.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from pipeline.estimators.basis import Bools, Coded, Floats, Ints, Singles, learned, with_products
from pipeline.estimators.ridge_logit import fold_grams

FOLDS = 5
PENALTIES = np.array([10.0, 40.0, 160.0, 640.0, 2560.0])
MOST_LEARNED = 40_000
SCREENED = 15_000  # rows that say which products the design has
CHUNK = 20_000  # rows whose wide design is in memory at once
TREES = {
    "max_iter": 60, "learning_rate": 0.12, "max_leaf_nodes": 4, "min_samples_leaf": 30, "l2_regularization": 5.0,
    "early_stopping": False,
}  # fmt: skip
BOOSTED = {
    "max_iter": 300, "learning_rate": 0.1, "max_leaf_nodes": 8, "min_samples_leaf": 15, "l2_regularization": 1.0,
    "early_stopping": True, "validation_fraction": 0.15, "n_iter_no_change": 10,
}  # fmt: skip
TAILS = (0.005, 0.995)  # what is learned of a continuous outcome is learned without its far tails


@dataclass(frozen=True)
class Asked:
    """What is known of n rows and what is asked of it.

    folds (n,): few runs of rows of one fold each; learned (l,): the rows that are learned from, in the order of their
    folds; mission (n,), -1 for none, of `missions`; targets (n, t), each where `counts` (n, t); the first `grown` of
    the targets get trees beside the ridge.
    """

    known: Coded
    mission: Ints
    missions: int
    folds: Ints
    learned: Ints
    targets: Floats
    counts: Bools
    grown: int


def folds_of(customer: Ints, seed: int) -> Ints:
    """A fold for each row (n,), all rows of a customer in one."""
    people, codes = np.unique(customer, return_inverse=True)
    shuffled: Ints = np.random.default_rng(seed).permutation(len(people)) % FOLDS
    return shuffled[codes]


def sample(customer: Ints, seed: int, most: int = MOST_LEARNED) -> Ints:
    """The rows (positions) of so many customers, drawn at random, that there are at most `most`; all if there are no
    more."""
    people, codes, counts = np.unique(customer, return_inverse=True, return_counts=True)
    if len(customer) <= most:
        return np.arange(len(customer))
    order = np.random.default_rng(seed).permutation(len(people))
    kept = np.zeros(len(people), dtype=bool)
    kept[order[np.cumsum(counts[order]) <= most]] = True
    return np.flatnonzero(kept[codes])


def bounds_of(folds: Ints) -> Ints:
    """Where each fold begins among rows in the order of their folds, (n,), and where the last one ends."""
    return np.searchsorted(folds, np.arange(FOLDS + 1))


def runs(folds: Ints) -> Iterator[tuple[int, slice]]:
    """Rows next to each other that are of one fold, and not too many."""
    edges = np.flatnonzero(np.diff(folds)) + 1
    for start, stop in pairwise([0, *edges.tolist(), len(folds)]):
        for begin in range(start, stop, CHUNK):
            yield int(folds[begin]), slice(begin, min(begin + CHUNK, stop))


def winsorised(values: Floats) -> Floats:
    """A continuous outcome with its far tails drawn in; 0 and 1 stay as they are."""
    out: Floats = values if is_binary(values) else np.clip(values, *np.quantile(values, TAILS))
    return out


def is_binary(values: Floats) -> bool:
    return bool(((values == 0) | (values == 1)).all())


def left_out_scores(asked: Asked, seed: int) -> tuple[Floats, Floats]:
    """By the ridge (n, t), and by trees (n, grown): each row's from what was learned without its fold."""
    known, mission = asked.known.take(asked.learned), asked.mission[asked.learned]
    first, parts = learned(known, mission, asked.missions)
    evenly = slice(None, None, -(-len(asked.learned) // SCREENED))
    some = _Ridges(first.design(parts.some(evenly)), replace(asked, learned=asked.learned[evenly]))
    basis = with_products(first, parts, some.fit().left())
    paths = _Ridges(basis.design(parts), asked).fit().coefficients_
    scores = np.empty(asked.targets.shape)
    for fold, rows in runs(asked.folds):
        columns = basis.columns(asked.known.values[rows], asked.mission[rows])
        scores[rows] = columns @ paths[fold].astype(np.float32)
    return scores, _grown(asked, seed)


class _Ridges:
    """Ridge regressions of all targets on the columns (p, l) of the learned rows: `coefficients_` (FOLDS, p, t), each
    without a fold's rows and at the target's best penalty."""

    def __init__(self, columns: Singles, asked: Asked) -> None:
        self.columns = columns
        self.asked = asked

    def fit(self) -> "_Ridges":
        asked, counts = self.asked, self.asked.counts[self.asked.learned]
        self._bounds = bounds_of(asked.folds[asked.learned])
        self._grams = fold_grams(self.columns, self._bounds)
        total = counts.sum(axis=0)
        self._counts = counts & (total >= FOLDS)
        targets = asked.targets[asked.learned]
        mean = np.where(self._counts, targets, 0.0).sum(axis=0) / np.maximum(1, total)
        self._centred = np.where(self._counts, targets - mean, 0.0)
        self.coefficients_ = np.zeros((FOLDS, len(self.columns), targets.shape[1]))
        for own in _alike(self._counts):
            self.coefficients_[:, :, own] = self._fitted(own)
        return self

    def left(self) -> Floats:
        """What they leave of the targets in the rows left out, (l, t), 0 where a row is not the target's."""
        out = self._centred.copy()
        for fold, rows in runs(self.asked.folds[self.asked.learned]):
            out[rows] -= self.columns[:, rows].T @ self.coefficients_[fold].astype(np.float32)
        return np.where(self._counts, out, 0.0)

    def _fitted(self, own: Ints) -> Floats:
        """Of targets that count on the same rows: (FOLDS, p, own)."""
        y, grams = self._centred[:, own].astype(np.float32), self._grams_of(self._counts[:, own[0]])
        folds = [slice(*ends) for ends in pairwise(self._bounds)]
        sums = np.stack([self.columns[:, fold] @ y[fold] for fold in folds]).astype(np.float64)
        paths = np.stack([_path(grams.sum(axis=0) - grams[f], sums.sum(axis=0) - sums[f]) for f in range(FOLDS)])
        # of what is left out in each fold, the squares, less those of the targets themselves
        inside = np.einsum("flpt,flpt->lt", paths, grams[:, None] @ paths - 2 * sums[:, None])
        every = np.arange(len(own))
        return np.moveaxis(paths[:, inside.argmin(axis=0), :, every], 0, 2)

    def _grams_of(self, counted: Bools) -> Floats:
        """Of the rows that count, (FOLDS, p, p): what the fewer of them and the others make, or leave of all."""
        few = counted if 2 * counted.sum() < len(counted) else ~counted
        if not few.any():
            return self._grams
        rows = np.flatnonzero(few)
        found = fold_grams(self.columns[:, rows], np.searchsorted(rows, self._bounds))
        return found if few is counted else self._grams - found


def _alike(counts: Bools) -> list[Ints]:
    """The targets (positions) that count on the same rows, together."""
    groups: dict[bytes, list[int]] = {}
    for target in range(counts.shape[1]):
        groups.setdefault(counts[:, target].tobytes(), []).append(target)
    return [np.array(group, dtype=np.int64) for group in groups.values()]


def _path(gram: Floats, sums: Floats) -> Floats:
    """Ridge coefficients (penalties, p, t) at each of PENALTIES."""
    axes = np.eye(len(gram))
    halves = [cho_factor(gram + penalty * axes, lower=True, check_finite=False) for penalty in PENALTIES]
    return np.stack([cho_solve(half, sums, check_finite=False) for half in halves])


def _grown(asked: Asked, seed: int) -> Floats:
    """By trees, (n, grown): log-odds of an outcome of 0 and 1, the mean of any other."""
    table = np.column_stack([asked.mission.astype(np.float64), asked.known.values])
    out = np.zeros((len(table), asked.grown))
    for target in range(asked.grown):
        fitted = asked.learned[asked.counts[asked.learned, target]]
        y = winsorised(asked.targets[:, target])
        for fold in range(FOLDS):
            train, inside = fitted[asked.folds[fitted] != fold], asked.folds == fold
            varied = _varied(table[train])
            if inside.any() and varied.any() and len(np.unique(y[train])) > 1:
                out[inside, target] = _trees(table[:, varied], y, train, inside, TREES | {"random_state": seed})
    return out


def _trees(table: Floats, y: Floats, train: Ints, inside: Bools, how: dict[str, Any]) -> Floats:
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    if is_binary(y):
        chance = HistGradientBoostingClassifier(**how)
        odds: Floats = chance.fit(table[train], y[train]).decision_function(table[inside])
        return odds
    mean = HistGradientBoostingRegressor(**how)
    told: Floats = mean.fit(table[train], y[train]).predict(table[inside])
    return told


def boosted(table: Floats, target: Floats, among: Ints, folds: Ints, seed: int) -> Floats:
    """By as many trees as left-out rows ask for, each fold's rows (n,) from those of `among` in the others: log-odds of
    a target of 0 and 1, the mean of any other."""
    y, out = winsorised(target), np.zeros(len(table))
    for fold in range(FOLDS):
        train, inside = among[folds[among] != fold], folds == fold
        varied = _varied(table[train])
        if inside.any() and varied.any() and len(np.unique(y[train])) > 1:
            out[inside] = _trees(table[:, varied], y, train, inside, BOOSTED | {"random_state": seed})
    return out


def _varied(table: Floats) -> Bools:
    """Columns with more than one value (the trees' binning fails on others)."""
    seen = ~np.isnan(table)
    highest = np.where(seen, table, -np.inf).max(axis=0)
    varied: Bools = highest > np.where(seen, table, np.inf).min(axis=0)
    return varied
