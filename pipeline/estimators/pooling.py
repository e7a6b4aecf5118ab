"""Partial pooling of a moment's effects between missions, by empirical Bayes.

A moment's effect on mission k, theta_k, is next to nothing, or near a mean that its missions share:

    with 1 - alive     the moment does nothing on any mission: all theta_k ~ N(0, SPIKE²)
    with alive         mu ~ N(0, omega²), and for each mission
        with still         theta_k ~ N(0, SPIKE²)
        otherwise          theta_k ~ N(mu, tau²), or with HEAVY N(mu, (3 tau)²): a few are unlike the rest

What was measured is theta_k, and noise, and what adjusting left over: r times the shared part of each mission's error,
with one r ~ N(0, 1) for all missions of the moment. Missions on which a moment does nothing tell how much that is.
alive, still, tau and omega are learned from all moments of the table together, as weights on a grid rather than one
best point: a night has few moments, and a best point would be too sure of itself. Given mu and r the missions are
independent, so the weights are exact but for the grids of mu and r. What is believed is kept as draws, all missions of
a moment jointly, so that means over missions and ranks follow from them.

After Efron & Morris 1975 (JASA 70) for borrowing strength, Stephens 2017 (Biostatistics 18) for the spike and the
local false sign rate, Urbut et al. 2019 (Nature Genetics 51) for sharing between conditions.
"""

from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SPIKE = 0.004  # "next to nothing": mostly within half a point either way
HEAVY = 0.15
GRID = np.array(list(product((0.15, 0.4, 0.7), (0.01, 0.03, 0.06, 0.12), (0.02, 0.05, 0.1, 0.2))))  # still, tau, omega
ALIVE = np.array([0.1, 0.3, 0.5, 0.7, 0.9])
NODES = np.linspace(-3.25, 3.25, 27)  # of mu, in units of omega
SHARED = np.linspace(-2.5, 2.5, 11)  # of r
DRAWS = 4000


@dataclass(frozen=True)
class _Cells:
    """Effects, errors without their shared part, and that part, each (k,) of a moment; nan where not measured."""

    effect: Floats
    error: Floats
    shared: Floats


def pooled_draws(effect: Floats, error: Floats, shared: Floats, seed: int) -> Floats:
    """Effects, standard errors and of these the shared part (m, k), nan where not measured, to draws (m, k, DRAWS) of
    what is believed.

    Groups that were not measured get what the others say of them.
    """
    own = np.sqrt(np.maximum(error**2 - shared**2, 1e-12))
    cells = [_Cells(*one) for one in zip(effect, own, shared, strict=True)]
    dead, alive = (np.stack(each) for each in zip(*map(_evidence, cells), strict=True))
    rng = np.random.default_rng(seed)
    weights = _weights(dead, alive)
    return np.stack([_draws(one, weight, rng) for one, weight in zip(cells, weights, strict=True)])


def _evidence(cells: _Cells) -> tuple[Floats, Floats]:
    """Log densities of what was measured of a moment, r and mu included: where it is dead, (r,), else (r, grid, mu)."""
    dead, alive = np.empty(len(SHARED)), np.empty((len(SHARED), len(GRID), len(NODES)))
    still, tau, omega = (column[:, None] for column in GRID.T)
    for nth, r in enumerate(SHARED):
        parts, nothing = _parts(cells, r, (still, tau, omega * NODES))
        dead[nth], alive[nth] = nothing.sum(), logsumexp(parts, axis=0).sum(axis=0)
    return dead + _log_normal_grid(SHARED), alive + _log_normal_grid(SHARED)[:, None, None] + _log_normal_grid(NODES)


