"""Many ridge-penalised regressions on one design at once, logistic ones and least squares.

A night fits hundreds of them: each moment's chance and its outcomes, without every fold. They share the design and its
Gram matrix of each fold. Logistic ones are solved side by side: a step is one product of the design with a matrix of
coefficients, and the curvature, which depends on the rows and the penalty only, is inverted once. Steps are
majorise-minimise (the logistic loss bends at most a quarter: Böhning & Lindsay 1988, Ann. Inst. Statist. Math. 40) sped
up by Nesterov's momentum with restarts (O'Donoghue & Candès 2015, Found. Comput. Math. 15).

A design has a row for each column of the regression, in single precision; its rows of data stand in the order of their
folds, so that a fold is a slice.
"""

from itertools import pairwise
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]
Ints = NDArray[np.int64]
Number = TypeVar("Number", bound=np.floating[Any])

STEPS = 60
SMALL_MOVE = 2e-4  # of a coefficient of a standardised column: below any figure that is shown


def expit(values: NDArray[Number]) -> NDArray[Number]:
    """The logistic function, without overflow."""
    out: NDArray[Number] = 0.5 * (1.0 + np.tanh(0.5 * values))
    return out


def fold_grams(design: Singles, bounds: Ints) -> Floats:
    """The Gram matrix of each fold's rows, (folds, p, p): fold f's are those from bounds[f] to bounds[f + 1]."""
    folds = [design[:, start:stop] for start, stop in pairwise(bounds)]
    return np.stack([fold @ fold.T for fold in folds]).astype(np.float64)


def lines(design: Singles, outcome: Floats, bounds: Ints, grams: Floats, penalty: Floats) -> Floats:
    """Coefficients (folds, p) of an outcome (n,) by least squares, fitted without the rows of a fold.

    `design` (p, n), `grams` (folds, p, p) as of fold_grams, `penalty` (p,).
    """
    y = outcome.astype(np.float32)
    sums = np.stack([design[:, start:stop] @ y[start:stop] for start, stop in pairwise(bounds)]).astype(np.float64)
    normal = grams.sum(axis=0) - grams + np.diag(penalty + 1e-6)
    out: Floats = np.linalg.solve(normal, (sums.sum(axis=0) - sums)[..., None])[..., 0]
    return out


def logits(design: Singles, outcomes: Floats, bounds: Ints, grams: Floats, penalties: Floats) -> Floats:
    """Coefficients (folds, t, p) of outcomes (t, n) of 0..1 by logistic regression, fitted without the rows of a fold.

    `design` (p, n), `grams` (folds, p, p) as of fold_grams, `penalties` (t, p): infinite where a column is not the
    outcome's.
    """
    left = grams.sum(axis=0) - grams
    inverses = np.stack([[_inverse(0.25 * gram, penalty) for penalty in penalties] for gram in left])
    weight = np.where(np.isfinite(penalties), penalties, 0.0)
    target = outcomes.astype(np.float32)
    now = np.zeros((len(grams), *penalties.shape))
    ahead, speed = now, np.ones((*now.shape[:2], 1))
    for _ in range(STEPS):
        slope = _slope(design, target, bounds, ahead) + weight * ahead
        after: Floats = ahead - (inverses @ slope[..., None])[..., 0]
        if np.abs(after - now).max() < SMALL_MOVE:
            return after
        speed = np.where((slope * (after - now)).sum(axis=2, keepdims=True) > 0, 1.0, speed)
        faster = (1 + np.sqrt(1 + 4 * speed**2)) / 2
        ahead = after + ((speed - 1) / faster) * (after - now)
        now, speed = after, faster
    return now


def _slope(design: Singles, target: Singles, bounds: Ints, coefficients: Floats) -> Floats:
    """The slope of the losses, (folds, t, p), each without its fold's rows."""
    folds, count, p = coefficients.shape
    left = expit(coefficients.reshape(-1, p).astype(np.float32) @ design).reshape(folds, count, -1)
    left -= target
    for fold in range(folds):
        left[fold, :, bounds[fold] : bounds[fold + 1]] = 0
    out: Floats = (left.reshape(folds * count, -1) @ design.T).reshape(coefficients.shape).astype(np.float64)
    return out


def _inverse(curvature: Floats, penalty: Floats) -> Floats:
    """The inverse of the penalised curvature (p, p), 0 where the penalty is infinite."""
    own = np.ix_(np.isfinite(penalty), np.isfinite(penalty))
    out = np.zeros(curvature.shape)
    out[own] = np.linalg.inv((curvature + np.diag(penalty + 1e-6))[own])
    return out
