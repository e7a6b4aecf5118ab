"""How a text feels: a lexicon where little is known, the company's own rated texts where there are enough.

A linear model of TF-IDF word, word pair and character n-grams with the lexicon's scores as further features, so that
the words of the trade are learned and words never rated still count; how far it is believed beside the lexicon is
told by rated texts that it had not seen, and so is how far a rating is believed to mean its label.

Looked at for the basic emotions (joy, anger …) and not used: NRC EmoLex, also in NRCLex and LeXmo (not free for
commercial use), DepecheMood and its successor (for research), Empath (its release names no licence), text2emotion (MIT,
but it does not say where its words are from), GoEmotions (Apache-2.0, but comments of strangers that a product should
not carry). `emotion` is null.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from pipeline.estimators.emotion_blend import NEUTRAL_AT, Blend, lexicon_logits, softmax
from pipeline.estimators.emotion_doubt import believed
from pipeline.estimators.emotion_lexicon import Scores, score
from pipeline.estimators.emotion_ratings import LABELS, NEUTRAL, Labels
from pipeline.estimators.emotion_taught import Lessons, TaughtModel, learnable, lessons, with_neutral
from pipeline.estimators.emotion_texts import Texts, read_texts

Floats = npt.NDArray[np.float64]

MOST = 20000  # rated texts learned from: more hardly change the weights of common words
MOST_UNRATED = 20000  # unrated texts that their mix of feelings is learned from
CHUNK = 50000  # texts read at once: bounds memory
MOST_DOUBTED = 3000  # rated texts of which it is asked whether rating and words agree: beyond, errors wash out
_ROUNDS = 4  # of 0, 2, 4: loose ratings gain by it; a few hundred exact ones may lose a little
_GROWTH = 1.1


class EmotionModel:
    """fit(texts, labels, unrated, valence), then predict(texts).

    with_lexicon: whether the lexicon speaks these texts' language. After fit: say_ (0..1, how far the taught model is
    believed beside the lexicon; 0: not taught); taught_ and blend_ where say_ > 0.
    """

    def __init__(self, with_lexicon: bool = True) -> None:
        self.with_lexicon = with_lexicon

    def fit(
        self, texts: Sequence[str], labels: Labels, unrated: Sequence[str] = (), valence: Floats | None = None
    ) -> EmotionModel:
        """Learn from rated texts in order of their arrival; unrated: some of the texts that will be read.

        valence: of the ratings (-1..1); where it is given, a label is believed as far as rating and words bear it out.
        Where too few of a label are rated, or the ratings do not go with the words, only the lexicon will speak.
        """
        self.say_ = 0.0
        rows = spread(len(texts), MOST)
        texts, labels = [texts[row] for row in rows], labels[rows]
        classes = learnable(labels)
        if not classes:
            return self
        belief = np.eye(len(LABELS))[labels]
        if valence is not None:
            belief = self._doubted(texts, belief, valence[rows], classes)
        self.taught_, blend, _ = self._taught_by(lessons(texts, belief), classes)
        if blend.say_ > 0:
            read = read_texts(unrated)
            scores = score(read)
            self.blend_ = blend.meet(self.taught_.logits(read, scores), scores)
        self.say_ = blend.say_
        return self

    def _taught_by(self, taught: Lessons, classes: tuple[int, ...]) -> tuple[TaughtModel, Blend, Floats]:
        """What is learned, and the chances of the first MOST_HELD_OUT lessons' labels (none: luck does as well)."""
        model = TaughtModel().fit(taught, classes, with_lexicon=self.with_lexicon)
        early = slice(len(model.held_out_))
        scores = score(read_texts(taught.texts[early]))
        seen = np.flatnonzero(np.isin(taught.labels[early], classes))
        blend = Blend(self.with_lexicon)
        blend.fit(model.held_out_[seen], scores.rows(seen), taught.labels[seen], taught.weights[seen])
        chance = np.zeros((0, len(LABELS)))
        if blend.say_ > 0:
            chance = np.zeros((len(model.held_out_), len(LABELS)))
            chance[:, classes] = blend.chances(model.held_out_, scores)
        return model, blend, chance

    def _doubted(self, texts: list[str], belief: Floats, valence: Floats, classes: tuple[int, ...]) -> Floats:
        """The labels' chances after words and ratings were heard together: of the first texts, the others' as given."""
        begun = belief[:MOST_DOUBTED]
        sure = ~begun[:, classes].any(axis=1)  # of a label that is too rare to be learned
        found = begun
        for _ in range(_ROUNDS):
            taught = lessons(texts[:MOST_DOUBTED], found)
            chance = self._taught_by(taught, classes)[2]
            if not len(chance):
                return belief
            told = np.flatnonzero(np.diff(taught.number[: len(chance)], prepend=-1))
            own = np.tile(begun.mean(axis=0), (taught.of.max() + 1, 1))
            own[taught.number[told]] = chance[told]
            found = believed(found, own[taught.of], valence[:MOST_DOUBTED])
            found[sure] = begun[sure]
        return np.vstack([found, belief[MOST_DOUBTED:]])

    @property
    def can_read(self) -> bool:
        """Whether it can say anything of an unrated text."""
        return self.with_lexicon or self.say_ > 0

    def predict(self, texts: Sequence[str]) -> tuple[Floats, Floats]:
        """Chances (texts x negative, neutral, positive) and arousal (0..1) of every text."""
        parts = [self.predict_read(read_texts(texts[at : at + CHUNK])) for at in range(0, len(texts), CHUNK)]
        if not parts:
            return np.zeros((0, len(LABELS))), np.zeros(0)
        return np.vstack([part[0] for part in parts]), np.concatenate([part[1] for part in parts])

    def predict_read(self, read: Texts) -> tuple[Floats, Floats]:
        """The same of texts that are cut into words already."""
        scores = score(read)
        chance = softmax(lexicon_logits(scores))
        if self.say_ > 0:
            chance = self.say_ * softmax(self._taught(read, scores)) + (1 - self.say_) * chance
        return chance, self._arousal(chance, scores)

    def _arousal(self, chance: Floats, scores: Scores) -> Floats:
        """How loud a text is (strong words, marks, emoji), and, as far as it was taught, how unlikely to be neutral."""
        felt = 1 - chance[:, NEUTRAL]
        listened = self.say_ / 2 if self.with_lexicon else 1.0
        return np.asarray((1 - listened) * scores.arousal + listened * felt)

    def _taught(self, read: Texts, scores: Scores) -> Floats:
        logits = self.blend_.logits(self.taught_.logits(read, scores), scores)
        return with_neutral(logits, self.taught_.classes_, NEUTRAL_AT)


def standing(nights: npt.NDArray[np.generic]) -> int:
    """How many texts, the first to arrive, are learned from: whole nights, and more only when there are a tenth more.

    nights: of each text's arrival, rising. What is learned so stays the same from night to night in between, and is the
    same whether the nights were run one by one or only the last of them.
    """
    if not len(nights):
        return 0
    step = 1
    while (following := max(step + 1, int(step * _GROWTH))) <= len(nights):
        step = following
    return int(np.searchsorted(nights, nights[step - 1], side="right"))


def spread(count: int, most: int) -> npt.NDArray[np.int64]:
    """At most `most` of `count` places, evenly spaced."""
    return np.unique(np.linspace(0, max(count - 1, 0), min(most, count)).astype(np.int64))