def _parts(cells: _Cells, r: "Floats | float", prior: tuple[Floats, Floats, Floats]) -> tuple[Floats, Floats]:
    """Log densities by mission: (3, k, …) of spike, near and far with their shares, and (k, …) of a dead moment. prior:
    still, tau and mu, of one shape; missions without a measurement have density one."""
    still, tau, mu = (x[None] for x in np.broadcast_arrays(*prior))
    effect, error, shared = (_filled(x, still.ndim) for x in (cells.effect, cells.error, cells.shared))
    left, variance = effect - r * shared, error**2
    shares = [np.log(still), np.log((1 - still) * (1 - HEAVY)), np.log((1 - still) * HEAVY)]
    spreads = [(left, np.full_like(tau, SPIKE)), (left - mu, tau), (left - mu, 3 * tau)]
    seen = ~np.isnan(cells.effect).reshape(-1, *[1] * (still.ndim - 1))
    found = [
        share + np.where(seen, _log_normal(gap, variance + spread**2), 0.0)
        for share, (gap, spread) in zip(shares, spreads, strict=True)
    ]
    return np.stack(found), np.where(seen, _log_normal(left, variance + SPIKE**2), 0.0)


def _filled(values: Floats, dimensions: int) -> Floats:
    out: Floats = np.nan_to_num(values).reshape(-1, *[1] * (dimensions - 1))
    return out


def _log_normal(x: Floats, variance: Floats) -> Floats:
    out: Floats = -0.5 * (x**2 / variance + np.log(2 * np.pi * variance))
    return out


def _log_normal_grid(points: Floats) -> Floats:
    """Log weights of a standard normal on the points."""
    weight = -0.5 * points**2
    out: Floats = weight - logsumexp(weight)
    return out


def _weights(dead: Floats, alive: Floats) -> list[tuple[Floats, Floats]]:
    """For each moment, how likely it does nothing by r, and the weights (r, grid, mu) if it does something."""
    nothing, something = logsumexp(dead, axis=1), logsumexp(alive, axis=(1, 3))  # m; m, grid
    share = ALIVE[:, None, None]
    either = np.logaddexp(np.log1p(-share) + nothing[:, None], np.log(share) + something)  # alive shares, m, grid
    grid = either.sum(axis=1)
    grid = grid - logsumexp(grid)
    out = []
    for i in range(len(dead)):
        is_dead = logsumexp(grid + np.log1p(-share[:, 0]) - either[:, i])
        is_alive = logsumexp(grid + np.log(share[:, 0]) - either[:, i], axis=0)
        out.append((np.exp(is_dead + dead[i]), np.exp(is_alive[:, None] + alive[i])))
    return out


def _draws(cells: _Cells, weights: tuple[Floats, Floats], rng: np.random.Generator) -> Floats:
    """Joint draws (k, DRAWS) for one moment."""
    dead, alive = weights
    cell = _spread(np.r_[dead, alive.ravel()], rng)
    is_dead = cell < len(dead)
    nth, at, node = np.unravel_index(np.maximum(cell - len(dead), 0), alive.shape)
    r = SHARED[np.where(is_dead, np.minimum(cell, len(dead) - 1), nth)]
    still, tau, mu = GRID[at, 0], GRID[at, 1], GRID[at, 2] * NODES[node]
    parts, _ = _parts(cells, r, (still, tau, mu))
    chance = np.exp(parts - logsumexp(parts, axis=0))
    pick = rng.random(chance.shape[1:])
    part = (pick > chance[0]).astype(int) + (pick > chance[0] + chance[1])
    part[:, is_dead] = 0
    centre = np.where(part == 0, 0.0, mu)
    prior = np.where(part == 0, SPIKE, tau * np.where(part == 2, 3.0, 1.0)) ** 2
    seen = ~np.isnan(cells.effect)[:, None]
    noise = np.where(seen, cells.error[:, None], np.inf) ** 2
    pull = prior / (prior + noise)  # 0 where nothing was measured
    centre = centre + pull * (_filled(cells.effect, 2) - r * _filled(cells.shared, 2) - centre)
    out: Floats = centre + np.sqrt(prior * (1 - pull)) * rng.standard_normal(centre.shape)
    return out


def _spread(weights: Floats, rng: np.random.Generator) -> Ints:
    """DRAWS positions in proportion to the weights, evenly spread (systematic resampling)."""
    steps = (np.arange(DRAWS) + rng.random()) / DRAWS
    found: Ints = np.searchsorted(np.cumsum(weights) / weights.sum(), steps).clip(max=len(weights) - 1)
    return found
