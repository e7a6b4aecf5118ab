"""How often a moment could happen: its share in the best tenth of places and weeks, freed of luck.

Journeys are cut into cells: a place and as many following weeks as it takes to hold FEWEST of them. Cells of few
journeys differ by luck alone, and the best of them are the luckiest. So their shares are drawn towards the mean until
they spread no wider than the true ones do: under a beta-binomial model (Kleinman 1973, JASA 68) a cell of n journeys
has variance m(1-m)(1+(n-1)r)/n, of which m(1-m)r is the places' and weeks' own; r is estimated by moments. Each
distance from the mean is multiplied by the root of that ratio, which keeps the spread of the true shares (constrained
empirical Bayes: Louis 1984, JASA 79; Ghosh 1992, JASA 87), where plain shrinkage would understate the best tenth.

The interval comes from drawing the cells anew (a bootstrap of whole cells), all of it in the same step.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from pipeline.estimators.trials import Floats, Ints

FEWEST = 20  # journeys of a cell
FEWEST_CELLS = 10  # a tenth of fewer is no cell
BEST = 0.9
DRAWS = 500
Z95 = 1.959964
Interval = tuple[float, float, float]  # a figure and the ends of its interval
NOTHING_TOLD: Interval = (float("nan"), float("nan"), float("nan"))


@dataclass(frozen=True)
class Shares:
    """How often a moment happens now, and could: the shares, and draws of each, as far as they are known.

    feasible is nan, with its draws, where there are too few cells to tell.
    """

    now: float
    feasible: float
    now_draws: Floats
    feasible_draws: Floats

    def more(self) -> tuple[float, Floats]:
        """By how much the share would rise to what is feasible, with draws; 0 where it is that often already."""
        rise = float(np.maximum(0, self.feasible - self.now))  # nan stays nan
        return rise, np.maximum(0, self.feasible_draws - self.now_draws)

    def none(self) -> tuple[float, Floats]:
        """By how much the share would change if the moment stopped happening, with draws."""
        return -self.now, -self.now_draws


def cells(place: Ints, week: Ints, tried: Floats, happened: Floats) -> tuple[Floats, Floats]:
    """Counts by place and week (n,) put together to cells of FEWEST journeys or more: tried and happened of each.

    The weeks of a place go together in their order; what is left over at its end goes to the place's last cell, and
    the places that are too small for a cell make up one.
    """
    order = np.lexsort((week, place))
    sizes: list[list[float]] = []
    rest = [0.0, 0.0]
    for one in np.split(order, np.flatnonzero(np.diff(place[order])) + 1):
        found, left = _cut(tried[one], happened[one])
        if found:
            found[-1] = [found[-1][0] + left[0], found[-1][1] + left[1]]
        else:
            rest = [rest[0] + left[0], rest[1] + left[1]]
        sizes += found
    sizes += [rest] if rest[0] >= FEWEST else []
    table = np.array(sizes, dtype=np.float64).reshape(-1, 2)
    return table[:, 0], table[:, 1]


def _cut(tried: Floats, happened: Floats) -> tuple[list[list[float]], list[float]]:
    """Runs of weeks with FEWEST journeys or more, and what is left over at the end."""
    found, open_ = [], [0.0, 0.0]
    for n, x in zip(tried.tolist(), happened.tolist(), strict=True):
        open_ = [open_[0] + n, open_[1] + x]
        if open_[0] >= FEWEST:
            found.append(open_)
            open_ = [0.0, 0.0]
    return found, open_


def best_share(tried: Floats, happened: Floats, weights: Floats) -> Floats:
    """The least share of the best tenth of cells, (draws,); weights (draws, cells) say how often each is drawn."""
    n = weights * tried
    mean = (weights * happened).sum(axis=1) / n.sum(axis=1)
    share = happened / tried
    spread = _spread(tried, share, weights, mean)
    kept = np.sqrt(spread[:, None] / np.maximum(spread[:, None] + (1 - spread[:, None]) / tried, 1e-12))
    freed = mean[:, None] + kept * (share - mean[:, None])
    order = np.argsort(freed, axis=1, kind="stable")
    reached = np.cumsum(np.take_along_axis(n, order, axis=1), axis=1)
    first = (reached < BEST * reached[:, -1:]).sum(axis=1)
    place = np.take_along_axis(order, np.minimum(first, len(tried) - 1)[:, None], axis=1)
    out: Floats = np.take_along_axis(freed, place, axis=1)[:, 0]
    return out


def _spread(tried: Floats, share: Floats, weights: Floats, mean: Floats) -> Floats:
    """The intraclass correlation r of each draw: 0 where the cells differ by no more than luck."""
    n = weights * tried
    total = n.sum(axis=1)
    between = (n * (share - mean[:, None]) ** 2).sum(axis=1)
    luck = np.maximum(mean * (1 - mean), 1e-12)
    count = weights.sum(axis=1)
    usual = total - (weights * tried**2).sum(axis=1) / total
    out: Floats = np.clip((between - luck * (count - 1)) / np.maximum(luck * (usual - (count - 1)), 1e-12), 0, 1)
    return out


def shares(tried: Floats, happened: Floats, now: tuple[int, int], rng: np.random.Generator) -> Shares:
    """The shares of a moment: of cells (n,) how often it could happen; `now`: journeys of late, and with the moment.

    happened may be told for other customers than a cell's own, and so be no whole number; it is held between 0 and all.
    """
    happened = np.clip(happened, 0, tried)
    journeys, with_it = now
    share = with_it / journeys if journeys else float("nan")
    # half a journey with it and half a one without: a share of 0 of few is no certain 0
    likely = (with_it + 0.5) / (journeys + 1)
    now_draws = np.clip(share + np.sqrt(likely * (1 - likely) / max(1, journeys)) * _normal(rng), 0, 1)
    if len(tried) < FEWEST_CELLS or not 0 < happened.sum() < tried.sum():
        return Shares(share, float("nan"), now_draws, np.full(DRAWS, np.nan))
    best = float(best_share(tried, happened, np.ones((1, len(tried))))[0])
    return Shares(share, best, now_draws, best_share(tried, happened, _drawn_anew(len(tried), rng)))


def _drawn_anew(cells: int, rng: np.random.Generator) -> Floats:
    """How often each cell is in a draw of as many cells with replacement, (DRAWS, cells)."""
    drawn = rng.integers(0, cells, (DRAWS, cells)) + cells * np.arange(DRAWS)[:, None]
    return np.bincount(drawn.ravel(), minlength=DRAWS * cells).reshape(DRAWS, cells).astype(np.float64)


def together(parts: Sequence[Shares], journeys: Ints) -> Shares:
    """The shares of several groups of so many journeys each as one; a group that cannot tell stays as it is now."""
    some = [(part, n) for part, n in zip(parts, journeys.tolist(), strict=True) if n and not np.isnan(part.now)]
    weights = np.array([n for _, n in some]) / max(1, sum(n for _, n in some))
    told = [not np.isnan(part.feasible) for part, _ in some]
    if not any(told):
        feasible, draws = np.full(len(some), np.nan), np.full((len(some), DRAWS), np.nan)
    else:
        feasible = np.array([p.feasible if known else p.now for (p, _), known in zip(some, told, strict=True)])
        draws = np.stack([p.feasible_draws if known else p.now_draws for (p, _), known in zip(some, told, strict=True)])
    if not some:
        return Shares(float("nan"), float("nan"), np.full(DRAWS, np.nan), np.full(DRAWS, np.nan))
    now, now_draws = np.array([p.now for p, _ in some]), np.stack([p.now_draws for p, _ in some])
    weighted = [(weights[:, None] * np.atleast_2d(x.T).T).sum(axis=0) for x in (now, feasible, now_draws, draws)]
    return Shares(float(weighted[0][0]), float(weighted[1][0]), weighted[2], weighted[3])


def worth(effect: Interval, shift: tuple[float, Floats], journeys: int, rng: np.random.Generator) -> Interval:
    """What a change of the share brings over so many journeys, with its 95 % interval; nan where it cannot be told.

    effect: of one journey, with its interval, which may lean: its draws are normal on either side by themselves.
    """
    middle, low, high = effect
    by, draws = shift
    if np.isnan([middle, by]).any():
        return NOTHING_TOLD
    normal = _normal(rng)
    effects = middle + normal * np.where(normal > 0, high - middle, middle - low) / Z95
    ends = np.quantile(journeys * draws * effects, [0.025, 0.975])
    told = journeys * by * middle
    return told, min(told, float(ends[0])), max(told, float(ends[1]))


def _normal(rng: np.random.Generator) -> Floats:
    """DRAWS standard normal numbers, evenly spread and in random order."""
    out: Floats = rng.permutation(ndtri((np.arange(DRAWS) + 0.5) / DRAWS))
    return out
