"""What was known about a journey, as a matrix that bends: the design that all trials of a night share.

Numbers become hinges at their quantiles (linear splines: a threshold, a hump or a plateau is a sum of a few), numbers
of few values and words become indicators, and what is missing has an indicator of its own. Products of the numbers
with each other and with the missions let effects of the plan differ. Every column is centred and scaled to one, so that
one ridge penalty means the same for all; products weigh less (their columns are shrunk).

Splines rather than straight lines because a badly shaped covariate leaves confounding behind: Harrell, Regression
Modeling Strategies (2015), ch. 2.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

FEW_VALUES = 7  # numbers with no more distinct values than this are treated as classes
HINGES = 5
RARE_SHARE = 0.005  # classes rarer than this, and rarer than RARE_COUNT rows, share one column
RARE_COUNT = 20
MOST_CLASSES = 30
PRODUCT_SCALE = 0.5  # a product has half the prior spread of a main term
MOST_PRODUCTS = 12  # numbers that products are made of: those that go most with the outcome


@dataclass(frozen=True)
class Design:
    """A matrix of n rows: `columns` (n, p), centred and scaled; `sources[i]` names the covariate of column i."""

    columns: Floats
    sources: tuple[str, ...]


def design(covariates: Mapping[str, NDArray[np.generic]], missions: Floats, outcome: Floats, learned: int) -> Design:
    """Covariates by name (floats with nan, or objects with None) and mission indicators (n, k) to a Design.

    Bends, classes and scales are those of the first `learned` rows; the others are only put into the same columns.
    `outcome` (n,) only chooses the numbers that products are made of.
    """
    blocks, sources = [missions], ["mission"] * missions.shape[1]
    ranked: dict[str, Floats] = {}
    for name, values in covariates.items():
        is_number = values.dtype.kind in "fiub"
        block = _bends(values.astype(np.float64), learned) if is_number else _classes(values, learned)
        blocks.append(block)
        sources += [name] * block.shape[1]
        if is_number and block.shape[1]:
            ranked[name] = _ranked(values.astype(np.float64), learned)
    columns, kept = standardise(np.column_stack(blocks), learned)
    chosen = _telling(ranked, outcome, learned)
    products, product_sources = _products(
        np.column_stack([missions[:, :0], *chosen.values()]), [*chosen], missions, learned
    )
    named = tuple(str(source) for source in np.asarray(sources, dtype=object)[kept])
    return Design(np.column_stack([columns, products]), named + product_sources)


def as_numbers(values: NDArray[np.generic]) -> Floats:
    """A covariate as one number a row, for trees: words by their alphabet."""
    if values.dtype.kind in "fiub":
        return values.astype(np.float64)
    return np.unique(_words(values), return_inverse=True)[1].astype(np.float64)


def _words(values: NDArray[np.generic]) -> NDArray[np.str_]:
    return np.asarray(["" if value is None else str(value) for value in values.tolist()], dtype=str)


def _telling(ranked: dict[str, Floats], outcome: Floats, learned: int) -> dict[str, Floats]:
    """The numbers that go most with the outcome, at most MOST_PRODUCTS, in their given order."""
    known = {name: x[:learned] for name, x in ranked.items()}
    centred = outcome[:learned] - outcome[:learned].mean()
    share = {name: abs(float(x @ centred)) / (float(x @ x) ** 0.5 + 1e-9) for name, x in known.items()}
    best = sorted(share, key=lambda name: -share[name])[:MOST_PRODUCTS]
    return {name: ranked[name] for name in ranked if name in best}


def standardise(columns: Floats, learned: int) -> tuple[Floats, NDArray[np.bool_]]:
    """Centre and scale columns to one; columns that do not vary, or repeat an earlier one, are dropped.

    All by the first `learned` rows.
    """
    centred = columns - columns[:learned].mean(axis=0)
    spread = centred[:learned].std(axis=0)
    kept = spread > 1e-9
    scaled = centred[:, kept] / spread[kept]
    known = scaled[:learned]
    alike = np.triu(np.abs(known.T @ known) / max(1, learned) > 1 - 1e-9, 1).any(axis=0)
    kept[np.flatnonzero(kept)[alike]] = False
    return scaled[:, ~alike], kept


def _bends(values: Floats, learned: int) -> Floats:
    """A number as columns: classes if it has few values, else hinges at its quantiles; plus one for missing."""
    missing = np.isnan(values)
    seen = values[:learned][~missing[:learned]]
    if not len(seen):
        return np.empty((len(values), 0))
    distinct = np.unique(seen)
    if len(distinct) <= FEW_VALUES:
        columns = [values == value for value in distinct[1:]]
    else:
        filled = np.where(missing, np.median(seen), values)
        low, high = np.quantile(seen, [0.005, 0.995])
        filled = np.clip(filled, low, high)
        knots = np.unique(np.quantile(seen, np.arange(1, HINGES + 1) / (HINGES + 1)))
        columns = [filled, *[np.maximum(filled - knot, 0) for knot in knots]]
        commonest = distinct[np.argmax(np.unique(seen, return_counts=True)[1])]
        if (seen == commonest).mean() > 0.1:  # a heap (never ordered before, no rain) may be a world of its own
            columns.append(filled == commonest)
    return np.column_stack([*columns, missing]).astype(np.float64)


def _classes(values: NDArray[np.generic], learned: int) -> Floats:
    """Words as indicators, commonest first; rare words share one column, missing has its own."""
    names, codes = np.unique(_words(values), return_inverse=True)
    counts = np.bincount(codes[:learned], minlength=len(names))
    enough = (counts > 0) & (counts >= min(RARE_COUNT, max(1, RARE_SHARE * learned)))
    order = np.lexsort((names, -counts))
    common = [i for i in order if enough[i]][:MOST_CLASSES]
    columns = [codes == i for i in common]
    return np.column_stack([*columns, ~np.isin(codes, common)]).astype(np.float64)


def _ranked(values: Floats, learned: int) -> Floats:
    """A number as its rank in (-1, 1) among the learned rows, ties sharing theirs; missing is 0."""
    missing = np.isnan(values)
    seen = np.sort(values[:learned][~missing[:learned]])
    below = np.searchsorted(seen, values, side="left") + np.searchsorted(seen, values, side="right")
    out: Floats = np.where(missing, 0.0, below / max(1, len(seen)) - 1)
    return out


def _products(main: Floats, names: list[str], missions: Floats, learned: int) -> tuple[Floats, tuple[str, ...]]:
    """Products of the ranked numbers two by two, and of each with each mission; shrunk to PRODUCT_SCALE."""
    first, second = np.triu_indices(main.shape[1], 1)
    pairs = main[:, first] * main[:, second]
    by_mission = (missions[:, :, None] * main[:, None, :]).reshape(len(main), -1)
    both = np.column_stack([pairs, by_mission])
    if not both.shape[1]:
        return both, ()
    columns, kept = standardise(both, learned)
    sources = [f"{names[i]} × {names[j]}" for i, j in zip(first, second, strict=True)]
    sources += [f"{name} × mission" for _ in range(missions.shape[1]) for name in names]
    return columns * PRODUCT_SCALE, tuple(np.asarray(sources, dtype=object)[kept])
