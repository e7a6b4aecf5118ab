"""The language of a short text, told cheaply: by its script, then by the small words that every sentence needs."""

from __future__ import annotations

import re
from collections.abc import Sequence

ENGLISH = "en"
OTHER_SCRIPT = "other"
_LETTER = re.compile(r"[^\W\d_]")
_SMALL_WORDS = {
    "en": "the and is of to in it that was for on are with this you not be have but they at from my so what just all "
    "your like about would there their been will an or if me we he she his her do don't it's i'm no yes good thanks",
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
_WORDS = {language: frozenset(words.split()) for language, words in _SMALL_WORDS.items()}


def languages(texts: Sequence[str], given: Sequence[str | None]) -> list[str]:
    """The language of each text: as given with it (its first two letters), else as told by its words, else English."""
    return [_code(told) or _detected(text) for text, told in zip(texts, given, strict=True)]


def _code(told: str | None) -> str:
    code = re.split(r"[-_]", told.strip().lower())[0] if isinstance(told, str) else ""
    return "" if code in ("", "und", "zxx", "unknown") else code[:8]


def _detected(text: str) -> str:
    words = text.lower().replace("’", "'").split()
    known = {language: sum(word in small for word in words) for language, small in _WORDS.items()}
    if not text.isascii() and _other_script(text):
        return OTHER_SCRIPT
    best = max(sorted(known), key=lambda language: known[language])
    return best if known[best] >= 2 and known[best] > 1.5 * known[ENGLISH] else ENGLISH


def _other_script(text: str) -> bool:
    letters = _LETTER.findall(text)
    return sum(ord(letter) > 0x24F for letter in letters) > len(letters) / 2
