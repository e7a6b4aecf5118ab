"""Texts as numbers, fast: a million short texts are cut into words once, and every distinct word is looked at once.

Rules and features that need a word's neighbours work on flat arrays of word numbers, never text by text.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from html import unescape
from itertools import count
from unicodedata import category

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]

_URL = re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE)
_URL_WORD = " http "  # one word for every address: that there is one tells more than where it leads
# an emoticon with a letter or digit in it, a word with its apostrophes, or a run of signs (emoticon, emoji, "!!")
_TOKEN = re.compile(r"(?<!\w)(?:[:;=]'?-?[DdPpOo3]|[xX]D|</?3)(?!\w)|[^\W_]+(?:['’´`][^\W_]+)*|[^\w\s]+|_+")
_EMOTICON = re.compile(r"[:;=]['^-]?[()\[\]/|*]|<3")
_WORD = re.compile(r"[^\W_]")
_RUNS = {most: re.compile(rf"(.)\1{{{most},}}") for most in (1, 2)}


@dataclass(frozen=True)
class Texts:
    """Tokens of n texts, one after the other. tokens: numbers into `words`; text: the text that each belongs to."""

    size: int
    words: list[str]
    tokens: Ints
    text: Ints

    def lengths(self) -> Ints:
        """Tokens in each text."""
        return np.bincount(self.text, minlength=self.size).astype(np.int64)

    def pick(self, mask: npt.NDArray[np.bool_]) -> Texts:
        """The texts with only those tokens for which `mask` (one a token) is true."""
        return Texts(self.size, self.words, self.tokens[mask], self.text[mask])

    def rows(self, mask: npt.NDArray[np.bool_]) -> Texts:
        """Only those texts for which `mask` (one a text) is true."""
        if mask.all():
            return self
        place = np.cumsum(mask) - 1
        kept = mask[self.text]
        used, tokens = np.unique(self.tokens[kept], return_inverse=True)
        words = [self.words[number] for number in used.tolist()]
        return Texts(int(mask.sum()), words, tokens.astype(np.int64), place[self.text[kept]].astype(np.int64))

    def numbered(self, words: Sequence[str]) -> Ints:
        """The place in `words` of every distinct word of these texts, -1 where it is not there."""
        place = {word: index for index, word in enumerate(words)}
        return np.array([place.get(word, -1) for word in self.words], dtype=np.int64)


def read_texts(texts: Sequence[str]) -> Texts:
    """Cuts texts into tokens, case kept; curly apostrophes become straight ones, addresses one word, &amp; its sign."""
    numbers: defaultdict[str, int] = defaultdict(count().__next__)
    tokens: list[int] = []
    lengths = np.zeros(len(texts), dtype=np.int64)
    for index, text in enumerate(texts):
        found = _TOKEN.findall(_plain(text))
        lengths[index] = len(found)
        tokens.extend(map(numbers.__getitem__, found))
    return Texts(len(texts), list(numbers), np.array(tokens, np.int64), np.repeat(np.arange(len(texts)), lengths))


def _plain(text: str) -> str:
    if "&" in text:
        text = unescape(text)
    if "://" in text or "www." in text.lower():
        text = _URL.sub(_URL_WORD, text)
    return text.replace("’", "'")


def squeezed(word: str, most: int) -> str:
    """The word with no sign more than `most` times in a row: sooooo -> soo."""
    return _RUNS[most].sub(lambda run: run[1] * most, word)


def says_something(text: object) -> bool:
    """Whether there is anything to read, addresses apart: a letter, a digit, an emoticon or an emoji."""
    if not isinstance(text, str):
        return False
    text = _URL.sub(" ", text)
    said = _WORD.search(text) or _EMOTICON.search(text)
    return said is not None or any(category(sign) == "So" for sign in text)
