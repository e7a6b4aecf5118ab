"""What rated texts teach: a linear model of TF-IDF words, word pairs and characters, with the lexicon's scores beside.

Few rated texts are best heard by a logistic regression and naive Bayes together (Wang & Manning 2012).

One text many times (a form letter, "ok") teaches little more than one text: of c copies the weight is 1 + log(c).
What is held out of a fold is held out with all its copies; but a text with copies enough for every fold is a text that
comes again, and is judged as one that was seen.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from zlib import crc32

import numpy as np
import numpy.typing as npt
from scipy import sparse

from pipeline.estimators.emotion_features import (
    Vocabulary,
    learn_vocabulary,
    lowered,
    piece_rows,
    piece_sums,
    word_rows,
)
from pipeline.estimators.emotion_lexicon import Scores, score
from pipeline.estimators.emotion_ratings import LABELS, NEGATIVE, POSITIVE, Labels
from pipeline.estimators.emotion_texts import Texts, read_texts

Floats = npt.NDArray[np.float64]

FEWEST = 15  # texts of a label, before it can be learned
FOLDS = 5
MOST_HELD_OUT = 4000  # texts judged out of fold: as many tell well enough how far the model can be believed
_PENALTY = 1.0  # C of the logistic regression, best of .1, .3, 1, 4 on 700 to 4,000 rated texts
_RIDGE = 2.0  # alpha
_BAYES_SAY = 0.5  # beside the regression: best of 0, .5, 1, 2 on 300 to 4,000 rated texts of five kinds
_BAYES_PRIOR = 0.5  # texts in which every word is taken to have been
_LEXICON_WEIGHT = 2.0  # of the lexicon's features beside text rows of length 1
_LEAST_SHARE = 0.02  # of a text's chances, for a label to be learned from it
_NUMBER = re.compile(r"\d+")


@dataclass(frozen=True)
class Lessons:
    """Rated texts to learn from, each distinct one once for every label that it may have.

    number: of the distinct text, from 0; fold: 0..FOLDS-1, one for all labels of a text, -1: in no fold, it has copies
    enough for each. of: the number of each of the texts given.
    """

    texts: list[str]
    labels: Labels
    weights: Floats
    number: Labels
    fold: Labels
    of: Labels


def lessons(texts: Sequence[str], belief: Floats) -> Lessons:
    """Distinct texts (case, blanks and numbers apart) in order of appearance. belief: texts x labels, rows of sum 1."""
    first: dict[str, int] = {}
    keys = [_NUMBER.sub("0", " ".join(text.lower().split())) for text in texts]
    of = np.array([first.setdefault(key, len(first)) for key in keys], dtype=np.int64)
    counts = np.column_stack([np.bincount(of, weights=column, minlength=len(first)) for column in belief.T])
    copies = counts.sum(axis=1)
    shares = counts / np.maximum(copies, 1.0)[:, None]
    number, label = np.nonzero(shares > _LEAST_SHARE)
    opened = np.unique(of, return_index=True)[1]
    folds = np.array([crc32(key.encode()) % FOLDS for key in first], dtype=np.int64)  # no text's hangs on the others
    return Lessons(
        [texts[row] for row in opened[number]],
        label.astype(np.int64),
        shares[number, label] * (1 + np.log(np.maximum(copies, 1.0)))[number],
        number.astype(np.int64),
        np.where(copies >= FOLDS, -1, folds)[number],
        of,
    )


def learnable(labels: Labels) -> tuple[int, ...]:
    """The labels that can be learned: all three, or good and bad where the scale has no middle; else none."""
    counts = np.bincount(labels, minlength=len(LABELS))
    enough = tuple(k for k in range(len(LABELS)) if counts[k] >= FEWEST)
    return enough if {NEGATIVE, POSITIVE} <= set(enough) else ()


def spoken_ratings(texts: Sequence[str], ratings: Floats) -> Floats:
    """The rating that each text's words speak of: ridge regression on the other folds' texts, on the ratings' scale."""
    from sklearn.linear_model import Ridge

    read = read_texts(texts)
    small = lowered(read)
    rows = _features(small, learn_vocabulary(small), score(read))
    fold = np.arange(len(texts)) % FOLDS
    out = np.zeros(len(texts))
    for own in (fold == k for k in range(FOLDS)):
        model = Ridge(alpha=_RIDGE, solver="sparse_cg", tol=1e-3).fit(rows[~own], ratings[~own])
        out[own] = model.predict(rows[own])
    return out


def told(scores: Scores) -> Floats:
    """The lexicon's features: texts x 5."""
    hits = np.minimum(scores.hits, 4.0) / 4.0
    return np.column_stack([scores.compound, scores.positive, scores.negative, hits, np.abs(scores.compound)])


