"""Whether moments go together beyond all that is known: the mark of a cause that no export tells.

What a moment leaves, once what was known at the order has explained what it can, goes together with what another one
leaves where one leads to the other, or where something unseen leads to both. Three moments of different sub-steps, each
two of which go together, and still do given all the others, are not a chain. One factor behind them (Spearman 1904,
Amer. J. Psychol. 15; the reasoning of Wang & Blei 2019, JASA 114) says how strongly each of them hangs on it. How
strongly coming back does cannot be known from this (D'Amour 2019, AISTATS 89), so nothing is adjusted for it; but if
the factor were all that these moments' effects are, it would be the median of the effects by what they hang on it. That
is how far each may be off, and it goes into their errors.

A cause that only two moments share, or none, cannot be seen by any of this.
"""

from itertools import combinations

import numpy as np
from scipy.special import ndtri

from pipeline.estimators.trials import Bools, Floats, Ints

LEVEL = 0.01  # of taking one of all pairs for going together by chance (Bonferroni)
FEWEST = 200  # journeys that could have had both
MOST = 0.4  # correlation of the outcome with something unseen: no single thing known explains more
ROUNDS = 50
LEAST_AXIS = 0.05  # of a correlation matrix made of pairs, whose axes may turn negative


def pulls(left: Floats, sub_step_of: Ints, customer: Ints) -> Floats:
    """What each moment (m,) hangs on an unseen cause: by how much an effect is off for each unit by which coming back
    hangs on it; 0 where no such cause is seen.

    left (n, m): a moment less its chance by all that was known, nan where its sub-step was not reached.
    """
    correlation, z_score, together = _pairs(left, customer)
    known = together >= FEWEST
    tests = int(np.triu(known, 1).sum())
    if not tests:
        return np.zeros(left.shape[1])
    least = -ndtri(LEVEL / 2 / tests)
    edge = known & (np.abs(z_score) > least) & (sub_step_of[:, None] != sub_step_of)
    apart = _given_all(correlation)
    with np.errstate(invalid="ignore", divide="ignore"):
        edge &= np.abs(z_score * apart / correlation) > least
    company = _in_threes(edge & (np.sign(apart) == np.sign(correlation)), correlation)
    out = np.zeros(left.shape[1])
    if company.any():
        own = np.flatnonzero(company)
        out[own] = _factor(correlation[np.ix_(own, own)], together[np.ix_(own, own)]) / np.nanstd(left[:, own], axis=0)
    return out


def bias(effect: Floats, pull: Floats, outcome_spread: float) -> Floats:
    """How far, and which way, each effect (m,) may be off: as far as the unseen cause could have made them; else 0."""
    some = (pull != 0) & ~np.isnan(effect)
    if not some.any():
        return np.zeros(len(pull))
    likely = float(np.median(effect[some] / pull[some]))
    out: Floats = np.clip(likely, -MOST * outcome_spread, MOST * outcome_spread) * pull
    return out


def _pairs(left: Floats, customer: Ints) -> tuple[Floats, Floats, Ints]:
    """Of each two moments: the correlation of what they leave, its z by customer, and how many journeys had a say."""
    seen = ~np.isnan(left)
    filled, count = np.where(seen, left, 0.0), np.maximum(1, seen.sum(axis=0))
    scaled = np.where(seen, filled - filled.sum(axis=0) / count, 0.0)
    scaled /= np.maximum(np.sqrt((scaled**2).sum(axis=0) / count), 1e-9)
    together = seen.astype(np.float64).T @ seen
    people = np.unique(customer, return_inverse=True)[1]
    z_score = np.zeros_like(together)
    for i, j in combinations(range(left.shape[1]), 2):
        sums = np.bincount(people, weights=scaled[:, i] * scaled[:, j])
        z_score[i, j] = z_score[j, i] = sums.sum() / max(float(np.sqrt((sums**2).sum())), 1e-9)
    correlation = scaled.T @ scaled / np.maximum(together, 1)
    np.fill_diagonal(correlation, 0)
    return correlation, z_score, together.astype(np.int64)


def _given_all(correlation: Floats) -> Floats:
    """Partial correlations."""
    sizes, axes = np.linalg.eigh(correlation + np.eye(len(correlation)))
    inverse = (axes / np.maximum(sizes, LEAST_AXIS)) @ axes.T
    scale = np.sqrt(np.diag(inverse))
    out: Floats = -inverse / scale[:, None] / scale
    np.fill_diagonal(out, 0)
    return out


def _in_threes(edge: Bools, correlation: Floats) -> Bools:
    """The moments (m,) of threes that all go together, in a way that one factor can make."""
    found = np.zeros(len(edge), dtype=bool)
    for i, j in zip(*np.nonzero(np.triu(edge, 1)), strict=True):
        thirds = edge[i] & edge[j] & (correlation[i, j] * correlation[i] * correlation[j] > 0)
        found |= thirds
        if thirds.any():
            found[[i, j]] = True
    return found


def _factor(correlation: Floats, weight: Ints) -> Floats:
    """Each one's correlation (m,) with the one factor that makes the pairs' correlations best, by least squares."""
    free = weight * (1 - np.eye(len(weight)))
    axis: Floats = np.linalg.eigh(correlation)[1][:, -1] * np.sqrt(np.abs(correlation).max())
    for _ in range(ROUNDS):
        for one in range(len(axis)):
            norm = float((free[one] * axis**2).sum())
            axis[one] = np.clip((free[one] * correlation[one] * axis).sum() / max(norm, 1e-12), -0.95, 0.95)
    return axis
