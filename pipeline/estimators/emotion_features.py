"""TF-IDF of words, word pairs and characters within words, from token arrays: one sparse row a text.

The characters of a distinct word are looked at once; what a text's say is the sum of what its words' say.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from pipeline.estimators.emotion_texts import Ints, Texts, squeezed

Floats = npt.NDArray[np.float64]

CHARACTERS = (2, 5)  # lengths of the pieces of a word with a blank at both ends
FEWEST_TEXTS = 2  # a feature of one text only cannot be learned from


@dataclass(frozen=True)
class Vocabulary:
    """Features known, each with its inverse document frequency: words, pairs ("not good") and pieces of words."""

    words: tuple[str, ...]
    pairs: tuple[str, ...]
    pieces: tuple[str, ...]
    weights: Floats

    @property
    def size(self) -> int:
        return len(self.words) + len(self.pairs) + len(self.pieces)


def lowered(texts: Texts) -> Texts:
    """The same texts in lower case, without mere punctuation; drawn-out words and rows of one sign are cut to two."""
    lower = [squeezed(word.lower(), 2) for word in texts.words]
    names = sorted({word for word in lower if word[0].isalnum() or not word.isascii() or word[0] in "!?:;<="})
    place = {word: index for index, word in enumerate(names)}
    number = np.array([place.get(word, -1) for word in lower], dtype=np.int64)
    tokens = number[texts.tokens] if len(texts.tokens) else texts.tokens
    known = tokens >= 0
    return Texts(texts.size, names, tokens[known], texts.text[known])


def learn_vocabulary(texts: Texts) -> Vocabulary:
    """The features that occur in several of these (lowered) texts."""
    words = _frequent(texts.words, texts.tokens, texts.text)
    pair_names, pair_tokens, pair_text = _pairs(texts)
    pairs = _frequent(pair_names, pair_tokens, pair_text)
    pieces = _frequent_pieces(texts)
    empty = Vocabulary(words, pairs, pieces, np.ones(len(words) + len(pairs) + len(pieces)))
    every = _table(texts.size, len(texts.words), texts.text, texts.tokens) @ _pieces_of(texts.words, pieces)
    tables = (_word_counts(texts, empty), every)
    counts = np.concatenate([np.bincount(table.indices, minlength=table.shape[1]) for table in tables])
    return Vocabulary(words, pairs, pieces, np.log((1 + texts.size) / (1 + counts)) + 1)


def word_rows(texts: Texts, vocabulary: Vocabulary) -> sparse.csr_matrix:
    """Words with pairs: texts x features, 1 + log(count) times the weight, rows of length 1."""
    counts = _word_counts(texts, vocabulary)
    counts.data = (1 + np.log(counts.data)) * vocabulary.weights[counts.indices]
    return _unit(counts)


def piece_rows(texts: Texts, vocabulary: Vocabulary) -> sparse.csr_matrix:
    """Pieces: texts x features, the sum of the text's words, over the length that unlike words have together."""
    pieces, lengths = _weighed_pieces(texts, vocabulary)
    rows = _table(texts.size, len(texts.words), texts.text, texts.tokens) @ pieces
    rows.data = rows.data / np.repeat(lengths, np.diff(rows.indptr))
    return rows


def piece_sums(texts: Texts, vocabulary: Vocabulary, coefficients: Floats) -> Floats:
    """piece_rows(texts, vocabulary) @ coefficients, word by word: a text's pieces are never laid out."""
    pieces, lengths = _weighed_pieces(texts, vocabulary)
    said = (pieces @ coefficients)[texts.tokens]
    sums = [np.bincount(texts.text, weights=column, minlength=texts.size) for column in said.T]
    out: Floats = np.column_stack(sums) / lengths[:, None]
    return out


