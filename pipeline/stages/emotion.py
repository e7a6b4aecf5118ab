"""Stage emotion: how each text felt, learned from the company's own rated texts and resting on a lexicon."""

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from pipeline.context import Run
from pipeline.estimators.emotion import CHUNK, MOST_UNRATED, EmotionModel, spread, standing
from pipeline.estimators.emotion_language import ENGLISH, languages, languages_of
from pipeline.estimators.emotion_ratings import ENOUGH, LABELS, NEGATIVE, POSITIVE, RatingScale, learn_scale
from pipeline.estimators.emotion_taught import spoken_ratings
from pipeline.estimators.emotion_texts import read_texts, says_something
from pipeline.estimators.threads import one_thread
from pipeline.warehouse import Session

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

NEEDS = ("ingest",)
MOST_COMPARED = 4000  # rated texts of a scale that tell where good and bad begin
_RATING, _BLEND, _TAUGHT, _LEXICON, _UNREAD = "rating", "blend", "taught", "lexicon", "not read"


def build(run: Run, session: Session) -> None:
    """Makes emotion.emotions: one row per text that says something.

    A text in a language that neither the lexicon nor the company's rated texts speak has a row without a label, and
    `model` names the language ("not read: fr"). The rating given with a text is its writer's own word: it decides the
    label (`model` rating). Else `model` is blend (lexicon and rated texts), taught (rated texts alone) or lexicon.
    """
    session.model("emotion.texts", keep=False, consent_default=run.settings.consent_analytics_default)
    texts = session.frame("(from emotion.texts order by delivered_night, source, record_id)")
    texts = texts.loc[[says_something(text) for text in texts["text"]]].reset_index(drop=True)
    models = feel(texts)
    session.put("emotion.emotions", _emotions(texts), grain=("source", "record_id"))
    _tell(session, texts, models)


def feel(texts: "pd.DataFrame") -> dict[str, EmotionModel]:
    """Fills label, valence, arousal and model of texts in order of arrival; returns the model of each language.

    texts: scale, text, rating, lang, delivered_night.
    """
    with one_thread():
        _rate(texts)
        models = _teach(texts)
        _read(texts, models)
    return models


def _rate(texts: "pd.DataFrame") -> None:
    """Fills `rated` (the rating's label, -1 without a rating) and `rated_valence`, scale by scale."""
    rated = np.full(len(texts), -1, dtype=np.int64)
    valence = np.full(len(texts), np.nan)
    has = texts["rating"].notna().to_numpy()
    for scale in sorted(set(texts.loc[has, "scale"])):
        rows = np.flatnonzero(has & (texts["scale"] == scale).to_numpy())
        ratings = texts["rating"].to_numpy()[rows]
        first = spread(standing(texts["delivered_night"].to_numpy()[rows]), MOST_COMPARED)
        learned = _scale(texts["text"].to_numpy()[rows[first]], ratings[first])
        rated[rows], valence[rows] = learned.label(ratings), learned.valence(ratings)
    texts["rated"], texts["rated_valence"] = rated, valence


def _scale(given: npt.NDArray[np.object_], ratings: npt.NDArray[np.float64]) -> RatingScale:
    enough = len(given) >= ENOUGH
    return learn_scale(ratings, spoken_ratings(given.tolist(), ratings) if enough else None)


def _teach(texts: "pd.DataFrame") -> dict[str, EmotionModel]:
    """A model of English, and of every language that has rated texts."""
    given, lang, rated, night = (texts[name].to_numpy() for name in ("text", "lang", "rated", "delivered_night"))
    valence = texts["rated_valence"].to_numpy()
    taught, others = np.flatnonzero(rated >= 0), np.flatnonzero(rated < 0)
    others = others[spread(standing(night[others]), MOST_UNRATED)]
    spoken = np.array(languages(given[taught].tolist(), lang[taught].tolist()), dtype=object)
    heard = np.array(languages(given[others].tolist(), lang[others].tolist()), dtype=object)
    models = {}
    for language in sorted({ENGLISH, *spoken}):
        rows = taught[spoken == language]
        rows = rows[: standing(night[rows])]
        model = EmotionModel(with_lexicon=language == ENGLISH)
        unrated = given[others[heard == language]].tolist()
        models[language] = model.fit(given[rows].tolist(), rated[rows], unrated, valence[rows])
    return models


def _read(texts: "pd.DataFrame", models: dict[str, EmotionModel]) -> None:
    """Fills label, valence, arousal and model, block by block and language by language."""
    chance = np.full((len(texts), len(LABELS)), np.nan)
    arousal = np.full(len(texts), np.nan)
    how = np.full(len(texts), _UNREAD, dtype=object)
    for start in range(0, len(texts), CHUNK):
        block = texts.iloc[start : start + CHUNK]
        read = read_texts(block["text"].tolist())
        spoken = np.array(languages_of(read, block["lang"].tolist()), dtype=object)
        for language in sorted(set(spoken)):
            own = spoken == language
            rows = start + np.flatnonzero(own)
            model = models.get(language)
            how[rows] = _how(model, language)
            if model is not None and model.can_read:
                chance[rows], arousal[rows] = model.predict_read(read.rows(own))
    _settle(texts, chance, arousal, how)


def _how(model: EmotionModel | None, language: str) -> str:
    if model is None or not model.can_read:
        return f"{_UNREAD}: {language}"
    if model.say_ == 0:
        return _LEXICON
    return _BLEND if model.with_lexicon else _TAUGHT


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
    texts["model"] = np.where(rated >= 0, _RATING, how)


def _emotions(texts: "pd.DataFrame") -> "pa.Table":
    import pyarrow as pa

    columns = {name: pa.array(texts[name], pa.string()) for name in ("source", "record_id", "label")}
    columns |= {name: pa.array(texts[name], pa.float64(), from_pandas=True) for name in ("valence", "arousal")}
    columns["emotion"] = pa.nulls(len(texts), pa.string())
    columns["model"] = pa.array(texts["model"], pa.string())
    return pa.table(columns)


def _tell(session: Session, texts: "pd.DataFrame", models: dict[str, EmotionModel]) -> None:
    unread = int(texts["label"].isna().sum())
    taught = ", ".join(f"{language} (say {model.say_:.2f})" for language, model in models.items() if model.say_ > 0)
    session.log(
        f"{len(texts):,} texts read, {int((texts['rated'] >= 0).sum()):,} of them rated, {unread:,} not understood; "
        f"taught: {taught or 'nothing, too few rated texts'}"
    )
