"""VADER (Hutto & Gilbert 2014, MIT) on whole arrays: its lexicon and its rules, a hundred times its pace.

Kept: valence of words, emoticons and emoji, idioms, capitals, boosters and dampeners, negation within three words,
"but", exclamation and question marks, and the compound scale. Added: drawn-out words ("goooood"), signs and idioms of
which the lexicon's words make nothing, and texts whose praise is blame because they say that it is not meant
("#sarcasm", "/s") or open with it before one more mishap ("great, another delay").
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cache

import numpy as np
import numpy.typing as npt

from pipeline.estimators.emotion_texts import Ints, Texts, squeezed

Floats = npt.NDArray[np.float64]

_CAPITALS = 0.733
_NEGATED = -0.74
_REACH = (1.0, 0.95, 0.9)  # a booster one, two or three words before
_BEFORE_BUT, _AFTER_BUT = 0.5, 1.5
_EXCLAMATION, _MOST_EXCLAMATIONS = 0.292, 4
_SCALE = 15.0
_LOUD = 6.0  # valence and marks of a text at which arousal is 0.63
_NOT_MEANT = frozenset(("sarcasm", "sarcastic", "irony", "ironic", "not"))  # as a hashtag
_ONE_MORE = frozenset(("another", "yet"))  # after an opening of mere praise
_SIGNS = {2.0: "👍👏🙌💪🙏⭐🌟🤩💯", -2.0: "👎😡🤬🤮🤢💔💩🖕😤", -1.3: "🙄😒😑🤦"}
_IDIOMS = {
    -2.0: ("thanks for nothing", "thank you for nothing", "thx for nothing", "gee thanks"),
    -1.3: ("could be better", "could have been better", "could've been better", "should have been better"),
}


@dataclass(frozen=True)
class Lexicon:
    """What VADER knows: valence of words (-4..4), emoji and idioms (their words in order), boosters, negations."""

    words: dict[str, float]
    emoji: dict[str, float]
    idioms: dict[tuple[str, ...], float]
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

    def rows(self, rows: Ints) -> Scores:
        """Those of some of the texts."""
        return Scores(*(getattr(self, field.name)[rows] for field in fields(self)))


@cache
def vader() -> Lexicon:
    """The lexicon that comes with the package vaderSentiment."""
    from vaderSentiment.vaderSentiment import BOOSTER_DICT, NEGATE, SPECIAL_CASES, SentimentIntensityAnalyzer

    analyzer = SentimentIntensityAnalyzer()
    words: dict[str, float] = dict(analyzer.lexicon)
    emoji = {sign: sum(words.get(w, 0.0) for w in told.split()) for sign, told in analyzer.emojis.items()}
    emoji |= {sign: value for value, signs in _SIGNS.items() for sign in signs}
    idioms = {tuple(told.split()): float(value) for told, value in SPECIAL_CASES.items() if " " in told}
    idioms |= {tuple(told.split()): value for value, several in _IDIOMS.items() for told in several}
    return Lexicon(words, emoji, idioms, dict(BOOSTER_DICT), frozenset(NEGATE))


def score(texts: Texts) -> Scores:
    """VADER's scores of every text."""
    known = vader()
    valence = np.array([_valence(word, known) for word in texts.words], dtype=float)
    said = np.array([_is_said(word) for word in texts.words], dtype=bool) | (valence != 0)
    marks = _marks(texts)
    if not len(texts.tokens):
        return _summed(texts.size, texts.text, np.zeros(0), marks, np.zeros(texts.size, dtype=bool))
    spoken = texts.pick(said[texts.tokens])
    turned = _not_meant(texts) | _one_more(texts, valence)
    return _summed(texts.size, spoken.text, _weighed(spoken, valence, known), marks, turned)


def _valence(word: str, known: Lexicon) -> float:
    lower = word.lower()
    forms = [lower]
    if (drawn := squeezed(lower, 2)) != lower:
        forms += [drawn, squeezed(lower, 1)]
    for form in forms:
        if form in known.words and form not in known.boosters:
            return known.words[form]
    return sum(known.emoji.get(sign, 0.0) for sign in word) if not word.isascii() else 0.0


def _not_meant(texts: Texts) -> npt.NDArray[np.bool_]:
    """Whether each text says that it is not meant: a hashtag such as #sarcasm, or "/s" at its end."""
    lower = [word.lower() for word in texts.words]
    hashes, slashes = (np.array([word.endswith(sign) for word in lower], dtype=bool) for sign in "#/")
    told, closing = (np.array([word in known for word in lower], dtype=bool) for known in (_NOT_MEANT, {"s"}))
    left, right = texts.tokens[:-1], texts.tokens[1:]
    same = texts.text[:-1] == texts.text[1:]
    last = np.append(~same[1:], True)[: len(same)]
    found = same & ((hashes[left] & told[right]) | (slashes[left] & closing[right] & last))
    return np.bincount(texts.text[:-1][found], minlength=texts.size) > 0


