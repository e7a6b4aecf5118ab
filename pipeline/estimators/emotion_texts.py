"""Texts as numbers, fast: a million short texts are cut into words once, and every distinct word is looked at once.

Rules and features that need a word's neighbours work on flat arrays of word numbers, never text by text.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]

# a word with its apostrophes, or a run of signs: an emoticon, an emoji, exclamation marks
_TOKEN = re.compile(r"[^\W_]+(?:['’´`][^\W_]+)*|[^\w\s]+|_+")
_WORD = re.compile(r"[^\W_]")


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

    def numbered(self, words: Sequence[str]) -> Ints:
        """The place in `words` of every distinct word of these texts, -1 where it is not there."""
        place = {word: index for index, word in enumerate(words)}
        return np.array([place.get(word, -1) for word in self.words], dtype=np.int64)


def read_texts(texts: Sequence[str]) -> Texts:
    """Cuts texts into tokens, case kept; curly apostrophes become straight ones."""
    numbers: defaultdict[str, int] = defaultdict(count().__next__)
    tokens: list[int] = []
    lengths = np.zeros(len(texts), dtype=np.int64)
    for index, text in enumerate(texts):
        found = _TOKEN.findall(text.replace("’", "'"))
        lengths[index] = len(found)
        tokens.extend(map(numbers.__getitem__, found))
    return Texts(len(texts), list(numbers), np.array(tokens, np.int64), np.repeat(np.arange(len(texts)), lengths))


def says_something(text: object) -> bool:
    """Whether there is anything to read: a letter, a digit, or a sign beyond ASCII such as an emoji."""
    return isinstance(text, str) and (_WORD.search(text) is not None or any(ord(sign) > 0x2000 for sign in text))