def _weighed_pieces(texts: Texts, vocabulary: Vocabulary) -> tuple[sparse.csr_matrix, Floats]:
    """Distinct words x weighed pieces, and the length of each text's words if no two shared a piece."""
    pieces = _pieces_of(texts.words, vocabulary.pieces)
    pieces.data = pieces.data * vocabulary.weights[-len(vocabulary.pieces) :][pieces.indices]
    square = np.asarray(pieces.multiply(pieces).sum(axis=1)).ravel()
    lengths = np.sqrt(np.bincount(texts.text, weights=square[texts.tokens], minlength=texts.size))
    return pieces, np.maximum(lengths, 1e-12)


def _unit(rows: sparse.csr_matrix) -> sparse.csr_matrix:
    entries = np.diff(rows.indptr)
    row = np.repeat(np.arange(rows.shape[0]), entries)
    length = np.sqrt(np.bincount(row, weights=rows.data**2, minlength=rows.shape[0]))
    rows.data = rows.data / np.repeat(np.maximum(length, 1e-12), entries)
    return rows


def _word_counts(texts: Texts, vocabulary: Vocabulary) -> sparse.csr_matrix:
    """How often each text has each word or pair; entries of one text and feature are one."""
    word = texts.numbered(vocabulary.words)
    names, tokens, text = _pairs(texts, word >= 0)
    place = {name: len(vocabulary.words) + index for index, name in enumerate(vocabulary.pairs)}
    pair = np.array([place.get(name, -1) for name in names], dtype=np.int64)
    rows = np.concatenate([texts.text, text])
    columns = np.concatenate([word[texts.tokens], pair[tokens]])
    return _table(texts.size, len(vocabulary.words) + len(vocabulary.pairs), rows, columns)


def _table(rows: int, columns: int, row: Ints, column: Ints) -> sparse.csr_matrix:
    known = column >= 0
    ones = np.ones(int(known.sum()))
    return sparse.csr_matrix((ones, (row[known], column[known])), shape=(rows, columns))


def _pairs(texts: Texts, known: npt.NDArray[np.bool_] | None = None) -> tuple[list[str], Ints, Ints]:
    """Neighbouring words as new tokens: their names, numbers and texts; of known words only, if told which are."""
    same = texts.text[1:] == texts.text[:-1]
    if known is not None and len(texts.tokens):
        inside = known[texts.tokens]
        same &= inside[1:] & inside[:-1]
    left, right = texts.tokens[:-1][same], texts.tokens[1:][same]
    codes, tokens = np.unique(left * max(len(texts.words), 1) + right, return_inverse=True)
    size = max(len(texts.words), 1)
    names = [f"{texts.words[code // size]} {texts.words[code % size]}" for code in codes.tolist()]
    return names, tokens.astype(np.int64), texts.text[1:][same]


def _frequent(names: list[str], tokens: Ints, text: Ints) -> tuple[str, ...]:
    once = np.unique(text * max(len(names), 1) + tokens) % max(len(names), 1)
    counts = np.bincount(once, minlength=len(names))
    return tuple(sorted(name for name, count in zip(names, counts, strict=True) if count >= FEWEST_TEXTS))


def _frequent_pieces(texts: Texts) -> tuple[str, ...]:
    spoken = np.bincount(texts.tokens, minlength=len(texts.words))
    counts: Counter[str] = Counter()
    for word, times in zip(texts.words, spoken.tolist(), strict=True):
        for piece in set(_pieces(word)):
            counts[piece] += times
    return tuple(sorted(piece for piece, times in counts.items() if times >= 2 * FEWEST_TEXTS))


def _pieces(word: str) -> list[str]:
    padded = f" {word} "
    low, high = CHARACTERS
    return [padded[at : at + n] for n in range(low, high + 1) for at in range(len(padded) - n + 1)]


def _pieces_of(words: list[str], pieces: tuple[str, ...]) -> sparse.csr_matrix:
    """distinct words x pieces: how often each piece is in each word."""
    place = {piece: index for index, piece in enumerate(pieces)}
    found = [[place[piece] for piece in _pieces(word) if piece in place] for word in words]
    columns = np.array([column for row in found for column in row], dtype=np.int64)
    return _table(len(words), len(pieces), np.repeat(np.arange(len(words)), [len(row) for row in found]), columns)
