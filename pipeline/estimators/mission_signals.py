"""Signals of journeys, of any type and any company, as blocks of counts that one mixture model can read.

A signal is numeric (lead time, party size), a word (category, entry channel) or a bag of words (topics read,
items bought). Each becomes a block of columns: a number falls into one of a few bins that hold about equally many
journeys, a word into its level, a bag into damped counts of its words. A missing signal is a row of zeros in its
block, which says nothing. Bins instead of normal curves: party sizes and stay lengths are small whole numbers, where
a normal curve shrinks onto one value, and prices are skewed; bins need neither a shape nor a transform.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.float32]

BINS = 10  # at most; a tenth of 1,000 journeys is still 100
LEVELS = 40  # words beyond the most frequent ones say too little to be told apart
LEVEL_SHARE = 0.002  # a rarer level or word would be learned from a handful of journeys
PRESENT_SHARE = 0.02  # a signal that fewer journeys carry cannot define a mission
SAME_ORDER = 0.9  # rank correlation from which two numbers are the same evidence told twice
SAME_WORD = 0.9  # share of a word's information that another one already gives
ID_LIKE = 0.5  # share of distinct words from which a field is a name or a number plate, not a kind


@dataclass(frozen=True)
class Signals:
    """Raw signals of n journeys: every array is n long; None, NaN and an empty bag mean unknown."""

    journey_ids: Sequence[str]
    numbers: Mapping[str, npt.NDArray[np.float64]] = field(default_factory=dict)
    words: Mapping[str, Sequence[str | None]] = field(default_factory=dict)
    bags: Mapping[str, Sequence[Mapping[str, float]]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.journey_ids)

    def names(self) -> list[str]:
        """Every signal's name, sorted."""
        return sorted({*self.numbers, *self.words, *self.bags})

    def without(self, names: Collection[str]) -> Signals:
        """The signals but for those named."""
        return Signals(
            self.journey_ids,
            {name: values for name, values in self.numbers.items() if name not in names},
            {name: values for name, values in self.words.items() if name not in names},
            {name: bags for name, bags in self.bags.items() if name not in names},
        )

    def take(self, rows: npt.NDArray[np.int64]) -> Signals:
        """The signals of some journeys, by position."""
        return Signals(
            [self.journey_ids[row] for row in rows],
            {name: values[rows] for name, values in self.numbers.items()},
            {name: [values[row] for row in rows] for name, values in self.words.items()},
            {name: [bags[row] for row in rows] for name, bags in self.bags.items()},
        )


@dataclass(frozen=True)
class Flat:
    """Attributes of n orders as signals: arrays n long, named attributes.<dotted path>."""

    numbers: dict[str, npt.NDArray[np.float64]]
    words: dict[str, list[str | None]]
    bags: dict[str, list[dict[str, float]]]


@dataclass(frozen=True)
class Block:
    """Columns of one signal. A number has `edges` (bins are edges + 1), the others have `levels`.

    beyond: other numbers as (name, slope, mean); where there are any, the bins are of what remains of the number's
    logarithm once theirs are taken out of it.
    """

    name: str
    kind: str  # number | word | bag
    levels: tuple[str, ...] = ()
    edges: tuple[float, ...] = ()
    beyond: tuple[tuple[str, float, float], ...] = ()

    @property
    def width(self) -> int:
        return len(self.edges) + 1 if self.kind == "number" else len(self.levels)

    def as_dict(self) -> dict[str, Any]:
        return {"name": self.name, "kind": self.kind, "levels": list(self.levels), "edges": list(self.edges),
                "beyond": [list(other) for other in self.beyond]}  # fmt: skip

    @classmethod
    def from_dict(cls, row: Mapping[str, Any]) -> Block:
        beyond = tuple((name, float(slope), float(mean)) for name, slope, mean in row["beyond"])
        return cls(row["name"], row["kind"], tuple(row["levels"]), tuple(float(e) for e in row["edges"]), beyond)


def coverage(signals: Signals, name: str) -> float:
    """Share of the journeys that carry the signal; 0 where there is no such signal."""
    if name in signals.numbers:
        return float(np.isfinite(signals.numbers[name]).mean()) if len(signals) else 0.0
    carried = [word is not None for word in signals.words.get(name, ())]
    carried += [bool(bag) for bag in signals.bags.get(name, ())]
    return sum(carried) / len(signals) if len(signals) else 0.0


def flatten_all(attributes: Sequence[str | None]) -> Flat:
    """The fields of the orders' attributes that enough orders have; a field that an order lacks is unknown there."""
    rows = [flatten(text) for text in attributes]
    n, least = len(rows), PRESENT_SHARE * len(rows)
    numbers, words, bags = (_common([row[kind] for row in rows], least) for kind in range(3))
    found = Flat(
        {f"attributes.{path}": np.full(n, np.nan) for path in numbers},
        {f"attributes.{path}": [None] * n for path in words},
        {f"attributes.{path}": [{} for _ in range(n)] for path in bags},
    )
    for place, (some_numbers, some_words, some_bags) in enumerate(rows):
        for path in numbers & some_numbers.keys():
            found.numbers[f"attributes.{path}"][place] = some_numbers[path]
        for path in words & some_words.keys():
            found.words[f"attributes.{path}"][place] = some_words[path]
        for path in bags & some_bags.keys():
            found.bags[f"attributes.{path}"][place] = dict(some_bags[path])
    return found


