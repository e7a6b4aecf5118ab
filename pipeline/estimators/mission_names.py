"""Names and profiles of missions in the company's own words, never more than the evidence says.

What sets a mission apart is told by lift: how much more often its journeys show something than the others' do.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.estimators.mission_signals import Block, Matrix, Signals
from pipeline.words import plain

LEAST_LIFT = 1.5  # a word half again as frequent as among the others
LEAST_SHARE = 0.25  # and frequent enough to name the mission after
LEAST_RATIO = 1.3  # a median this much higher or lower is worth a sentence
TOLD = 8  # signals kept a mission
_NOT_NAMES = {"weekday", "hour"}  # when an order was placed describes a mission but does not name it


@dataclass(frozen=True)
class Word:
    """A word that a mission's journeys show: share among them and among the others; weight is its part in telling."""

    signal: str
    word: str
    share: float
    others: float
    kind: str

    @property
    def lift(self) -> float:
        return self.share / max(self.others, 1e-3)

    @property
    def weight(self) -> float:
        return self.share * float(np.log(max(self.share, 1e-9) / max(self.others, 1e-3)))


@dataclass(frozen=True)
class Number:
    """Median of a number among a mission's journeys and among the others."""

    signal: str
    median: float
    others: float

    @property
    def ratio(self) -> float:
        low, high = sorted((abs(self.median), abs(self.others)))
        return high / low if low > 0 else float(high > 0) * 10.0


@dataclass(frozen=True)
class Profile:
    """What sets one mission apart, the strongest first."""

    words: list[Word]
    numbers: list[Number]

    def as_list(self) -> list[dict[str, Any]]:
        told: list[dict[str, Any]] = [
            {"signal": w.signal, "is": w.word, "share": round(w.share, 3), "share_of_others": round(w.others, 3),
             "lift": round(w.lift, 2)}
            for w in self.words[:TOLD]
        ]  # fmt: skip
        told += [
            {"signal": n.signal, "median": round(n.median, 2), "median_of_others": round(n.others, 2)}
            for n in self.numbers[:TOLD]
        ]
        return told


def profiles(
    missions: int, label: npt.NDArray[np.int64], matrix: Matrix, blocks: Sequence[Block], signals: Signals
) -> list[Profile]:
    """One profile a mission. label: the mission of each row of `matrix` and `signals`; -1 is none."""
    placed = label >= 0
    ends = np.cumsum([block.width for block in blocks])
    starts = [int(end) - block.width for end, block in zip(ends, blocks, strict=True)]
    found = []
    for k in range(missions):
        inside, outside = label == k, placed & (label != k)
        words: list[Word] = []
        numbers: list[Number] = []
        for block, start in zip(blocks, starts, strict=True):
            if block.kind == "number":
                numbers += _number(block, signals.numbers[block.name], inside, outside)
            else:
                words += _words(block, matrix[:, start : start + block.width], inside, outside)
        words.sort(key=lambda w: (-w.weight, w.signal, w.word))
        numbers.sort(key=lambda n: (-n.ratio, n.signal))
        found.append(Profile(words, numbers))
    return found


def _words(block: Block, counts: Matrix, inside: Any, outside: Any) -> list[Word]:
    ours, theirs = counts[inside].sum(axis=0, dtype=float), counts[outside].sum(axis=0, dtype=float)
    if not ours.sum() or not theirs.sum():
        return []
    ours, theirs = ours / ours.sum(), theirs / theirs.sum()
    found = [
        Word(block.name, level, float(a), float(b), block.kind)
        for level, a, b in zip(block.levels, ours, theirs, strict=True)
    ]
    return [word for word in found if word.lift >= LEAST_LIFT and word.share >= LEAST_SHARE / 2]


def _number(block: Block, values: npt.NDArray[np.float64], inside: Any, outside: Any) -> list[Number]:
    known = np.isfinite(values)
    ours, theirs = values[inside & known], values[outside & known]
    if not len(ours) or not len(theirs):
        return []
    number = Number(block.name, float(np.median(ours)), float(np.median(theirs)))
    return [number] if number.ratio >= LEAST_RATIO else []


def label_of(profile: Profile, taken: Sequence[str] = ()) -> str:
    """A label: what is bought and what is read, or how the numbers differ; 'Journeys of no special kind' if nothing.

    Two missions that are set apart by the same words get numbers.
    """
    parts: list[str] = []
    seen: set[str] = set()
    for word in profile.words:
        if word.signal in _NOT_NAMES or word.signal in seen or word.share < LEAST_SHARE or len(parts) == 2:
            continue
        seen.add(word.signal)
        said = _said(word)
        if said.lower() not in (part.lower() for part in parts):
            parts.append(said)
    if not parts:
        parts = [f"{'more' if n.median > n.others else 'less'} {_signal(n.signal)}" for n in profile.numbers[:2]]
    text = ", ".join(parts) or "journeys of no special kind"
    text = text[:1].upper() + text[1:]
    return text if text not in taken else next(f"{text} {n}" for n in range(2, 99) if f"{text} {n}" not in taken)


def slug_of(label: str, taken: Sequence[str]) -> str:
    """A slug of the label: lower-case words and _, unlike those taken."""
    words = re.sub(r"[^\w]+", "_", label.lower()).strip("_")[:60].strip("_") or "mission"
    slug, number = words, 2
    while slug in taken or slug == "all":
        slug, number = f"{words}_{number}", number + 1
    return slug


def description_of(profile: Profile, currency: str) -> str:
    """Two sentences: what is bought and read more than by others, and how the numbers differ."""
    told = [_told(word) for word in profile.words if word.signal not in _NOT_NAMES][:3]
    counted = [_counted(number, currency) for number in profile.numbers[:3]]
    sentences = []
    if told:
        sentences.append("More than others: " + "; ".join(told) + ".")
    if counted:
        sentences.append("Typically " + "; ".join(counted) + ".")
    return " ".join(sentences) or "Nothing that was recorded sets these journeys apart from the others."


def _told(word: Word) -> str:
    of = "of what is read" if word.signal == "topics" else "of journeys" if word.kind == "word" else "of what is listed"
    others = f"{100 * word.others:.0f} %" if word.others >= 0.005 else "under 1 %"
    return f"{_said(word)} ({100 * word.share:.0f} % {of}, others {others})"


def _said(word: Word) -> str:
    if word.signal in ("category", "topics"):
        return plain(word.word)
    if word.signal == "entry":
        return f"comes by {plain(word.word)}"
    return f"{_signal(word.signal)} {plain(word.word)}"


def _signal(name: str) -> str:
    known = {"lead_hours": "days ahead", "use_hours": "days of use", "value": "value"}
    return known.get(name) or plain(name.removeprefix("attributes."))


def _counted(number: Number, currency: str) -> str:
    scale = 24.0 if number.signal in ("lead_hours", "use_hours") else 1.0
    unit = f" {currency}" if number.signal == "value" else ""
    ours, theirs = (_short(x / scale) for x in (number.median, number.others))
    return f"{_signal(number.signal)} {ours}{unit} (others {theirs})"


def _short(number: float) -> str:
    return f"{number:,.0f}" if abs(number) >= 10 or number == int(number) else f"{number:.1f}"
