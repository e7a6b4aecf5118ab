"""Values of a person as they may stand in text, and text without them."""

import html
import json
import re
from collections.abc import Iterable

_SHORTEST, _SHORTEST_DIGITS = 5, 7
_STRING = r'"(?:[^"\\]|\\.)*"'
_STRINGS, _SCALARS = re.compile(_STRING), re.compile(rf"{_STRING}|[-+.\w]+")


class Sought:
    """Values sought in text, whatever their case. '' as `simple` where there are none.

    simple: a regular expression for database and Python alike, quick, that may find a value within a longer word.
    """

    def __init__(self, tokens: Iterable[str]) -> None:
        listed = list(tokens)
        mails = [t for t in listed if "@" in t and not t.startswith("@")]
        others = [t for t in listed if "@" not in t or t.startswith("@")]
        self.simple = f"(?i){'|'.join(map(_escaped, listed))}" if listed else ""
        edges = ((r"(?<![\w.+%-])", mails), (r"(?<!\w)", others))
        whole = [f"{edge}(?:{'|'.join(map(_escaped, some))})" for edge, some in edges if some]
        self._whole = re.compile(rf"(?i)(?:{'|'.join(whole)})(?!\w)") if whole else None

    def without(self, text: str) -> str:
        """The text with the word "erased" for each value. One within a longer word or address is another."""
        return self._whole.sub("erased", text) if self._whole else text

    def without_in(self, text: str, *, numbers: bool) -> str:
        """As `without`, and what was JSON stays JSON. numbers: bare ones in it are sought, too."""
        is_data = text.lstrip()[:1] in ("{", "[") and self.within(text) and _is_json(text)
        return self._in_json(text, numbers) if is_data else self.without(text)

    def _in_json(self, text: str, numbers: bool) -> str:
        """Each text is decoded before it is looked at."""

        def fresh(found: re.Match[str]) -> str:
            written = found.group()
            plain = json.loads(written) if written.startswith('"') else written
            left = self.without(plain)
            return written if left == plain else json.dumps(left)

        return (_SCALARS if numbers else _STRINGS).sub(fresh, text)

    def within(self, text: str) -> bool:
        """Whether the text holds a value."""
        return bool(self._whole and self._whole.search(text))


def _escaped(text: str) -> str:
    return re.sub(r"([^\w\s])", r"\\\1", text)


def spellings(tokens: Iterable[str]) -> list[str]:
    """The tokens as they may also stand in JSON and in HTML, longest first."""
    found = {form for t in tokens for form in (t, json.dumps(t)[1:-1], html.escape(t), html.escape(t, quote=False))}
    return sorted(found, key=lambda t: (-len(t), t))


def _is_json(text: str) -> bool:
    """Whether the text is JSON, as a whole or line by line."""
    try:
        json.loads(text)
    except ValueError:
        try:
            return bool([json.loads(line) for line in text.split("\n") if line.strip()])
        except ValueError:
            return False
    return True


def is_distinct(text: str) -> bool:
    """True for a text that is no plain word and no plain number, so that wherever it stands it means the person."""
    if text.isdigit():
        return len(text) >= _SHORTEST_DIGITS
    return len(text) >= _SHORTEST and any(c.isdigit() or c == "@" for c in text)
