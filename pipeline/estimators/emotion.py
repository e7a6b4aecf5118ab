"""How a text feels: a lexicon where little is known, the company's own rated texts where there are enough.

A linear model of TF-IDF word, word pair and character n-grams with the lexicon's scores as further features, so that
the words of the trade are learned and words never rated still count. Its say grows with the number of rated texts.
Looked at for the basic emotions (joy, anger …) and not used: NRC EmoLex and NRC-VAD (free for research only),
GoEmotions (Apache-2.0, but strangers' comments on Reddit, with texts of others in it): the mart's `emotion` is null.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy import sparse

from pipeline.estimators.emotion_features import learn_vocabulary, lowered, tfidf
from pipeline.estimators.emotion_lexicon import Scores, score
from pipeline.estimators.emotion_ratings import LABELS, NEGATIVE, NEUTRAL, POSITIVE, Labels
from pipeline.estimators.emotion_texts import Texts, read_texts

Floats = npt.NDArray[np.float64]

FEWEST = 15  # rated texts of every label, before a model is learned
HALF_SAY = 100  # rated texts at which the learned model has half the say
MOST = 40000  # rated texts learned from: more no longer change the weights of common words
PENALTY = 1.0  # C of the logistic regression, best of .1, .3, 1, 4 on 700 to 4,000 rated texts
LEXICON_WEIGHT = 2.0  # of the lexicon's features beside text rows of length 1
SLOPE, NEUTRAL_AT = 4.0, 0.5  # the lexicon alone: neutral is likeliest within ±.125 of its scale
CHUNK = 50000  # texts read at once: bounds memory


class EmotionModel:
    """fit(texts, labels), then predict_proba(texts): texts x (negative, neutral, positive).

    with_lexicon: whether the lexicon speaks these texts' language. After fit: say_ (0..1, the learned model's say),
    vocabulary_, weights_ (features x labels) and intercept_ where say_ > 0.
    """

    def __init__(self, with_lexicon: bool = True) -> None:
        self.with_lexicon = with_lexicon

    def fit(self, texts: Sequence[str], labels: Labels) -> EmotionModel:
        """Learn from rated texts; with fewer than FEWEST of a label, only the lexicon will speak."""
        counts = np.bincount(labels, minlength=len(LABELS))
        if counts.min() < FEWEST:
            self.say_ = 0.0
            return self
        rows = np.unique(np.linspace(0, len(texts) - 1, min(MOST, len(texts))).astype(int))
        read = read_texts([texts[row] for row in rows])
        small = lowered(read)
        self.vocabulary_ = learn_vocabulary(small)
        self._learn(self._features(small, score(read)), labels[rows])
        self.say_ = len(rows) / (len(rows) + HALF_SAY) if self.with_lexicon else 1.0
        return self

    @property
    def can_read(self) -> bool:
        """Whether it can say anything of an unrated text."""
        return self.with_lexicon or self.say_ > 0

    def predict(self, texts: Sequence[str]) -> tuple[Floats, Floats]:
        """Probabilities (texts x negative, neutral, positive) and arousal (0..1) of every text."""
        parts = [self._predict(texts[at : at + CHUNK]) for at in range(0, len(texts), CHUNK)]
        if not parts:
            return np.zeros((0, len(LABELS))), np.zeros(0)
        return np.vstack([part[0] for part in parts]), np.concatenate([part[1] for part in parts])

    def _predict(self, texts: Sequence[str]) -> tuple[Floats, Floats]:
        read = read_texts(texts)
        scores = score(read)
        chance = _from_lexicon(scores)
        if self.say_ > 0:
            learned = _softmax(self._logits(self._features(lowered(read), scores)))
            chance = self.say_ * learned + (1 - self.say_) * chance
        return chance, scores.arousal

    def _logits(self, features: list[sparse.csr_matrix]) -> Floats:
        total: Floats = np.tile(self.intercept_, (features[0].shape[0], 1))
        start = 0
        for part in features:
            total += part @ self.weights_[start : start + part.shape[1]]
            start += part.shape[1]
        return total

    def _learn(self, features: list[sparse.csr_matrix], labels: Labels) -> None:
        from sklearn.linear_model import LogisticRegression

        rows = sparse.hstack(features, format="csr")
        model = LogisticRegression(C=PENALTY, class_weight="balanced", max_iter=500).fit(rows, labels)
        self.weights_: Floats = model.coef_.T
        self.intercept_: Floats = model.intercept_

    def _features(self, small: Texts, scores: Scores) -> list[sparse.csr_matrix]:
        rows = tfidf(small, self.vocabulary_)
        if not self.with_lexicon:
            return rows
        hits = np.minimum(scores.hits, 4.0) / 4.0
        told = [scores.compound, scores.positive, scores.negative, hits, np.abs(scores.compound)]
        return [*rows, sparse.csr_matrix(LEXICON_WEIGHT * np.column_stack(told))]


def _from_lexicon(scores: Scores) -> Floats:
    logits = np.zeros((len(scores.compound), len(LABELS)))
    logits[:, POSITIVE] = SLOPE * scores.compound
    logits[:, NEGATIVE] = -SLOPE * scores.compound
    logits[:, NEUTRAL] = np.where(scores.hits > 0, NEUTRAL_AT, 2 * NEUTRAL_AT)
    return _softmax(logits)


def _softmax(logits: Floats) -> Floats:
    weight = np.exp(logits - logits.max(axis=1, keepdims=True))
    out: Floats = weight / weight.sum(axis=1, keepdims=True)
    return out
