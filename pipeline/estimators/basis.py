"""What was known about a row, as columns that bend: the design that all trials of a night share.

Numbers become hinges at their quantiles (linear splines: a threshold, a hump or a plateau is a sum of a few), numbers
of few values and words become indicators, and what is missing has an indicator of its own. A number is also told by its
place among the rows of the same mission: what is usual differs by what the customer is trying to do. Products of the
places, and of them with the missions, let one thing's effect depend on another; there are too many of them to keep, so
those are kept that the targets' residuals go with most, all targets taken together (a score test each; forward
screening as in Fan & Lv 2008, J. R. Stat. Soc. B 70). Every column is centred and scaled to one, so that one ridge
penalty means the same for all; products weigh less (their columns are shrunk).

Splines rather than straight lines because a badly shaped covariate leaves confounding behind: Harrell, Regression
Modeling Strategies (2015), ch. 2. A Basis is learned from some rows and makes the columns of any.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]  # columns are told to seven digits: twice as fast, half the memory
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

FEW_VALUES = 7  # numbers with no more distinct values than this are treated as classes
HINGES = 5
PLACE_HINGES = (-0.5, 0.0, 0.5)
RARE_SHARE = 0.005  # classes rarer than this, and rarer than RARE_COUNT rows, share one column
RARE_COUNT = 20
MOST_CLASSES = 30
PRODUCT_SCALE = 0.5  # a product has half the prior spread of a main term
MOST_PRODUCTS = 80
MOST_PLACES = 40  # numbers that products are made of, if there are more: those that go most with the targets
FINEST = 256  # places are told to one part in so many
ALIKE = 0.95  # of two products that go together like that, one is kept
CANDIDATES = 400


@dataclass(frozen=True)
class Coded:
    """Covariates as numbers, (n, c): words by their place in the alphabet; `wordy` (c,) marks them."""

    names: tuple[str, ...]
    values: Floats
    wordy: Bools

    def take(self, rows: Ints) -> "Coded":
        return replace(self, values=self.values[rows])


@dataclass(frozen=True)
class _Bends:
    """Column `of` of Coded as columns. classes: of these values one each; knots: a line that bends there."""

    of: int
    is_word: bool
    classes: Floats
    knots: Floats
    middle: float
    low: float
    high: float

    def columns(self, values: Floats) -> Singles:
        """Of values (n,): (columns, n)."""
        parts: list[NDArray[np.generic]] = [values == value for value in self.classes]
        if self.is_word:
            return _stacked([*parts, ~np.isin(values, self.classes)])
        missing = np.isnan(values)
        if len(self.knots):
            width = self.high - self.low or 1.0
            filled = np.clip(np.where(missing, self.middle, values), self.low, self.high)
            line = ((filled - self.middle) / width).astype(np.float32)
            bends = ((self.knots - self.middle) / width).astype(np.float32)
            parts += [line, *(np.maximum(line - bend, 0) for bend in bends)]
        return _stacked([*parts, missing])


def _stacked(rows: Sequence[NDArray[np.generic]]) -> Singles:
    return np.stack(rows, dtype=np.float32, casting="unsafe")


@dataclass(frozen=True)
class _Reference:
    """What places are told by: some values in order, and after each how many are no larger."""

    values: Floats
    upto: Ints

    @classmethod
    def of(cls, values: Floats) -> "_Reference":
        """At most FINEST of the values."""
        seen = np.sort(values[~np.isnan(values)])
        some = seen if len(seen) <= FINEST else seen[np.linspace(0, len(seen) - 1, FINEST).astype(np.int64)]
        return cls(some, np.searchsorted(some, some, side="right"))

    def place(self, values: Floats) -> Singles:
        """In (-1, 1): twice the share of smaller values, and of equal ones once, less 1; 0 of what is missing."""
        if not len(self.values):
            return np.where(np.isnan(values), 0, -1).astype(np.float32)
        below = np.searchsorted(self.values, values)
        at = np.minimum(below, len(self.values) - 1)
        upto = np.where(self.values[at] == values, self.upto[at], below)
        return np.where(np.isnan(values), 0.0, (below + upto) / len(self.values) - 1).astype(np.float32)


@dataclass(frozen=True)
class _Places:
    """A number's place in (-1, 1) among what was learned from, and among its own mission's rows; missing is 0."""

    of: int
    everywhere: _Reference
    by_mission: tuple[_Reference, ...]

    def rows(self, values: Floats, mission: Ints) -> tuple[Singles, Singles | None]:
        """Places (n,) among all, and among the own mission's if there are any."""
        among_all = self.everywhere.place(values)
        if not self.by_mission:
            return among_all, None
        among_own = among_all.copy()
        for nth, reference in enumerate(self.by_mission):
            own = np.flatnonzero(mission == nth)
            among_own[own] = reference.place(values[own])
        return among_all, among_own


