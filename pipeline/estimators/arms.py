"""One trial's two arms: the chance of the moment and the mean outcome in either arm, from a few scores.

The scores (scores.py) say in which order rows stand; here they bend at their quartiles and are set beside the missions
and what happened before, in a logistic regression (least squares where the outcome is continuous) with next to no
penalty: chances come out calibrated, and the moment's own score in the outcome's regression takes up confounding that
the outcome's score missed (Scharfstein, Rotnitzky & Robins 1999, JASA 94, on such augmented regressions). The moment's
effect may differ by mission and by the scores. All of it is fitted without the row's own fold.
"""

from dataclasses import dataclass, replace

import numpy as np

from pipeline.estimators.basis import Bools, Floats, Ints
from pipeline.estimators.ridge_logit import expit, fit_left_out, fold_grams
from pipeline.estimators.scores import FOLDS, is_binary, winsorised

QUARTILES = (0.25, 0.5, 0.75)
SCORE_PENALTY = 2.0
BEFORE_PENALTY = 5.0
TILT_PENALTY = 2.0  # of how the moment's effect differs: nearly free
PART = 50_000  # rows whose columns are in memory at once


@dataclass(frozen=True)
class Told:
    """What is known of m eligible rows: scores (m, s), missions (m, k) and what happened before (m, b) as 0 and 1,
    folds (m,), and the rows (positions) that are fitted on."""

    scores: Floats
    missions: Floats
    before: Floats
    folds: Ints
    learned: Ints


@dataclass(frozen=True)
class _Frame:
    """How the columns are made of scores, missions and what happened before."""

    knots: Floats
    mean: Floats
    scale: Floats

    def columns(self, told: Told, rows: Ints) -> Floats:
        """(rows, p), the last one constant."""
        raw = _raw(told, rows, self.knots)
        return np.column_stack([(raw - self.mean) * self.scale, np.ones(len(rows))])


def _raw(told: Told, rows: Ints, knots: Floats) -> Floats:
    scores = told.scores[rows].astype(np.float64)
    bent = np.maximum(scores[:, :, None] - knots.T[None], 0).reshape(len(rows), -1)
    return np.column_stack([scores, bent, told.missions[rows], told.before[rows]])


def _framed(told: Told) -> _Frame:
    knots = np.quantile(told.scores[told.learned].astype(np.float64), QUARTILES, axis=0)
    raw = _raw(told, told.learned, knots)
    spread = raw.std(axis=0)
    return _Frame(knots, raw.mean(axis=0), np.where(spread > 1e-9, 1 / np.maximum(spread, 1e-9), 0.0))


class Arms:
    """The nuisances of one trial: `chance_` (m,), and `means` of any outcome."""

    def __init__(self, told: Told, treated: Floats) -> None:
        self.told = told
        self.treated = treated

    def fit(self) -> "Arms":
        """Fits the chance of the moment."""
        told = self.told
        self._frame = _framed(told)
        self._columns = self._frame.columns(told, told.learned)
        plain = told.scores.shape[1] * (1 + len(QUARTILES)) + told.missions.shape[1]
        self._penalty = np.r_[np.full(plain, SCORE_PENALTY), np.full(told.before.shape[1], BEFORE_PENALTY), 0.0]
        fitted = _fit(self._columns, self.treated[told.learned], told.folds[told.learned], self._penalty, logit=True)
        self.chance_ = np.empty(len(told.folds))
        for rows in _parts(len(told.folds)):
            self.chance_[rows] = expit(_own(self._frame.columns(told, rows), fitted, told.folds[rows]))
        return self

    def means(self, outcome: Floats) -> tuple[Floats, Floats]:
        """The mean of the outcome (m,) without the moment and with it, (m,) each, as far as all this tells."""
        told, logit = self.told, is_binary(outcome)
        y = outcome if logit else winsorised(outcome)
        middle, scale = (0.0, 1.0) if logit else (float(y[told.learned].mean()), float(y[told.learned].std()) or 1.0)
        tilt = self._tilt(told.learned)
        wide = np.column_stack([self._columns, tilt * self.treated[told.learned][:, None]])
        penalty = np.r_[self._penalty, 0.0, np.full(tilt.shape[1] - 1, TILT_PENALTY)]
        fitted = _fit(wide, (y[told.learned] - middle) / scale, told.folds[told.learned], penalty, logit=logit)
        without, happening = np.empty(len(outcome)), np.empty(len(outcome))
        p = self._columns.shape[1]
        for rows in _parts(len(outcome)):
            plain = _own(self._frame.columns(told, rows), fitted[:p], told.folds[rows])
            tilted = plain + _own(self._tilt(rows), fitted[p:], told.folds[rows])
            without[rows], happening[rows] = (expit(x) if logit else middle + scale * x for x in (plain, tilted))
        return without, happening

    def _tilt(self, rows: Ints) -> Floats:
        """What the moment's effect may differ by, (rows, t), a constant first."""
        told, s = self.told, self.told.scores.shape[1]
        mean, scale = self._frame.mean[:s], self._frame.scale[:s]
        return np.column_stack([np.ones(len(rows)), told.missions[rows], (told.scores[rows] - mean) * scale])


def unexplained(told: Told, treated: Bools) -> Floats:
    """What the moment (l,) of the learned rows leaves, by least squares on scores and missions, not on what happened
    before: (l,)."""
    known = replace(told, before=np.empty((len(told.folds), 0)))
    columns = _framed(known).columns(known, known.learned)
    y = treated.astype(np.float64)
    normal = columns.T @ columns + SCORE_PENALTY * np.eye(columns.shape[1])
    out: Floats = y - columns @ np.linalg.solve(normal, columns.T @ y)
    return out


def _fit(columns: Floats, y: Floats, folds: Ints, penalty: Floats, *, logit: bool) -> Floats:
    """Coefficients (p, FOLDS), each fitted without a fold."""
    grams = fold_grams(columns, folds, FOLDS)
    if logit:
        return fit_left_out(columns, y, folds, grams, penalty[:, None])
    sums = np.stack([columns[folds == fold].T @ y[folds == fold] for fold in range(FOLDS)])
    whiff = np.diag(penalty + 1e-6)
    fitted = [np.linalg.solve(grams.sum(axis=0) - grams[f] + whiff, sums.sum(axis=0) - sums[f]) for f in range(FOLDS)]
    return np.stack(fitted, axis=1)


def _own(columns: Floats, fitted: Floats, folds: Ints) -> Floats:
    out: Floats = (columns @ fitted)[np.arange(len(columns)), folds]
    return out


def _parts(count: int) -> list[Ints]:
    return [np.arange(start, min(start + PART, count)) for start in range(0, count, PART)]
