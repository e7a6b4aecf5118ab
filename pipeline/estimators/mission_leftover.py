"""Journeys that are on no mission: what they show would be a wonder under every one of them."""

from __future__ import annotations

import numpy as np

from pipeline.estimators.mission_signals import Matrix
from pipeline.estimators.missions import Floats, MissionModel

Parts = tuple[Floats, Floats]


def misfit(model: MissionModel, matrix: Matrix) -> Floats:
    """How many standard deviations a journey's likelihood lies under what its likeliest-fitting mission expects.

    Expected of journeys of a mission that show the same signals and read as much: near 0, seldom above 3.
    """
    design = model.design(matrix)
    expected, spread = _moments(model)
    shown = _shown(model, matrix, design)
    gap = shown @ expected.T - design @ model.weights().T
    found: Floats = (gap / np.sqrt(np.maximum(shown @ spread.T, 1e-9))).min(axis=1)
    return found


def _shown(model: MissionModel, matrix: Matrix, design: Matrix) -> Floats:
    """How much of each block a journey shows; a signal that leans on a known one counts by the other's column."""
    totals = np.column_stack([matrix[:, part].sum(axis=1, dtype=float) for part in model.slices()])
    given = design[:, matrix.shape[1] :].astype(float)
    start = 0
    for tie in model.ties_:
        totals[:, tie.child] -= given[:, start : start + len(tie.ratio)].sum(axis=1)
        start += len(tie.ratio)
    return np.hstack([totals, given])


def _moments(model: MissionModel) -> Parts:
    """Mean and variance of the log-likelihood of one unit of each column of `_shown`, missions x columns."""
    parts = model.slices()
    means, spreads = [], []
    for part, scale in zip(parts, model.scales_, strict=True):
        shares = model.words_[:, None, part]
        mean, spread = _of(shares, np.log(shares))
        means.append(scale * mean)
        spreads.append(scale * spread)
    for tie in model.ties_:
        own = model.words_[:, None, parts[tie.child]]
        total = (own * tie.ratio).sum(axis=2, keepdims=True)
        mean, spread = _of(own * tie.ratio / total, np.log(own) - np.log(total))
        means.append(mean)
        spreads.append(spread)
    return np.hstack(means), np.hstack(spreads)


def _of(shares: Floats, told: Floats) -> Parts:
    mean = (shares * told).sum(axis=2)
    return mean, (shares * told**2).sum(axis=2) - mean**2
