"""What people say: texts whose words go with the feeling, in the company's own trade."""

from collections.abc import Sequence

import numpy as np

from pipeline.demo.history import EFFECT, Journeys
from pipeline.demo.recipe import Ints, Texts
from pipeline.demo.words import (
    BLAME,
    CHATTER,
    CHATTER_FEELINGS,
    CLOSERS,
    OPENERS,
    PLAIN,
    PRAISE,
    SUBJECTS,
    TURNS,
)

FEELINGS = ("negative", "neutral", "positive")
PHRASES = {"negative": BLAME, "neutral": PLAIN, "positive": PRAISE}


def felt(journeys: Journeys, rng: np.random.Generator) -> Ints:
    """How each journey felt, as an index into FEELINGS: what its moments did to it, and luck."""
    lift = (EFFECT[journeys.mission] * journeys.on).sum(axis=1) + 0.55 * rng.standard_normal(len(journeys))
    return np.where(lift < -0.15, 0, np.where(lift < 0.4, 1, 2))


def ratings(feeling: Ints, rng: np.random.Generator) -> Ints:
    """A rating of 0..10 that goes with the feeling, mostly."""
    middle = np.array([2.6, 6.6, 9.0])[feeling]
    spread = np.array([1.7, 1.2, 0.9])[feeling]
    return np.clip(np.rint(middle + spread * rng.standard_normal(len(feeling))), 0, 10).astype(np.int64)


def texts(feeling: Ints, subject: Sequence[str], rng: np.random.Generator) -> list[str]:
    """One text each; subject: the mission whose things it speaks of, or 'any'."""
    draws = rng.random((len(feeling), 6))
    return [_text(FEELINGS[f], s, d) for f, s, d in zip(feeling, subject, draws.tolist(), strict=True)]


def _text(feeling: str, subject: str, draw: Sequence[float]) -> str:
    things = SUBJECTS[subject] if draw[0] < 0.7 else SUBJECTS["any"]
    said = _of(PHRASES[feeling], draw[1]).format(s=_of(things, draw[2]))
    turn = TURNS[feeling] if draw[3] < 0.08 else ""
    text = _of(OPENERS[feeling], draw[4]) + said + _of(CLOSERS[feeling], draw[5])
    return (text[0].upper() + text[1:] if draw[3] > 0.3 else text) + turn


def _of(choices: Sequence[str], draw: float) -> str:
    return choices[int(draw * len(choices))]


def chatter(n: int, rng: np.random.Generator) -> tuple[list[str], Ints]:
    """Texts about nothing that concerns the company, and their feelings."""
    codes = {"x": 0, "n": 1, "p": 2}
    line = rng.integers(0, len(CHATTER), n)
    feeling = np.array([codes[c] for c in CHATTER_FEELINGS.split()])[line]
    ends = rng.integers(0, 9, n)
    return [CHATTER[i] + CLOSERS[FEELINGS[f]][e] for i, f, e in zip(line, feeling, ends, strict=True)], feeling


def labels(feeling: Ints) -> Texts:
    return np.array(FEELINGS, dtype=object)[feeling]
