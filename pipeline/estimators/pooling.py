"""Partial pooling of a moment's effects between missions, by empirical Bayes.

A moment's effect on mission k, theta_k, is next to nothing, or near a mean that its missions share:

    with 1 - alive     the moment does nothing on any mission: all theta_k ~ N(0, SPIKE²)
    with alive         mu ~ N(0, omega²), and for each mission
        with still         theta_k ~ N(0, SPIKE²)
        otherwise          theta_k ~ N(mu, tau²), or with HEAVY N(mu, (3 tau)²): a few are unlike the rest

What was measured is theta_k with its standard error. alive, still, tau and omega are learned from all moments of the
table together, as weights on a grid rather than one best point: a night has few moments, and a best point would be
too sure of itself. Given mu the missions are independent, so the weights are exact but for the grid of mu. What is
believed is kept as draws, all missions of a moment jointly, so that means over missions and ranks follow from them.

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
DRAWS = 4000


@dataclass(frozen=True)
class _Evidence:
    """Log densities of what was measured: `dead` (m,), `parts` (3, m, k, grid, nodes) of spike, near and far.

    Parts hold their shares; groups without a measurement have density one.
    """

    dead: Floats
    parts: Floats


def pooled_draws(effect: Floats, error: Floats, seed: int) -> Floats:
    """Effects and standard errors (m, k), nan where not measured, to draws (m, k, DRAWS) of what is believed.

    Groups that were not measured get what the others say of them.
    """
    evidence = _evidence(effect, error)
    node = -0.5 * NODES**2
    together = logsumexp(evidence.parts, axis=0).sum(axis=1) + node - logsumexp(node)  # m, grid, nodes
    weights = _weights(evidence.dead, together)
    rng = np.random.default_rng(seed)
    measured = np.stack([effect, error], axis=1)
    return np.stack([_draws(measured[i], evidence.parts[:, i], weights[i], rng) for i in range(len(effect))])


def _evidence(effect: Floats, error: Floats) -> _Evidence:
    still, tau, omega = (column[:, None] for column in GRID.T)
    seen = ~np.isnan(effect)
    b = np.where(seen, effect, 0.0)[:, :, None, None]
    variance = np.where(seen, error, 1.0)[:, :, None, None] ** 2
    gap = b - omega * NODES
    parts = np.stack(
        [
            np.log(still) + _log_normal(b, variance + SPIKE**2) + np.zeros(len(NODES)),
            np.log((1 - still) * (1 - HEAVY)) + _log_normal(gap, variance + tau**2),
            np.log((1 - still) * HEAVY) + _log_normal(gap, variance + (3 * tau) ** 2),
        ]
    )
    shares = np.log(np.stack([still, (1 - still) * (1 - HEAVY), (1 - still) * HEAVY]))[:, None, None]
    dead = np.where(seen, _log_normal(b, variance + SPIKE**2)[:, :, 0, 0], 0.0).sum(axis=1)
    return _Evidence(dead, np.where(seen[:, :, None, None], parts, shares))


def _log_normal(x: Floats, variance: Floats) -> Floats:
    out: Floats = -0.5 * (x**2 / variance + np.log(2 * np.pi * variance))
    return out


def _weights(dead: Floats, together: Floats) -> list[tuple[float, Floats]]:
    """For each moment, how likely it does nothing, and the weights (grid, nodes) if it does something."""
    alive = logsumexp(together, axis=2)  # m, grid
    share = ALIVE[:, None, None]
    either = np.logaddexp(np.log1p(-share) + dead[:, None], np.log(share) + alive)  # alive shares, m, grid
    grid = either.sum(axis=1)
    grid = grid - logsumexp(grid)
    out = []
    for i in range(len(dead)):
        nothing = float(np.exp(logsumexp(grid + np.log1p(-share[:, 0]) + dead[i] - either[:, i])))
        something = logsumexp(grid + np.log(share[:, 0]) - either[:, i], axis=0)[:, None] + together[i]
        out.append((nothing, np.exp(something)))
    return out


def _draws(measured: Floats, parts: Floats, weights: tuple[float, Floats], rng: np.random.Generator) -> Floats:
    """Joint draws (k, DRAWS) for one moment; measured (2, k) effects and errors, parts (3, k, grid, nodes)."""
    effect, error = measured[:, :, None]
    cell = _spread(np.r_[weights[0], weights[1].ravel()], rng)
    is_dead, cell = cell == 0, np.maximum(cell - 1, 0)
    tau = GRID[cell // len(NODES), 1]
    mu = GRID[cell // len(NODES), 2] * NODES[cell % len(NODES)]
    chance = np.exp(parts - logsumexp(parts, axis=0)).reshape(3, len(effect), -1)[:, :, cell]
    pick = rng.random((len(effect), DRAWS))
    part = (pick > chance[0]).astype(int) + (pick > chance[0] + chance[1])
    part[:, is_dead] = 0
    centre = np.where(part == 0, 0.0, mu)
    prior = np.where(part == 0, SPIKE, tau * np.where(part == 2, 3.0, 1.0)) ** 2
    seen = ~np.isnan(effect)
    noise = np.where(seen, error, np.inf) ** 2
    pull = prior / (prior + noise)  # 0 where nothing was measured
    centre = centre + pull * (np.where(seen, effect, 0.0) - centre)
    out: Floats = centre + np.sqrt(prior * (1 - pull)) * rng.standard_normal(centre.shape)
    return out


def _spread(weights: Floats, rng: np.random.Generator) -> Ints:
    """DRAWS positions in proportion to the weights, evenly spread (systematic resampling)."""
    steps = (np.arange(DRAWS) + rng.random()) / DRAWS
    found: Ints = np.searchsorted(np.cumsum(weights) / weights.sum(), steps).clip(max=len(weights) - 1)
    return found
