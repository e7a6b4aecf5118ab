"""Many ridge-penalised logistic regressions on one design at once.

A night fits hundreds of them: each moment's chance and its outcome, in every fold, at several penalties. They share the
design, so they are solved side by side: a step is one product of the design with a matrix of coefficients, and the
curvature, which depends on the rows and the penalty only, is inverted once. Steps are majorise-minimise (the logistic
loss bends at most a quarter: Böhning & Lindsay 1988, Ann. Inst. Statist. Math. 40) sped up by Nesterov's momentum with
restarts (O'Donoghue & Candès 2015, Found. Comput. Math. 15).
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

STEPS = 60
SMALL_MOVE = 2e-4  # of a coefficient of a standardised column: below any figure that is shown


def expit(values: Floats) -> Floats:
    """The logistic function, without overflow."""
    out: Floats = 0.5 * (1.0 + np.tanh(0.5 * values))
    return out


def fold_grams(design: Floats, folds: NDArray[np.int64], count: int) -> Floats:
    """The Gram matrix of each fold's rows, (count, p, p)."""
    return np.stack([design[folds == fold].T @ design[folds == fold] for fold in range(count)])


def fit_left_out(design: Floats, outcome: Floats, folds: NDArray[np.int64], grams: Floats, penalty: Floats) -> Floats:
    """Coefficients (p, folds * penalties): column f * penalties + l is fitted without the rows of fold f.

    `design` (n, p), `outcome` (n,) of 0..1, `folds` (n,), `grams` (folds, p, p) as of fold_grams, `penalty` (p, l).
    """
    count, width = len(grams), penalty.shape[1]
    outside = (folds[:, None] != np.arange(count)[None, :]).astype(np.float64)
    inverses = _inverses(grams.sum(axis=0) - grams, penalty)
    return _descend(design, outcome, np.repeat(outside, width, axis=1), np.tile(penalty, (1, count)), inverses)


def own_fold(values: Floats, folds: NDArray[np.int64], count: int) -> Floats:
    """Of values (n, folds * penalties), each row's from the fit that left it out: (n, penalties)."""
    return values.reshape(len(values), count, -1)[np.arange(len(values)), folds]


def losses(scores: Floats, outcome: Floats) -> Floats:
    """The mean logistic loss of each column of linear predictors (n, l) against (n,) of 0 and 1."""
    out: Floats = (np.logaddexp(0, scores) - scores * outcome[:, None]).mean(axis=0)
    return out


def _inverses(grams: Floats, penalty: Floats) -> Floats:
    """The inverses of the majorising curvature, (folds * penalties, p, p)."""
    p, width = penalty.shape
    curvature = 0.25 * np.repeat(grams, width, axis=0)
    curvature[:, np.arange(p), np.arange(p)] += np.tile(penalty.T, (len(grams), 1)) + 1e-6
    return np.asarray(np.linalg.inv(curvature), dtype=np.float64)


def _descend(design: Floats, outcome: Floats, mask: Floats, penalty: Floats, inverses: Floats) -> Floats:
    """Coefficients (p, q) that minimise the penalised loss of each column's training rows."""
    now = np.zeros(penalty.shape)
    ahead, speed = now, np.ones(penalty.shape[1])
    for _ in range(STEPS):
        slope = design.T @ (mask * (expit(design @ ahead) - outcome[:, None])) + penalty * ahead
        after = ahead - (inverses @ slope.T[:, :, None])[:, :, 0].T
        if np.abs(after - now).max() < SMALL_MOVE:
            return after
        speed = np.where((slope * (after - now)).sum(axis=0) > 0, 1.0, speed)
        faster = (1 + np.sqrt(1 + 4 * speed**2)) / 2
        ahead = after + ((speed - 1) / faster) * (after - now)
        now, speed = after, faster
    return now