def _common(rows: Sequence[Mapping[str, Any]], least: float) -> set[str]:
    """The paths that at least so many orders have: keys that are numbers or names would make a field an order."""
    counts: Counter[str] = Counter()
    for row in rows:
        counts.update(row.keys())
    return {path for path, times in counts.items() if times >= least}


def flatten(attributes: str | None) -> tuple[dict[str, float], dict[str, str], dict[str, Counter[str]]]:
    """Numbers, words and bags of one order's attributes (JSON text), keyed by dotted path.

    A list of words is a bag, a list of numbers its mean, and its length is a number; a list of objects is
    flattened object by object: numbers are summed and words make bags. Text that is no JSON object says nothing.
    """
    numbers: dict[str, float] = {}
    words: dict[str, str] = {}
    bags: dict[str, Counter[str]] = {}
    try:
        value = json.loads(attributes) if isinstance(attributes, str) and attributes else None
    except ValueError:
        value = None
    if isinstance(value, dict):
        _walk(value, "", numbers, words, bags)
    return numbers, words, bags


def _walk(
    value: Any, path: str, numbers: dict[str, float], words: dict[str, str], bags: dict[str, Counter[str]]
) -> None:
    if isinstance(value, dict):
        for key in sorted(value):
            _walk(value[key], f"{path}.{key}" if path else str(key), numbers, words, bags)
    elif isinstance(value, list):
        _walk_list(value, path, numbers, bags)
    elif isinstance(value, bool):
        words[path] = "yes" if value else "no"
    elif (number := _number(value)) is not None:
        numbers[path] = number
    elif isinstance(value, str) and value.strip():
        words[path] = value.strip()


def _walk_list(values: list[Any], path: str, numbers: dict[str, float], bags: dict[str, Counter[str]]) -> None:
    numbers[f"{path} (count)"] = float(len(values))
    read = [number for value in values if (number := _number(value)) is not None]
    if read and len(read) == len(values):
        numbers[path] = sum(read) / len(read)
        return
    for value in values:
        if isinstance(value, str) and value.strip():
            bags.setdefault(path, Counter())[value.strip()] += 1
        elif isinstance(value, dict):
            inner: tuple[dict[str, float], dict[str, str], dict[str, Counter[str]]] = ({}, {}, {})
            _walk(value, path, *inner)
            for key, number in inner[0].items():
                numbers[key] = numbers.get(key, 0.0) + number
            for key, word in inner[1].items():
                bags.setdefault(key, Counter())[word] += 1
            for key, bag in inner[2].items():
                bags.setdefault(key, Counter()).update(bag)


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def learn_blocks(signals: Signals) -> list[Block]:
    """The blocks worth reading, in a fixed order: present often enough, varying, and no two that say the same."""
    given_first = sorted(signals.numbers, key=lambda name: ("." in name, name))  # before the company's own fields
    numbers = [b for name in given_first if (b := number_block(name, signals.numbers[name]))]
    numbers = _without_repeats(numbers, signals)
    words = [b for name in sorted(signals.words) if (b := _word_block(name, signals.words[name]))]
    words = _without_same_words(words, signals)
    bags = [b for name in sorted(signals.bags) if (b := _bag_block(name, signals.bags[name]))]
    return numbers + words + bags


def number_block(name: str, values: npt.NDArray[np.float64]) -> Block | None:
    """Bins that hold about equally many journeys each; None where there is too little to tell journeys apart."""
    known = np.sort(values[np.isfinite(values)])
    if len(known) < max(2, PRESENT_SHARE * len(values)) or known[0] == known[-1]:
        return None
    distinct = np.unique(known)
    cuts = np.quantile(known, np.linspace(0, 1, BINS + 1)[1:-1], method="lower")
    # a cut lies half-way to the next value that occurs: whole numbers keep bins of their own
    following = distinct[np.minimum(np.searchsorted(distinct, cuts, side="right"), len(distinct) - 1)]
    edges = np.unique((cuts + following) / 2)
    return Block(name, "number", edges=tuple(float(e) for e in edges[edges < distinct[-1]]))


def _word_block(name: str, values: Sequence[str | None]) -> Block | None:
    counts = Counter(value for value in values if value is not None)
    known = sum(counts.values())
    if known < max(2, PRESENT_SHARE * len(values)) or len(counts) < 2 or len(counts) > ID_LIKE * known:
        return None
    levels = _frequent(counts, LEVEL_SHARE * len(values))
    return Block(name, "word", levels=levels) if len(levels) > 1 else None


