"""What a mission's journeys show more often than the others': counted over raw signals, whatever model found it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipeline.estimators.mission_lift import Count, Lift, lifts
from pipeline.estimators.mission_signals import SAME_ORDER, Signals, ranks_of

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

VALUES = 40  # a facet's most frequent values; a rarer one tells a mission from chance too seldom to be looked at
QUARTILES = {"lower quartile": 0.25, "median": 0.5, "upper quartile": 0.75}
_FIRST = ("lead_hours", "use_hours", "value")  # of two numbers that tell the same, these are shown


@dataclass(frozen=True)
class Quartile:
    """A quartile of a number among a mission's journeys and among the others; beyond: those that lie beyond the same
    quartile of all journeys, on the side to which the mission leans (is_more: above it, else at it or below)."""

    quartile: str
    ours: float
    others: float | None
    is_more: bool
    beyond: Count


@dataclass(frozen=True)
class Number:
    """A quartile with the lift of lying beyond it, on the side to which the mission leans (is_more: above)."""

    quartile: str
    ours: float
    others: float | None
    is_more: bool
    beyond: Lift

    @property
    def signal(self) -> str:
        return self.beyond.count.facet

    @property
    def is_sure(self) -> bool:
        """Whether the mission's journeys surely lean to that side more than the others do."""
        return self.beyond.is_more


@dataclass(frozen=True)
class Profile:
    """What is known of one mission: its size, and its words and numbers in the order of signal and value."""

    mission: str
    journeys: int
    customers: int
    words: list[Lift]
    numbers: list[Number]


@dataclass(frozen=True)
class Members:
    """The journeys at hand: mission is an index into `names` or -1, customer an index into the customers."""

    names: Sequence[str]
    mission: Ints
    customer: Ints

    def sizes(self, rows: Bools) -> tuple[int, int]:
        """How many journeys these are, and of how many customers."""
        return int(rows.sum()), int(np.count_nonzero(np.bincount(self.customer[rows])))


def members(names: Sequence[str], label: Ints, customers: Sequence[str]) -> Members:
    """label: the mission of each journey, by its place in `names`; -1 is none. customers: whose journey it is."""
    place = {one: nth for nth, one in enumerate(sorted(set(customers)))}
    return Members(names, label, np.array([place[one] for one in customers], dtype=np.int64))


def profiles(of: Members, signals: Signals, small_group: int) -> list[Profile]:
    """One profile a mission. Words that fewer than small_group of its customers show are left out: a word that is
    only one person's could be a name."""
    counts: list[Count] = []
    for name in signals.names():
        counts += _counts(of, name, _rows(signals, name)) if name not in signals.numbers else []
    quartiles = _quartiles(of, signals)
    found = lifts([*counts, *(one.beyond for one in quartiles)])
    words, beyond = found[: len(counts)], found[len(counts) :]
    numbers = [Number(q.quartile, q.ours, q.others, q.is_more, lift) for q, lift in zip(quartiles, beyond, strict=True)]
    return [
        Profile(
            mission,
            *of.sizes(of.mission == k),
            [w for w in words if w.count.mission == mission and w.count.showing >= small_group],
            [n for n in numbers if n.beyond.count.mission == mission and n.beyond.count.customers >= small_group],
        )
        for k, mission in enumerate(of.names)
    ]


# -- words ----------------------------------------------------------------------------------------------------------


def _rows(signals: Signals, name: str) -> tuple[Ints, list[str]]:
    """The (journey, word) pairs of a signal: rows and words, each pair once."""
    if name in signals.words:
        pairs = [(row, word) for row, word in enumerate(signals.words[name]) if word is not None]
    else:
        pairs = [(row, word) for row, bag in enumerate(signals.bags[name]) for word in bag]
    return np.array([row for row, _ in pairs], dtype=np.int64), [word for _, word in pairs]


def _counts(of: Members, name: str, pairs: tuple[Ints, list[str]]) -> list[Count]:
    rows, words = pairs
    times = Counter(words)
    values = sorted(sorted(times, key=lambda word: (-times[word], word))[:VALUES])
    place = {word: nth for nth, word in enumerate(values)}
    code = np.array([place.get(word, -1) for word in words], dtype=np.int64)
    known = np.zeros(len(of.mission), dtype=bool)
    known[rows] = True
    kept = (code >= 0) & (of.mission[rows] >= 0)
    cell = of.mission[rows][kept] * len(values) + code[kept]
    people = int(of.customer.max(initial=0)) + 1
    showers = np.unique(cell * people + of.customer[rows][kept]) // people
    shape = (len(of.names), len(values))
    journeys, showing = (np.bincount(x, minlength=shape[0] * shape[1]).reshape(shape) for x in (cell, showers))
    found = []
    for k, mission in enumerate(of.names):
        sizes, others = of.sizes(known & (of.mission == k)), of.sizes(known & (of.mission >= 0) & (of.mission != k))
        elsewhere = journeys.sum(axis=0) - journeys[k]
        for nth, value in enumerate(values):
            own = (int(journeys[k, nth]), int(showing[k, nth]))
            found.append(Count(mission, name, value, *own, *sizes, int(elsewhere[nth]), *others))
    return found


# -- numbers --------------------------------------------------------------------------------------------------------


def _quartiles(of: Members, signals: Signals) -> list[Quartile]:
    placed = of.mission >= 0
    numbers = [(name, np.where(placed, values, np.nan)) for name, values in _unlike(signals.numbers)]
    numbers = [(name, values) for name, values in numbers if np.isfinite(values).any()]
    return [one for name, values in numbers for quartile in QUARTILES for one in _quartile(of, name, quartile, values)]


def _quartile(of: Members, name: str, quartile: str, values: Floats) -> list[Quartile]:
    known, share = np.isfinite(values), QUARTILES[quartile]
    above = values > np.quantile(values[known], share)
    found = []
    for k, mission in enumerate(of.names):
        own, rest = known & (of.mission == k), known & (of.mission != k)
        if not own.any():
            continue
        is_more = bool(above[own].mean() > (above[rest].mean() if rest.any() else 1 - share))
        side = above if is_more else known & ~above
        sizes = (*of.sizes(own & side), *of.sizes(own), int((rest & side).sum()), *of.sizes(rest))
        ours, others = (float(np.quantile(values[x], share)) if x.any() else None for x in (own, rest))
        found.append(Quartile(quartile, ours or 0.0, others, is_more, Count(mission, name, quartile, *sizes)))
    return found


def _unlike(numbers: Mapping[str, Floats]) -> list[tuple[str, Floats]]:
    """The numbers without those that tell the same as another: as an order's lead time and its own lead_days do."""
    kept: list[tuple[str, Floats]] = []
    for name in sorted(numbers, key=lambda name: (name not in _FIRST, name)):
        if not any(_same(numbers[name], other) for _, other in kept):
            kept.append((name, numbers[name]))
    return sorted(kept, key=lambda pair: pair[0])


def _same(a: Floats, b: Floats) -> bool:
    both = np.isfinite(a) & np.isfinite(b)
    if both.sum() < 2 or both.sum() < 0.5 * max(np.isfinite(a).sum(), np.isfinite(b).sum()):
        return False
    left, right = (ranks_of(values[both]) for values in (a, b))
    return bool(left.std() > 0 and right.std() > 0 and abs(np.corrcoef(left, right)[0, 1]) >= SAME_ORDER)