def _one_more(texts: Texts, valence: Floats) -> npt.NDArray[np.bool_]:
    """Whether each text opens with its only praise, a sign and "another": "great, another delay"."""
    glad, sign = valence > 0, np.array([word[0] in ",.!…" for word in texts.words], dtype=bool)
    more = np.array([word.lower() in _ONE_MORE for word in texts.words], dtype=bool)
    first, second, third = texts.tokens[:-2], texts.tokens[1:-1], texts.tokens[2:]
    length = texts.lengths()
    place = np.arange(len(first)) - (np.cumsum(length) - length)[texts.text[:-2]]
    found = glad[first] & sign[second] & more[third] & (place <= 1) & (texts.text[:-2] == texts.text[2:])
    opened = np.bincount(texts.text[:-2][found], minlength=texts.size) > 0
    praised = np.bincount(texts.text, weights=glad[texts.tokens], minlength=texts.size)
    return np.asarray(opened & (praised == 1))


def _is_said(word: str) -> bool:
    return word[0].isalnum()


def _weighed(spoken: Texts, valence: Floats, known: Lexicon) -> Floats:
    """Valence of every spoken token after idioms, capitals, boosters, negation and "but"."""
    lower = [word.lower() for word in spoken.words]
    booster = np.array([known.boosters.get(word, 0.0) for word in lower])[spoken.tokens]
    out = _with_idioms(spoken, lower, valence[spoken.tokens], known)
    negation = _negations(spoken, lower, out, known)
    out += np.sign(out) * _CAPITALS * _shouted(spoken)
    plain = out == 0
    for distance, reach in enumerate(_REACH[: max(len(out) - 1, 0)], start=1):
        near = (spoken.text[distance:] == spoken.text[:-distance]) & plain[:-distance]
        later = out[distance:]
        later += np.where(near, np.sign(later) * booster[:-distance] * reach, 0.0)
        later *= np.where(negation[:-distance] & near, _NEGATED, 1.0)
    return out * _contrast(spoken, lower)


def _with_idioms(spoken: Texts, lower: list[str], valence: Floats, known: Lexicon) -> Floats:
    """The tokens' valence, where the words of an idiom have its valence on the last and none on the others."""
    out = valence * 1.0
    code = {word: index for index, word in enumerate(dict.fromkeys(lower))}
    codes = np.array([code[word] for word in lower], dtype=np.int64)[spoken.tokens]
    for words, value in known.idioms.items():
        if len(words) > len(codes) or any(word not in code for word in words):
            continue
        size = len(codes) - len(words) + 1
        found = spoken.text[:size] == spoken.text[len(words) - 1 :]
        for offset, word in enumerate(words):
            found &= codes[offset : offset + size] == code[word]
        for offset in range(len(words)):
            out[offset : offset + size][found] = value if offset == len(words) - 1 else 0.0
    return out


def _negations(spoken: Texts, lower: list[str], out: Floats, known: Lexicon) -> npt.NDArray[np.bool_]:
    """Whether each token turns what follows. "no" that does ("no problem") says nothing itself: set to 0 in `out`."""
    tokens, text = spoken.tokens, spoken.text
    negation = np.array([word in known.negations or "n't" in word for word in lower], dtype=bool)[tokens]
    no = np.array([word == "no" for word in lower], dtype=bool)[tokens]
    no[:-1] &= (text[1:] == text[:-1]) & (out[1:] != 0)
    no[-1:] = False
    out[no] = 0.0
    return np.asarray(negation | no)


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


def _summed(size: int, text: Ints, weighed: Floats, marks: Floats, turned: npt.NDArray[np.bool_]) -> Scores:
    plain: Floats = np.bincount(text, weights=weighed, minlength=size).astype(float)
    praise = (turned & (plain > 0))[text] & (weighed > 0)
    weighed = np.where(praise, _NEGATED * weighed, weighed)
    plain = np.bincount(text, weights=weighed, minlength=size).astype(float)
    total = plain + np.sign(plain) * marks
    positive = np.bincount(text, weights=np.where(weighed > 0, weighed + 1, 0.0), minlength=size)
    negative = np.bincount(text, weights=np.where(weighed < 0, 1 - weighed, 0.0), minlength=size)
    neutral = np.bincount(text, weights=(weighed == 0).astype(float), minlength=size)
    weight = np.maximum(positive + negative + neutral, 1.0)
    felt = np.bincount(text, weights=np.abs(weighed), minlength=size) + marks
    hits: Floats = np.bincount(text, weights=(weighed != 0).astype(float), minlength=size).astype(float)
    compound = total / np.sqrt(total * total + _SCALE)
    return Scores(compound, positive / weight, negative / weight, hits, 1 - np.exp(-felt / _LOUD))