@dataclass(frozen=True)
class Parts:
    """What the columns of n rows are made of: main columns as they are (m, n), places (q, n), and mission (n,)."""

    main: Singles
    places: Singles
    mission: Ints

    def some(self, rows: slice) -> "Parts":
        return Parts(self.main[:, rows], self.places[:, rows], self.mission[rows])

    def product(self, pair: tuple[int, int]) -> Singles:
        """Of two places, or of a place and a mission."""
        first, second = pair
        other = self.places[second] if second >= 0 else (self.mission == -1 - second).astype(np.float32)
        out: Singles = self.places[first] * other
        return out


@dataclass(frozen=True)
class Basis:
    """Makes columns of rows: `columns(coded values, mission)`.

    A product is of two places, or of a place and a mission (negative, from -1) as the second.
    """

    missions: int
    bends: tuple[_Bends, ...]
    places: tuple[_Places, ...]
    products: tuple[tuple[int, int], ...]
    mean: Singles
    scale: Singles
    kept: Bools

    def columns(self, values: Floats, mission: Ints) -> Singles:
        """The columns (n, p) of rows by their coded values (n, c) and mission (n,), -1 for none."""
        return self.design(self.parts(values, mission)).T

    def design(self, parts: Parts) -> Singles:
        """The same as (p, n)."""
        kept = np.flatnonzero(self.kept)
        out = np.empty((len(kept), len(parts.mission)), dtype=np.float32)
        for row, nth in zip(out, kept, strict=True):
            of = nth - len(parts.main)
            row[:] = parts.main[nth] if of < 0 else parts.product(self.products[of])
        out -= self.mean[:, None]
        out *= self.scale[:, None]
        return out

    def parts(self, values: Floats, mission: Ints) -> Parts:
        """Of rows by their coded values (n, c) and mission (n,)."""
        told = [place.rows(values[:, place.of], mission) for place in self.places]
        own = [among_own for _, among_own in told if among_own is not None]
        blocks = [(mission == np.arange(self.missions)[:, None]).astype(np.float32)]
        blocks += [bend.columns(values[:, bend.of]) for bend in self.bends]
        blocks += [_stacked([x, *(np.maximum(x - np.float32(knot), 0) for knot in PLACE_HINGES)]) for x in own]
        places = [among_all for among_all, _ in told] + own
        return Parts(
            np.concatenate(blocks), _stacked(places) if places else np.empty((0, len(values)), np.float32), mission
        )


def coded(covariates: Mapping[str, NDArray[np.generic]], count: int) -> Coded:
    """Covariates by name ((count,) floats with nan, or objects with None) as one table of numbers."""
    columns = [as_numbers(values) for values in covariates.values()]
    wordy = np.array([values.dtype.kind not in "fiub" for values in covariates.values()], dtype=bool)
    return Coded(tuple(covariates), np.column_stack(columns) if columns else np.empty((count, 0)), wordy)


def as_numbers(values: NDArray[np.generic]) -> Floats:
    """A covariate as one number a row: words by the alphabet, missing ones first."""
    if values.dtype.kind in "fiub":
        number = values.astype(np.float64)
        return np.where(np.isfinite(number), number, np.nan)
    import pandas as pd

    codes, names = pd.factorize(np.asarray(values, dtype=object), use_na_sentinel=True)
    texts = ["", *("" if name is None else str(name) for name in names)]
    place = np.unique(np.array(texts, dtype=str), return_inverse=True)[1]
    out: Floats = place[codes + 1].astype(np.float64)
    return out


def learn(known: Coded, mission: Ints, missions: int) -> Basis:
    """The main columns, learned from these rows: coded covariates and mission (n,)."""
    return learned(known, mission, missions)[0]


def learned(known: Coded, mission: Ints, missions: int) -> tuple[Basis, Parts]:
    """The same, and the parts of the rows."""
    bends = [_bends(i, known.values[:, i], bool(known.wordy[i])) for i in range(len(known.names))]
    numbers = np.flatnonzero(~known.wordy & ~np.isnan(known.values).all(axis=0))
    places = tuple(_places(int(i), known.values[:, i], mission, missions) for i in numbers)
    none = np.empty(0, dtype=np.float32)
    basis = Basis(missions, tuple(bends), places, (), none, none, np.empty(0, dtype=bool))
    parts = basis.parts(known.values, mission)
    return _scaled(basis, parts.main), parts