def _bag_block(name: str, bags: Sequence[Mapping[str, float]]) -> Block | None:
    counts: Counter[str] = Counter()
    for bag in bags:
        counts.update(bag.keys())
    present = sum(1 for bag in bags if bag)
    levels = _frequent(counts, LEVEL_SHARE * len(bags))
    if present < PRESENT_SHARE * len(bags) or len(levels) < 2:
        return None
    return Block(name, "bag", levels=levels)


def _frequent(counts: Counter[str], least: float) -> tuple[str, ...]:
    ranked = sorted(counts, key=lambda word: (-counts[word], word))[:LEVELS]
    return tuple(sorted(word for word in ranked if counts[word] >= max(2.0, least)))


def _without_repeats(blocks: list[Block], signals: Signals) -> list[Block]:
    kept: list[Block] = []
    ranks: dict[str, npt.NDArray[np.float64]] = {}
    for block in blocks:
        values = signals.numbers[block.name]
        ranks[block.name] = np.where(np.isfinite(values), ranks_of(values), np.nan)
        if not any(_same_order(ranks[block.name], ranks[other.name]) for other in kept):
            kept.append(block)
    return kept


def ranks_of(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Ranks from 1, those alike in the middle of theirs."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    middle: npt.NDArray[np.float64] = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    return middle


def _same_order(a: npt.NDArray[np.float64], b: npt.NDArray[np.float64]) -> bool:
    both = np.isfinite(a) & np.isfinite(b)
    if both.sum() < 0.5 * max(np.isfinite(a).sum(), np.isfinite(b).sum()):
        return False
    if a[both].std() == 0 or b[both].std() == 0:
        return False
    return bool(abs(np.corrcoef(a[both], b[both])[0, 1]) >= SAME_ORDER)


def _without_same_words(blocks: list[Block], signals: Signals) -> list[Block]:
    kept: list[Block] = []
    coded = {block.name: _codes(signals.words[block.name], block.levels) for block in blocks}
    for block in blocks:
        if not any(_same_word(coded[block.name], coded[other.name]) for other in kept):
            kept.append(block)
    return kept


def _codes(values: Sequence[str | None], levels: Sequence[str]) -> npt.NDArray[np.int64]:
    place = {level: index for index, level in enumerate(levels)}
    return np.array([place.get(value, -1) if value is not None else -1 for value in values], dtype=np.int64)


def _same_word(a: npt.NDArray[np.int64], b: npt.NDArray[np.int64]) -> bool:
    both = (a >= 0) & (b >= 0)
    if both.sum() < 0.5 * max((a >= 0).sum(), (b >= 0).sum()):
        return False
    table = np.zeros((int(a.max()) + 1, int(b.max()) + 1))
    np.add.at(table, (a[both], b[both]), 1.0)
    joint = table / table.sum()
    left, right = joint.sum(axis=1, keepdims=True), joint.sum(axis=0, keepdims=True)
    seen = joint > 0
    shared = float((joint[seen] * np.log(joint[seen] / (left @ right)[seen])).sum())
    entropy = min(-float((p[p > 0] * np.log(p[p > 0])).sum()) for p in (left, right))
    return entropy > 0 and shared / entropy >= SAME_WORD


def logarithm(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Of numbers of either sign, 0 for 0."""
    out: npt.NDArray[np.float64] = np.sign(values) * np.log1p(np.abs(values))
    return out


def remaining(block: Block, numbers: Mapping[str, npt.NDArray[np.float64]]) -> npt.NDArray[np.float64]:
    """The number as the block's bins hold it; another number that is not known takes nothing out."""
    values = numbers[block.name]
    if not block.beyond:
        return values
    out = logarithm(values)
    for name, slope, mean in block.beyond:
        if name in numbers:
            out = out - slope * np.nan_to_num(logarithm(numbers[name]) - mean)
    return out


def encode(signals: Signals, blocks: Sequence[Block]) -> Matrix:
    """Journeys x columns of all blocks, side by side in their order."""
    out = np.zeros((len(signals), sum(block.width for block in blocks)), dtype=np.float32)
    start = 0
    for block in blocks:
        _fill(out[:, start : start + block.width], block, signals)
        start += block.width
    return out


def _fill(out: Matrix, block: Block, signals: Signals) -> None:
    rows = np.arange(len(signals))
    if block.kind == "number":
        if block.name in signals.numbers:
            values = remaining(block, signals.numbers)
            known = np.isfinite(values)
            out[rows[known], np.searchsorted(np.asarray(block.edges), values[known], side="left")] = 1.0
    elif block.kind == "word":
        codes = _codes(signals.words.get(block.name, ()), block.levels)
        out[rows[: len(codes)][codes >= 0], codes[codes >= 0]] = 1.0
    else:
        place = {level: index for index, level in enumerate(block.levels)}
        for row, bag in enumerate(signals.bags.get(block.name, ())):
            for word, count in bag.items():
                if word in place:
                    out[row, place[word]] = count
