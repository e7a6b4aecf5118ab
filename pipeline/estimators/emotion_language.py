"""The language of a short text, told cheaply: by its script, then by the small words that every sentence needs."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from pipeline.estimators.emotion_texts import Texts, read_texts

ENGLISH = "en"
OTHER_SCRIPT = "other"
_SHORT = 4  # words: so short a text has no room for two small words, one that only its language has will do
_AHEAD = 1.5  # times as many small words as English has
_SMALL_WORDS = {
    "en": "the and is of to in it that was for on are with this you not be have but they at from my so what just all "
    "your like about would there their been will an or if me we he she his her do don't it's i'm no yes good thanks "
    "i a as when than by how had has were can could who which why any some more very much too",
    "de": "der die das und ist nicht ich ein eine zu mit auf für war sehr wir auch den dem sie es aber von im als hat",
    "fr": "le la les et est pas je un une des pour dans que qui très avec sur nous c'est mais du au était ne ce vous",
    "es": "el la los las y es no un una de que en muy por con para pero fue lo se más como está todo mi nos del al",
    "it": "il la i gli e è non un una di che per molto con ma sono era ho del della al lo ci mi si anche più come",
    "pt": "o a os as e é não um uma de que em muito por com para mas foi do da se mais no na eu foram está ao",
    "nl": "de het een en is niet ik van dat met voor op was zijn maar er ook heel wij je te bij naar door dit",
    "id": "yang dan di tidak ini itu dengan untuk saya kami ada dari sangat ke pada adalah juga akan bisa sudah",
    "tr": "ve bir bu çok için ile de da ama değil gibi var ne daha kadar ben biz oldu",
    "pl": "i w na się nie to jest z do że bardzo ale jak był była po za co dla od tak",
    "sv": "och det att är en inte jag på som för med var mycket men vi av till den ett har",
}
_TOLD = sorted(language for language in _SMALL_WORDS if language != ENGLISH)
# words that one language alone has, and that no English text is likely to have by chance
_OWN_WORDS = {
    "de": "und ist nicht sehr für auch aber wir gut schlecht schön danke leider",
    "fr": "très pas avec c'est était mais merci bien nous mauvais",
    "es": "muy pero está más bueno buena malo mala gracias todo",
    "it": "molto sono bene grazie buono buona brutto male",
    "pt": "muito não bom obrigado obrigada ruim foi",
    "nl": "niet heel het goed slecht bedankt erg zeer",
    "id": "tidak sangat yang bagus terima kasih buruk",
    "tr": "çok değil güzel kötü için teşekkürler",
    "pl": "bardzo nie dziękuję dobry dobrze jest się",
    "sv": "mycket inte är bra dåligt tack och",
}


def languages(texts: Sequence[str], given: Sequence[str | None]) -> list[str]:
    """The language of each text: as given with it (its first two letters), else as told by its words, else English."""
    return languages_of(read_texts(texts), given)


def languages_of(texts: Texts, given: Sequence[str | None]) -> list[str]:
    """The same of texts that are cut into words already."""
    told = [_code(language) for language in given]
    found = _detected(texts)
    return [code or language for code, language in zip(told, found, strict=True)]


def _code(told: str | None) -> str:
    code = re.split(r"[-_]", told.strip().lower())[0] if isinstance(told, str) else ""
    return "" if code in ("", "und", "zxx", "unknown") else code[:8]


def _detected(texts: Texts) -> list[str]:
    lower = [word.lower() for word in texts.words]
    english = _counted(texts, lower, _SMALL_WORDS[ENGLISH])
    small = np.stack([_counted(texts, lower, _SMALL_WORDS[language]) for language in _TOLD])
    own = np.stack([_counted(texts, lower, _OWN_WORDS[language]) for language in _TOLD])
    words = np.array([word[0].isalpha() for word in texts.words], dtype=float)
    short = (_summed(texts, words) <= _SHORT) & (english == 0)
    enough = (small >= 2) | (short & (own >= 1))
    best = np.argmax(np.where(enough, small + own, -1), axis=0)
    column = np.arange(texts.size)
    ahead = (small + own)[best, column] > _AHEAD * english
    codes = np.where(enough[best, column] & ahead, np.array(_TOLD)[best], ENGLISH)
    codes = np.where(_other_script(texts), OTHER_SCRIPT, codes)
    return [str(code) for code in codes]


def _counted(texts: Texts, lower: list[str], listed: str) -> npt.NDArray[np.float64]:
    """How many words of each text are among those listed (with blanks between)."""
    known = frozenset(listed.split())
    return _summed(texts, np.array([word in known for word in lower], dtype=float))


def _other_script(texts: Texts) -> npt.NDArray[np.bool_]:
    """Whether most letters of a text are not of the Latin script."""
    letters = [
        0 if word.isascii() else sum(sign.isalpha() and ord(sign) > 0x24F for sign in word) for word in texts.words
    ]
    every = [len(word) if word.isascii() else sum(map(str.isalpha, word)) for word in texts.words]
    said = np.array([word[0].isalpha() for word in texts.words], dtype=float)
    foreign = _summed(texts, np.array(letters, dtype=float) * said)
    return np.asarray(foreign > _summed(texts, np.array(every, dtype=float) * said) / 2)


def _summed(texts: Texts, values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The sum over each text's words of one value a distinct word."""
    weights = values[texts.tokens] if len(texts.tokens) else np.zeros(0)
    return np.bincount(texts.text, weights=weights, minlength=texts.size).astype(float)
