"""One trial's two arms: the chance of the moment and the mean outcome in either arm, from a few scores.

The scores (scores.py) say in which order rows stand; here they bend at their quartiles and are set beside the missions
and what happened before, in a logistic regression (least squares where the outcome is continuous) with next to no
penalty: chances come out calibrated, and the moment's own score in the outcome's regression takes up confounding that
the outcome's score missed (Scharfstein, Rotnitzky & Robins 1999, JASA 94, on such augmented regressions). The moment's
effect may differ by mission and by the scores. All of it is fitted without the row's own fold.

One design, and its Gram matrix of each fold, serve the chance and all outcomes. It is made for the rows that are fitted
on only; of all rows, what is fitted is a sum of products with what is told anyway.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from pipeline.estimators.basis import Bools, Floats, Ints, Singles
from pipeline.estimators.ridge_logit import expit, fold_grams, lines, logits
from pipeline.estimators.scores import FOLDS, bounds_of, is_binary, runs

QUARTILES = (0.25, 0.5, 0.75)
EACH = 1 + len(QUARTILES)  # columns of a score
SCORE_PENALTY = 2.0
BEFORE_PENALTY = 5.0
TILT_PENALTY = 2.0  # of how the moment's effect differs: nearly free


@dataclass(frozen=True)
class Told:
    """What is known of n rows: scores (s, n); missions (k, n), and what may have happened before a moment (b, n), as 0
    and 1; folds (n,): few runs of rows of one fold each."""

    scores: Singles
    missions: Singles
    before: Singles
    folds: Ints

    @classmethod
    def of(cls, scores: Floats, missions: Bools, before: Bools, folds: Ints) -> "Told":
        """From tables with a row each, (n, s), (n, k) and (n, b)."""
        first, second, third = (np.ascontiguousarray(x.T, dtype=np.float32) for x in (scores, missions, before))
        return cls(first, second, third, folds)


@dataclass(frozen=True)
class _Frame:
    """How columns are made of a trial's scores (s,), the missions (k), and what may have happened before (b,).

    Columns (p,): scores, their bends at knots (s, quartiles), missions, before; each less its mean, times its scale.
    """

    scores: Ints
    before: Ints
    missions: int
    knots: Singles
    mean: Floats
    scale: Floats

    def bends(self, scores: Singles) -> Singles:
        """Of scores (s, n): (s * quartiles, n)."""
        out: Singles = np.maximum(scores[:, None] - self.knots[:, :, None], 0).reshape(-1, scores.shape[1])
        return out

    def penalty(self) -> Floats:
        """Of the columns and a constant."""
        p, b = len(self.mean), len(self.before)
        out: Floats = np.r_[np.full(p - b, SCORE_PENALTY), np.full(b, BEFORE_PENALTY), 0.0]
        return out

    def unscaled(self, fitted: Floats) -> Floats:
        """Coefficients (FOLDS, p + 1) of the columns and a constant, as those of the columns as they are."""
        slopes = fitted[:, :-1] * self.scale
        return np.column_stack([slopes, fitted[:, -1] - slopes @ self.mean])

    def tilted(self, fitted: Floats) -> Floats:
        """Coefficients (FOLDS, 1 + k + s) of a constant, missions as they are, and scores, as those of all columns and
        a constant."""
        s, k = len(self.scores), self.missions
        out = np.zeros((len(fitted), len(self.mean) + 1))
        out[:, :s] = fitted[:, 1 + k :] * self.scale[:s]
        out[:, EACH * s : EACH * s + k] = fitted[:, 1 : 1 + k]
        out[:, -1] = fitted[:, 0] - out[:, :s] @ self.mean[:s]
        return out

    def sums(self, told: Told, coefficients: Floats) -> Singles:
        """Of all rows (t, n), each by its own fold's coefficients of the columns as they are and a constant:
        (t, FOLDS, p + 1)."""
        s, k = len(self.scores), self.missions
        parts = np.split(coefficients.astype(np.float32), [s, EACH * s, EACH * s + k, len(self.mean)], axis=2)
        before = np.zeros((*coefficients.shape[:2], len(told.before)), dtype=np.float32)
        before[:, :, self.before] = parts[3]
        out = np.empty((len(coefficients), len(told.folds)), dtype=np.float32)
        for fold, rows in runs(told.folds):
            scores = told.scores[self.scores, rows]
            known = (scores, self.bends(scores), told.missions[:, rows], told.before[:, rows])
            own = (parts[0], parts[1], parts[2], before)
            out[:, rows] = parts[4][:, fold] + sum(x[:, fold] @ y for x, y in zip(own, known, strict=True))
        return out


def _framed(told: Told, scores: Ints, before: Ints, rows: Ints) -> tuple[_Frame, Singles]:
    """The frame, and the columns of the rows that it is learned from, (p, rows)."""
    own = told.scores[np.ix_(scores, rows)]
    knots = np.quantile(own, QUARTILES, axis=1).T.astype(np.float32)
    frame = _Frame(scores, before, len(told.missions), knots, np.empty(0), np.empty(0))
    columns = np.concatenate([own, frame.bends(own), told.missions[:, rows], told.before[np.ix_(before, rows)]])
    mean = columns.mean(axis=1, dtype=np.float64).astype(np.float32)
    columns -= mean[:, None]
    spread = np.sqrt(np.einsum("ij,ij->i", columns, columns) / len(rows))
    scale = np.where(spread > 1e-9, 1 / np.maximum(spread, 1e-9), 0.0).astype(np.float32)
    columns *= scale[:, None]
    return replace(frame, mean=mean.astype(np.float64), scale=scale.astype(np.float64)), columns


@dataclass(frozen=True)
class _Outcome:
    """An outcome of the learned rows (l,), in units of `scale` from `middle`; a logit's is 0 or 1."""

    values: Floats
    is_logit: bool
    middle: float = 0.0
    scale: float = 1.0

    @classmethod
    def of(cls, values: Floats, learned: Ints) -> "_Outcome":
        own = values[learned]
        if is_binary(values):
            return cls(own, True)
        middle, scale = float(own.mean()), float(own.std()) or 1.0
        return cls((own - middle) / scale, False, middle, scale)

    def mean(self, told: Singles) -> Floats:
        """Of sums of the design's columns, (n,)."""
        double = told.astype(np.float64)
        return expit(double) if self.is_logit else self.middle + self.scale * double