class TaughtModel:
    """fit(lessons, classes, with_lexicon), then logits(read, scores): texts x (negative, neutral, positive).

    After fit: classes_ (the labels learned), vocabulary_, weights_ (features x labels), intercept_, and held_out_:
    the logits of the first MOST_HELD_OUT lessons, those in a fold from a model that never saw them.
    """

    def fit(self, taught: Lessons, classes: tuple[int, ...], *, with_lexicon: bool) -> TaughtModel:
        """Learn the labels `classes`."""
        self.with_lexicon = with_lexicon
        self.classes_ = np.array(classes)
        read = read_texts(taught.texts)
        small = lowered(read)
        self.vocabulary_: Vocabulary = learn_vocabulary(small)
        rows = _features(small, self.vocabulary_, score(read) if with_lexicon else None)
        known = np.isin(taught.labels, self.classes_)
        self.weights_, self.intercept_ = self._learn(rows[known], taught.labels[known], taught.weights[known])
        self.held_out_ = self._hold_out(rows, taught, known)
        return self

    def logits(self, read: Texts, scores: Scores) -> Floats:
        """Texts x the learned labels; scores: the lexicon's of the same texts."""
        small = lowered(read)
        words = word_rows(small, self.vocabulary_)
        pieces = words.shape[1] + len(self.vocabulary_.pieces)
        total: Floats = self.intercept_ + words @ self.weights_[: words.shape[1]]
        total += piece_sums(small, self.vocabulary_, self.weights_[words.shape[1] : pieces])
        if self.with_lexicon:
            total += _LEXICON_WEIGHT * told(scores) @ self.weights_[pieces:]
        return total

    def _hold_out(self, rows: sparse.csr_matrix, taught: Lessons, known: npt.NDArray[np.bool_]) -> Floats:
        most = min(MOST_HELD_OUT, len(taught.labels))
        out = np.asarray(rows[:most] @ self.weights_ + self.intercept_)
        early = np.arange(len(taught.labels)) < most
        for fold in range(FOLDS):
            rest, own = known & early & (taught.fold != fold), (taught.fold == fold)[:most]
            if not own.any():
                continue
            weights, intercept = self._learn(rows[rest], taught.labels[rest], taught.weights[rest])
            out[own] = rows[:most][own] @ weights + intercept
        return out

    def _learn(self, rows: sparse.csr_matrix, labels: Labels, weights: Floats) -> tuple[Floats, Floats]:
        """Features x classes, and intercepts: logistic regression and, on words and pairs, some naive Bayes.

        A class without a row (all its copies are held out) has the coefficients 0.
        """
        coefficients, intercepts = np.zeros((rows.shape[1], len(self.classes_))), np.zeros(len(self.classes_))
        place = np.searchsorted(self.classes_, np.unique(labels))
        if len(place) < 2:
            return coefficients, intercepts
        words = len(self.vocabulary_.words) + len(self.vocabulary_.pairs)
        coefficients[:, place], intercepts[place] = _regression(rows, labels, weights)
        coefficients[:words, place] += _BAYES_SAY * _complements(rows[:, :words], labels, weights)
        return coefficients, intercepts


def _features(small: Texts, vocabulary: Vocabulary, scores: Scores | None) -> sparse.csr_matrix:
    """Words, pieces of words and, where there are scores, what the lexicon says: texts x features."""
    parts = [word_rows(small, vocabulary), piece_rows(small, vocabulary)]
    if scores is not None:
        parts.append(sparse.csr_matrix(_LEXICON_WEIGHT * told(scores)))
    return sparse.hstack(parts, format="csr")


def _regression(rows: sparse.csr_matrix, labels: Labels, weights: Floats) -> tuple[Floats, Floats]:
    """Logistic regression in which every label that occurs weighs the same."""
    from sklearn.linear_model import LogisticRegression

    sums = np.bincount(labels, weights=weights)
    even = weights * weights.sum() / ((sums > 0).sum() * sums[labels])
    model = LogisticRegression(C=_PENALTY, max_iter=500, tol=1e-3).fit(rows, labels, sample_weight=even)
    if len(model.intercept_) > 1:
        return model.coef_.T, model.intercept_
    half = model.coef_.T / 2  # two labels: one row of coefficients, for the second against the first
    return np.hstack([-half, half]), np.append(-model.intercept_, model.intercept_) / 2


def _complements(rows: sparse.csr_matrix, labels: Labels, weights: Floats) -> Floats:
    """Complement naive Bayes (Rennie et al. 2003): how seldom a word is in the texts of the other labels."""
    own = np.array([np.where(labels == label, weights, 0.0) @ rows for label in np.unique(labels)])
    others = own.sum(axis=0) - own + _BAYES_PRIOR
    rare: Floats = -np.log(others / others.sum(axis=1, keepdims=True)).T
    return np.asarray(rare - rare.mean(axis=1, keepdims=True))


def with_neutral(logits: Floats, classes: npt.NDArray[np.int64], neutral_at: float) -> Floats:
    """All three labels: where neutral was never taught, it is what is neither clearly good nor clearly bad."""
    if len(classes) == len(LABELS):
        return logits
    out = np.full((len(logits), len(LABELS)), neutral_at)
    out[:, [NEGATIVE, POSITIVE]] = logits - logits.mean(axis=1, keepdims=True)
    return out
