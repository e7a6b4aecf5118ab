"""Column names that resemble each other: what a missing column may be called in a delivery."""

import difflib
import re
from collections.abc import Iterable

from pipeline.sources.places import shown

_CUTOFF = 0.7
_LONGEST = 60


def nearest(wanted: str, names: Iterable[str]) -> str | None:
    """The name that resembles the wanted one most, None where none does: the same but for case and signs, one that
    holds all its words, or one that is spelt nearly so.
    """
    listed = sorted(names)
    words = _words(wanted)
    same = [name for name in listed if "".join(_words(name)) == "".join(words)]
    if found := same or [name for name in listed if set(words) <= set(_words(name))]:
        return min(found, key=len)
    plain = {"".join(_words(name)): name for name in reversed(listed)}
    close = difflib.get_close_matches("".join(words), sorted(plain), n=1, cutoff=_CUTOFF)
    return plain[close[0]] if close else None


def told(name: str) -> str:
    """A name from a delivery as it may be shown: on one line and not too long."""
    text = shown(name)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _words(name: str) -> list[str]:
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    return re.findall(r"\w+", apart.replace("_", " ").casefold())
