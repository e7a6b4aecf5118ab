"""Stage emotion: how each text felt, learned from the company's own rated texts and resting on a lexicon."""

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from pipeline.context import Run
from pipeline.estimators.emotion import EmotionModel
from pipeline.estimators.emotion_language import ENGLISH, languages
from pipeline.estimators.emotion_lexicon import score
from pipeline.estimators.emotion_ratings import LABELS, NEGATIVE, POSITIVE, learn_scale
from pipeline.estimators.emotion_texts import read_texts, says_something
from pipeline.warehouse import Session

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

NEEDS = ("ingest",)
_RATED, _LEARNED, _LEXICON, _UNREAD = "rating and words", "learned words and lexicon", "lexicon", "not read"


def build(run: Run, session: Session) -> None:
    """Makes emotion.emotions: one row per text that says something.

    A text in a language that neither the lexicon nor the company's rated texts speak has a row without a label, and
    `model` names the language. The rating given with a text is its writer's own word: it decides the label.
    """
    session.model("emotion.texts", keep=False, consent_default=run.settings.consent_analytics_default)
    texts = session.frame("(from emotion.texts order by source, record_id)")
    texts = texts[[says_something(text) for text in texts["text"]]].reset_index(drop=True)
    texts["language"] = languages(texts["text"].tolist(), texts["lang"].tolist())
    with threadpool_limits(limits=1):
        _rate(texts)
        _read(texts)
    session.put("emotion.emotions", _emotions(texts), grain=("source", "record_id"))
    _tell(session, texts)


def _rate(texts: "pd.DataFrame") -> None:
    """Fills `rated` (the rating's label, -1 without a rating) and `rated_valence`, scale by scale."""
    rated = np.full(len(texts), -1, dtype=np.int64)
    valence = np.full(len(texts), np.nan)
    has = texts["rating"].notna().to_numpy()
    for scale in sorted(set(texts.loc[has, "scale"])):
        rows = np.flatnonzero(has & (texts["scale"] == scale).to_numpy())
        ratings = texts["rating"].to_numpy()[rows]
        learned = learn_scale(ratings, _spoken(texts.iloc[rows]))
        rated[rows], valence[rows] = learned.label(ratings), learned.valence(ratings)
    texts["rated"], texts["rated_valence"] = rated, valence


def _spoken(texts: "pd.DataFrame") -> npt.NDArray[np.float64]:
    """The lexicon's valence of English texts; NaN where it knows no word."""
    scores = score(read_texts(texts["text"].tolist()))
    known = (scores.hits > 0) & (texts["language"] == ENGLISH).to_numpy()
    return np.where(known, scores.compound, np.nan)


def _read(texts: "pd.DataFrame") -> None:
    """Fills label, valence, arousal and model, language by language."""
    chance = np.full((len(texts), len(LABELS)), np.nan)
    arousal = np.full(len(texts), np.nan)
    how = np.full(len(texts), _UNREAD, dtype=object)
    rated = texts["rated"].to_numpy()
    for language in sorted(set(texts["language"])):
        rows = np.flatnonzero((texts["language"] == language).to_numpy())
        given = texts["text"].iloc[rows].tolist()
        taught = rated[rows] >= 0
        model = EmotionModel(with_lexicon=language == ENGLISH)
        model.fit([text for text, known in zip(given, taught, strict=True) if known], rated[rows][taught])
        if model.can_read:
            chance[rows], arousal[rows] = model.predict(given)
            how[rows] = _LEARNED if model.say_ > 0 else _LEXICON
        else:
            how[rows] = f"{_UNREAD}: {language}"
    _settle(texts, chance, arousal, how)


def _settle(
    texts: "pd.DataFrame",
    chance: npt.NDArray[np.float64],
    arousal: npt.NDArray[np.float64],
    how: npt.NDArray[np.object_],
) -> None:
    rated = texts["rated"].to_numpy()
    own = texts["rated_valence"].to_numpy()
    spoken = chance[:, POSITIVE] - chance[:, NEGATIVE]
    said = np.isfinite(spoken)
    place = np.where(rated >= 0, rated, np.where(said, np.nan_to_num(chance).argmax(axis=1), -1))
    texts["label"] = [LABELS[k] if k >= 0 else None for k in place]
    both = np.where(said, (own + spoken) / 2, own)
    texts["valence"] = np.where(rated >= 0, both, spoken).round(4)
    texts["arousal"] = np.where(said, arousal, np.nan).round(4)
    texts["model"] = np.where(rated >= 0, _RATED, how)


def _emotions(texts: "pd.DataFrame") -> "pa.Table":
    import pyarrow as pa

    columns = {name: pa.array(texts[name], pa.string()) for name in ("source", "record_id", "label")}
    columns |= {name: pa.array(texts[name], pa.float64(), from_pandas=True) for name in ("valence", "arousal")}
    columns["emotion"] = pa.nulls(len(texts), pa.string())
    columns["model"] = pa.array(texts["model"], pa.string())
    return pa.table(columns)


def _tell(session: Session, texts: "pd.DataFrame") -> None:
    unread = int(texts["label"].isna().sum())
    session.log(
        f"{len(texts):,} texts read, {int((texts['rated'] >= 0).sum()):,} of them rated, {unread:,} not understood"
    )
