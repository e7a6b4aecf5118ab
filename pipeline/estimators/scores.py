"""What was known at the start as a few scores: how likely each outcome and each treatment was, all in one pass.

Ridge regressions of all targets on one wide design share all that is costly: the design's Gram matrix of each fold and
its axes are those of every target with the same rows, so that another target, or another penalty, is a product of small
matrices (Hoerl & Kennard 1970, Technometrics 12, for the path). They are fitted on the rows of the other folds, at the
penalty with the least left-out error. As straight lines of a chance they are only an order of the rows; what is made
of them, arms.py, bends. What trees find beyond is found once for each target that is asked (a prognostic score, Hansen
2008, Biometrika 95).

A large night teaches by a sample of MOST_LEARNED rows, whole customers: nuisances learned from more differ less than
the effects' own errors by far, and every row is still measured.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from pipeline.estimators.basis import Bools, Coded, Floats, Ints, Singles, learn, with_products

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

    learned (l,): the rows that are learned from; mission (n,), -1 for none, of `missions`; targets (n, t), each where
    `counts` (n, t); the first `grown` of the targets get trees beside the ridge.
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


def winsorised(values: Floats) -> Floats:
    """A continuous outcome with its far tails drawn in; 0 and 1 stay as they are."""
    out: Floats = values if is_binary(values) else np.clip(values, *np.quantile(values, TAILS))
    return out


def is_binary(values: Floats) -> bool:
    return bool(np.isin(values, (0.0, 1.0)).all())


def left_out_scores(asked: Asked, seed: int) -> tuple[Floats, Floats]:
    """By the ridge (n, t), and by trees (n, grown): each row's from what was learned without its fold."""
    known, mission = asked.known.take(asked.learned), asked.mission[asked.learned]
    step = -(-len(asked.learned) // SCREENED)
    some = replace(asked, learned=asked.learned[::step])
    first = learn(known, mission, asked.missions)
    _, left = _ridges(first.columns(known.values[::step], mission[::step]), some)
    basis = with_products(first, known, mission, left)
    paths, _ = _ridges(basis.columns(known.values, mission), asked)
    scores = np.empty(asked.targets.shape)
    for rows in chunks(len(scores)):
        columns = basis.columns(asked.known.values[rows], asked.mission[rows])
        scores[rows] = _own(columns, paths, asked.folds[rows])
    return scores, _grown(asked, seed)


def chunks(count: int) -> Iterator[slice]:
    for start in range(0, count, CHUNK):
        yield slice(start, min(start + CHUNK, count))


def _own(columns: Singles, paths: Floats, folds: Ints) -> Floats:
    """Products of columns (n, p) with each row's fold's coefficients (folds, p, t)."""
    out = np.empty((len(columns), paths.shape[2]))
    for fold in range(FOLDS):
        out[folds == fold] = columns[folds == fold] @ paths[fold].astype(np.float32)
    return out


def _ridges(columns: Singles, asked: Asked) -> tuple[Floats, Floats]:
    """Coefficients (FOLDS, p, t) at each target's best penalty, and the residuals (l, t) of what they leave out."""
    targets, counts = asked.targets[asked.learned], asked.counts[asked.learned]
    coefficients = np.zeros((FOLDS, columns.shape[1], targets.shape[1]))
    left = np.zeros(targets.shape)
    for own in _alike(counts):
        rows = np.flatnonzero(counts[:, own[0]])
        if len(rows) < FOLDS:
            continue
        folds, y = asked.folds[asked.learned][rows], targets[np.ix_(rows, own)]
        centred = y - y.mean(axis=0)
        coefficients[:, :, own], left[np.ix_(rows, own)] = _ridge(columns[rows], centred, folds)
    return coefficients, left


def _alike(counts: Bools) -> list[Ints]:
    """The targets (positions) that count on the same rows, together."""
    groups: dict[bytes, list[int]] = {}
    for target in range(counts.shape[1]):
        groups.setdefault(counts[:, target].tobytes(), []).append(target)
    return [np.array(group, dtype=np.int64) for group in groups.values()]


def _ridge(columns: Singles, centred: Floats, folds: Ints) -> tuple[Floats, Floats]:
    """Of one group of targets: coefficients (FOLDS, p, t) and left-out residuals (m, t)."""
    parts = [(columns[folds == fold], centred[folds == fold].astype(np.float32)) for fold in range(FOLDS)]
    grams = np.stack([part.T @ part for part, _ in parts]).astype(np.float64)
    sums = np.stack([part.T @ y for part, y in parts]).astype(np.float64)
    paths = np.stack([_path(grams.sum(axis=0) - grams[f], sums.sum(axis=0) - sums[f]) for f in range(FOLDS)])
    left = np.zeros((len(PENALTIES), *centred.shape))
    for fold in range(FOLDS):
        own = folds == fold
        left[:, own] = centred[own] - parts[fold][0] @ paths[fold].astype(np.float32)
    errors = (left**2).sum(axis=1)
    best, every = errors.argmin(axis=0), np.arange(centred.shape[1])
    return np.moveaxis(paths[:, best, :, every], 0, 2), left[best, :, every].T


def _path(gram: Floats, sums: Floats) -> Floats:
    """Ridge coefficients (penalties, p, t) at each of PENALTIES."""
    sizes, axes = np.linalg.eigh(gram)
    inside = axes.T @ sums
    shrunk = np.maximum(sizes, 0)[None, :, None] + PENALTIES[:, None, None]
    out: Floats = axes @ (inside / shrunk)
    return out


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