class Arms:
    """The nuisances of one trial, each row's from the other folds: `chance_` (n,) of the moment; `means_` of each
    outcome without the moment and with it, (n,) each; and `left_` (l,), what the moment of the learned rows leaves by
    least squares on scores and missions, not on what happened before.

    scores, before: which of what is told adjusts this trial; learned: the rows that are fitted on, in the order of
    their folds.
    """

    def __init__(self, told: Told, scores: Ints, before: Ints, learned: Ints) -> None:
        self.told = told
        self.scores = scores
        self.before = before
        self.learned = learned

    def fit(self, treated: Bools, outcomes: Sequence[Floats]) -> "Arms":
        """Of treated (n,) and outcomes (n,), whose far tails are drawn in."""
        frame, columns = _framed(self.told, self.scores, self.before, self.learned)
        had = treated[self.learned].astype(np.float32)
        tilt = np.concatenate([self.told.missions[:, self.learned], columns[: len(self.scores)]]) * had
        design = np.concatenate([columns, np.ones((1, len(had)), np.float32), had[None], tilt])
        grams = fold_grams(design, bounds_of(self.told.folds[self.learned]))
        asked = [_Outcome(had.astype(np.float64), True), *(_Outcome.of(y, self.learned) for y in outcomes)]
        fitted = self._fitted(design, grams, frame, asked)
        p = len(columns) + 1
        without = [frame.unscaled(fitted[:, nth, :p]) for nth in range(len(asked))]
        happening = [without[nth] + frame.tilted(fitted[:, nth, p:]) for nth in range(1, len(asked))]
        told = frame.sums(self.told, np.stack([*without, *happening]))
        self.chance_ = expit(told[0]).astype(np.float64)
        self.means_ = [
            (one.mean(told[nth]), one.mean(told[len(outcomes) + nth])) for nth, one in enumerate(asked[1:], start=1)
        ]
        self.left_ = _unexplained(columns[: len(columns) - len(self.before)], had)
        return self

    def _fitted(self, design: Singles, grams: Floats, frame: _Frame, asked: Sequence[_Outcome]) -> Floats:
        """Coefficients (FOLDS, asked, design), the moment's chance first, in which no arm has a say."""
        bounds = bounds_of(self.told.folds[self.learned])
        plain = frame.penalty()
        tilt = np.r_[0.0, np.full(len(design) - len(plain) - 1, TILT_PENALTY)]
        penalties = np.array([np.r_[plain, tilt if nth else np.full(len(tilt), np.inf)] for nth in range(len(asked))])
        out = np.empty((FOLDS, *penalties.shape))
        chances = np.array([one.is_logit for one in asked])
        targets = np.stack([one.values for one in asked])
        out[:, chances] = logits(design, targets[chances], bounds, grams, penalties[chances])
        for nth in np.flatnonzero(~chances):
            out[:, nth] = lines(design, targets[nth], bounds, grams, penalties[nth])
        return out


def _unexplained(columns: Singles, had: Singles) -> Floats:
    """What is left (l,) of having had the moment by least squares on columns (p, l) and a constant."""
    middle = float(had.mean())
    beta = np.linalg.solve(
        (columns @ columns.T).astype(np.float64) + SCORE_PENALTY * np.eye(len(columns)), columns @ (had - middle)
    )
    out: Floats = had - middle - beta.astype(np.float32) @ columns
    return out
