"""How far lexicon and taught model are believed, told by rated texts that the taught model had not seen.

A small calibrated model of both (stacking: Wolpert 1992) whose say grows with the evidence. Rated texts are not like
the others: those who answer a survey are happier than those who post. The mix of feelings among unrated texts is
estimated from them (Saerens, Latinne & Decaestecker 2002) and counts for a little, so that rare feelings stay visible.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pipeline.estimators.emotion_lexicon import Scores
from pipeline.estimators.emotion_ratings import NEGATIVE, NEUTRAL, POSITIVE, Labels
from pipeline.estimators.emotion_taught import told

Floats = npt.NDArray[np.float64]

SLOPE, NEUTRAL_AT = 4.0, 0.5  # the lexicon alone: neutral is likeliest within ±.125 of its scale
_HALF_SAY = 50  # rated texts at which blend and lexicon count the same: best of 0, 50, 100, 200 on 50 to 400
_PENALTY = 0.3  # C of the small model, of .1, .3, 1, 3
_MIX_SAY = 0.25  # power of the unrated texts' mix beside an even one: best of 0, .25, .5, .75, 1
_MIX_TEXTS = 50.0  # the rated texts' mix counts as so many unrated texts
_ROUNDS = 60
_SURE = 2.0  # standard errors by which the taught model must beat chance


class Blend:
    """fit(…held-out logits and lexicon scores of rated texts…), then logits(logits, scores).

    After fit: say_ (0: the taught model is no better than chance, and is not listened to; towards 1 as evidence grows),
    mix_ (the three or two labels' shares among unrated texts).
    """

    def __init__(self, with_lexicon: bool) -> None:
        self.with_lexicon = with_lexicon

    def fit(self, logits: Floats, scores: Scores, labels: Labels, weights: Floats) -> Blend:
        """logits: of rated texts by a model that did not see them, texts x the labels that it learned."""
        from sklearn.linear_model import LogisticRegression

        self.say_ = 0.0
        if not _beats_chance(logits, labels, weights):
            return self
        self._model = LogisticRegression(C=_PENALTY, max_iter=500)
        self._model.fit(self._seen(logits, scores), labels, sample_weight=weights)
        self.rated_mix_ = np.bincount(_places(labels), weights=weights) / weights.sum()
        self.mix_ = self.rated_mix_
        evidence = float(weights.sum())
        self.say_ = evidence / (evidence + _HALF_SAY) if self.with_lexicon else 1.0
        return self

    def meet(self, logits: Floats, scores: Scores) -> Blend:
        """Learn the mix of feelings among these unrated texts."""
        if len(logits):
            self.mix_ = _mix(self.chances(logits, scores), self.rated_mix_)
        return self

    def chances(self, logits: Floats, scores: Scores) -> Floats:
        """Chances of the labels learned, as frequent as among rated texts."""
        return np.asarray(self._model.predict_proba(self._seen(logits, scores)))

    def logits(self, logits: Floats, scores: Scores) -> Floats:
        """Log-chances of the labels learned, where all are as frequent but for the mix's small say."""
        chance = self.chances(logits, scores)
        return np.asarray(np.log(np.maximum(chance / self.rated_mix_ * self.mix_**_MIX_SAY, 1e-12)))

    def _seen(self, logits: Floats, scores: Scores) -> Floats:
        return np.hstack([logits, told(scores)]) if self.with_lexicon else logits


def lexicon_logits(scores: Scores) -> Floats:
    """What the lexicon alone says: texts x (negative, neutral, positive)."""
    logits = np.zeros((len(scores.compound), 3))
    logits[:, POSITIVE] = SLOPE * scores.compound
    logits[:, NEGATIVE] = -SLOPE * scores.compound
    logits[:, NEUTRAL] = np.where(scores.hits > 0, NEUTRAL_AT, 2 * NEUTRAL_AT)
    return logits


def softmax(logits: Floats) -> Floats:
    """Chances that add up to 1 in every row."""
    weight = np.exp(logits - logits.max(axis=1, keepdims=True))
    out: Floats = weight / weight.sum(axis=1, keepdims=True)
    return out


def _places(labels: Labels) -> Labels:
    return np.unique(labels, return_inverse=True)[1].astype(np.int64)


def _beats_chance(logits: Floats, labels: Labels, weights: Floats) -> bool:
    """Whether the mean over labels of the share told rightly is above chance by _SURE standard errors."""
    place = _places(labels)
    if place.max() + 1 < logits.shape[1]:  # a label that was not seen among the texts held out
        return False
    right = logits.argmax(axis=1) == place
    counts = np.bincount(place, weights=weights)
    rate = float(np.mean(np.bincount(place, weights=weights * right) / counts))
    error = float(np.sqrt((rate * (1 - rate) / counts).sum())) / len(counts)
    return rate - _SURE * error > 1 / len(counts)


def _mix(chance: Floats, rated: Floats) -> Floats:
    """The labels' shares among texts to which a model taught on other shares gives these chances."""
    mix = rated
    for _ in range(_ROUNDS):
        moved = chance * (mix / rated)
        moved /= moved.sum(axis=1, keepdims=True)
        mix = (moved.sum(axis=0) + _MIX_TEXTS * rated) / (len(chance) + _MIX_TEXTS)
    return mix
