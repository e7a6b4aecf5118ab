"""VADER (Hutto & Gilbert 2014, MIT) on whole arrays: its lexicon and its rules, a hundred times its pace.

Kept: valence of words, emoticons and emoji, capitals, boosters and dampeners, negation within three words, "but",
"least", exclamation and question marks, and the compound scale. Left out: its list of a dozen idioms.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from pipeline.estimators.emotion_texts import Ints, Texts

Floats = npt.NDArray[np.float64]

_CAPITALS = 0.733
_NEGATED = -0.74
_REACH = (1.0, 0.95, 0.9)  # a booster one, two or three words before
_BEFORE_BUT, _AFTER_BUT = 0.5, 1.5
_EXCLAMATION, _MOST_EXCLAMATIONS = 0.292, 4
_SCALE = 15.0
_LOUD = 6.0  # valence and marks of a text at which arousal is 0.63


@dataclass(frozen=True)
class Lexicon:
    """What VADER knows: valence of words (-4..4) and of emoji, boosters, negations."""

    words: dict[str, float]
    emoji: dict[str, float]
    boosters: dict[str, float]
    negations: frozenset[str]


@dataclass(frozen=True)
class Scores:
    """One value a text: compound (-1..1), positive and negative (share of the text's weight), hits (words known),
    arousal (0..1: how much feeling is shown, whichever way)."""

    compound: Floats
    positive: Floats
    negative: Floats
    hits: Floats
    arousal: Floats


@cache
def vader() -> Lexicon:
    """The lexicon that comes with the package vaderSentiment."""
    from vaderSentiment.vaderSentiment import BOOSTER_DICT, NEGATE, SentimentIntensityAnalyzer

    analyzer = SentimentIntensityAnalyzer()
    words: dict[str, float] = dict(analyzer.lexicon)
    emoji = {sign: sum(words.get(w, 0.0) for w in told.split()) for sign, told in analyzer.emojis.items()}
    return Lexicon(words, emoji, dict(BOOSTER_DICT), frozenset(NEGATE))


def score(texts: Texts) -> Scores:
    """VADER's scores of every text."""
    known = vader()
    valence = np.array([_valence(word, known) for word in texts.words], dtype=float)
    said = np.array([_is_said(word) for word in texts.words], dtype=bool) | (valence != 0)
    marks = _marks(texts)
    if not len(texts.tokens):
        return _summed(texts.size, texts.text, np.zeros(0), marks)
    spoken = texts.pick(said[texts.tokens])
    return _summed(texts.size, spoken.text, _weighed(spoken, valence, known), marks)


def _valence(word: str, known: Lexicon) -> float:
    lower = word.lower()
    if lower in known.words and lower not in known.boosters:
        return known.words[lower]
    return sum(known.emoji.get(sign, 0.0) for sign in word) if not word.isascii() else 0.0


def _is_said(word: str) -> bool:
    return word[0].isalnum()


def _weighed(spoken: Texts, valence: Floats, known: Lexicon) -> Floats:
    """Valence of every spoken token after capitals, boosters, negation and "but"."""
    tokens, text = spoken.tokens, spoken.text
    lower = [word.lower() for word in spoken.words]
    booster = np.array([known.boosters.get(word, 0.0) for word in lower])[tokens]
    negation = np.array([word in known.negations or "n't" in word for word in lower], dtype=bool)[tokens]
    out = valence[tokens] * 1.0
    no = np.array([word == "no" for word in lower], dtype=bool)[tokens]
    no[:-1] &= (text[1:] == text[:-1]) & (out[1:] != 0)  # "no problem": it turns what follows, and says nothing itself
    no[-1:] = False
    out[no] = 0.0
    negation |= no
    out += np.sign(out) * _CAPITALS * _shouted(spoken)
    plain = out == 0
    for distance, reach in enumerate(_REACH, start=1):
        near = np.zeros(len(tokens), dtype=bool)
        near[distance:] = (text[distance:] == text[:-distance]) & plain[:-distance] if len(tokens) > distance else False
        boost, negated = np.zeros(len(tokens)), np.zeros(len(tokens), dtype=bool)
        boost[distance:] = booster[:-distance]
        negated[distance:] = negation[:-distance]
        out += np.where(near & (out != 0), np.sign(out) * boost * reach, 0.0)
        out *= np.where(negated & near, _NEGATED, 1.0)
    return out * _contrast(spoken, lower)


def _shouted(spoken: Texts) -> Floats:
    """1 for a word in capitals in a text that is not all in capitals."""
    upper = np.array([word.isupper() and len(word) > 1 for word in spoken.words], dtype=bool)[spoken.tokens]
    loud = np.bincount(spoken.text, weights=upper, minlength=spoken.size)
    mixed = loud < spoken.lengths()
    return (upper & mixed[spoken.text]).astype(float)


def _contrast(spoken: Texts, lower: list[str]) -> Floats:
    """Less weight before a text's first "but", more after it."""
    but = np.array([word == "but" for word in lower], dtype=bool)[spoken.tokens]
    place = np.arange(len(spoken.tokens))
    first = np.full(spoken.size, -1, dtype=np.int64)
    where = place[but][::-1]
    first[spoken.text[where]] = where
    at = first[spoken.text]
    return np.where(at < 0, 1.0, np.where(place < at, _BEFORE_BUT, np.where(place > at, _AFTER_BUT, 1.0)))


def _marks(texts: Texts) -> Floats:
    """Emphasis of each text's exclamation and question marks."""
    cried, asked = _signs(texts, "!"), _signs(texts, "?")
    wondering = np.where(asked <= 1, 0.0, np.where(asked <= 3, asked * 0.18, 0.96))
    return np.asarray(np.minimum(cried, _MOST_EXCLAMATIONS) * _EXCLAMATION + wondering)


def _signs(texts: Texts, sign: str) -> Floats:
    counts = np.array([word.count(sign) for word in texts.words], dtype=float)
    if not len(texts.tokens):
        return np.zeros(texts.size)
    return np.bincount(texts.text, weights=counts[texts.tokens], minlength=texts.size).astype(float)


def _summed(size: int, text: Ints, weighed: Floats, marks: Floats) -> Scores:
    plain: Floats = np.bincount(text, weights=weighed, minlength=size).astype(float)
    total = plain + np.sign(plain) * marks
    positive = np.bincount(text, weights=np.where(weighed > 0, weighed + 1, 0.0), minlength=size)
    negative = np.bincount(text, weights=np.where(weighed < 0, 1 - weighed, 0.0), minlength=size)
    neutral = np.bincount(text, weights=(weighed == 0).astype(float), minlength=size)
    weight = np.maximum(positive + negative + neutral, 1.0)
    felt = np.bincount(text, weights=np.abs(weighed), minlength=size) + marks
    hits: Floats = np.bincount(text, weights=(weighed != 0).astype(float), minlength=size).astype(float)
    compound = total / np.sqrt(total * total + _SCALE)
    return Scores(compound, positive / weight, negative / weight, hits, 1 - np.exp(-felt / _LOUD))