def with_products(basis: Basis, parts: Parts, residuals: Floats) -> Basis:
    """The basis with the products that go most with the residuals, (m, targets) of evenly spaced rows of the parts, 0
    where a row is not the target's."""
    some = parts.some(slice(None, None, -(-len(parts.mission) // max(1, len(residuals)))))
    told = np.argsort(-_told(some.places, residuals), kind="stable")[:MOST_PLACES]
    pairs = [(int(i), int(j)) for nth, i in enumerate(told) for j in told[nth + 1 :]]
    pairs += [(int(i), -1 - own) for i in told for own in range(basis.missions) if basis.missions > 1]
    if not pairs:
        return basis
    chosen = _chosen(_stacked([some.product(pair) for pair in pairs]), residuals)
    wide = replace(basis, products=tuple(pairs[i] for i in chosen))
    return _scaled(wide, np.concatenate([parts.main, *(parts.product(pair)[None] for pair in wide.products)]))


def _told(columns: Singles, residuals: Floats) -> Floats:
    """How far each column (p, n) goes with the residuals of all targets: score tests' chi squares beyond 1, summed."""
    scale = columns.std(axis=1, keepdims=True)
    centred = (columns - columns.mean(axis=1, keepdims=True)) / np.where(scale > 1e-9, scale, np.inf)
    size = np.sqrt((residuals**2).sum(axis=0))
    chi = (centred @ (residuals / np.where(size > 0, size, np.inf)).astype(np.float32)).astype(np.float64) ** 2
    out: Floats = np.maximum(chi - 1, 0).sum(axis=1)
    return out


def _chosen(products: Singles, residuals: Floats) -> Ints:
    """At most MOST_PRODUCTS columns (of p, n) that tell most, none much like one that tells more."""
    told = _told(products, residuals)
    order = np.argsort(-told, kind="stable")[:CANDIDATES]
    order = order[told[order] > 0]
    scaled = products[order] - products[order].mean(axis=1, keepdims=True)
    scaled /= np.sqrt((scaled**2).sum(axis=1, keepdims=True)) + 1e-12
    alike = np.abs(scaled @ scaled.T) > ALIKE
    kept: list[int] = []
    for nth in range(len(order)):
        if len(kept) < MOST_PRODUCTS and not alike[nth, kept].any():
            kept.append(nth)
    out: Ints = order[kept]
    return out


def _scaled(basis: Basis, raw: Singles) -> Basis:
    """The basis with what centres and scales its columns, as they are on the rows that it learns from, (p, n)."""
    mean, spread = raw.mean(axis=1, dtype=np.float64), raw.std(axis=1, dtype=np.float64)
    kept = spread > 1e-6
    scaled = (raw[kept] - mean[kept, None].astype(np.float32)) / spread[kept, None].astype(np.float32)
    alike = np.triu(np.abs(scaled @ scaled.T) / max(1, raw.shape[1]) > 1 - 1e-5, 1).any(axis=0)
    kept[np.flatnonzero(kept)[alike]] = False
    weight = np.ones(len(kept))
    weight[len(kept) - len(basis.products) :] = PRODUCT_SCALE
    scale = (weight[kept] / spread[kept]).astype(np.float32)
    return replace(basis, mean=mean[kept].astype(np.float32), scale=scale, kept=kept)


def _bends(of: int, values: Floats, is_word: bool) -> _Bends:
    if is_word:
        return _Bends(of, True, _common(values), np.empty(0), 0.0, 0.0, 0.0)
    seen = values[~np.isnan(values)]
    if not len(seen):
        return _Bends(of, False, np.empty(0), np.empty(0), 0.0, 0.0, 0.0)
    distinct, counts = np.unique(seen, return_counts=True)
    if len(distinct) <= FEW_VALUES:
        return _Bends(of, False, distinct[1:], np.empty(0), 0.0, 0.0, 0.0)
    low, high = np.quantile(seen, [0.005, 0.995])
    knots = np.unique(np.quantile(seen, np.arange(1, HINGES + 1) / (HINGES + 1)))
    heaps = distinct[np.argmax(counts)][None]  # a heap (never ordered before, no rain) may be a world of its own
    heaps = heaps if counts.max() > 0.1 * len(seen) else np.empty(0)
    return _Bends(of, False, heaps, knots, float(np.median(seen)), float(low), float(high))


def _common(codes: Floats) -> Floats:
    """The words, as coded, that are common enough for a column of their own; the commonest first."""
    names, counts = np.unique(codes, return_counts=True)
    order = np.lexsort((names, -counts))
    common: Floats = names[order[counts[order] >= min(RARE_COUNT, max(1, RARE_SHARE * len(codes)))]][:MOST_CLASSES]
    return common


def _places(of: int, values: Floats, mission: Ints, missions: int) -> _Places:
    own = missions > 1 and len(np.unique(values[~np.isnan(values)])) > FEW_VALUES
    parts = tuple(_Reference.of(values[mission == nth]) for nth in range(missions)) if own else ()
    return _Places(of, _Reference.of(values), parts)
