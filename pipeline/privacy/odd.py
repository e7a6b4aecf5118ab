"""Landed files that cannot be taken in as they are, and still hold somebody: JSON arrays, and what nobody can read."""

import json
import re
from pathlib import Path

from pipeline.privacy.values import Sought
from pipeline.sources.conventions import USUAL, Conventions
from pipeline.sources.elements import is_array
from pipeline.sources.lines import pieces

WHOLE = 0  # the line that stands for a whole file
_GAP = re.compile(r"[\s,]*")
_LARGEST_BYTES = 1 << 28
Change = tuple[int, str]


def changes(
    path: Path, name: str, sought: Sought, *, is_unreadable: bool, how: Conventions = USUAL
) -> dict[int, Change]:
    """What a file loses in which one line is no record: of a JSON array the person's elements, line by line, unless
    its elements are records themselves.

    An array that nobody can read as one, and a file that has no record at all, is emptied where it holds a value.
    """
    if path.stat().st_size > _LARGEST_BYTES or not (is_unreadable or ".json" in name.lower()):
        return {}
    text = _text(path, name, how)
    if text.lstrip().startswith("[") and not is_unreadable:
        is_read = is_array(text.encode())
        return {} if is_read else _of_array(text, sought)
    return {WHOLE: (0, "")} if is_unreadable and sought.within(text) else {}


def _text(path: Path, name: str, how: Conventions) -> str:
    if name.lower().endswith(".parquet"):
        return path.read_bytes().decode("utf-8", "replace")
    return b"".join(data for data, _ in pieces(path, name, how)).decode("utf-8", "replace")


def _of_array(text: str, sought: Sought) -> dict[int, Change]:
    spans = _elements(text)
    theirs = [(a, b) for a, b in spans if sought.within(text[a:b])]
    if "\n" not in text.strip():
        kept = [text[a:b] for a, b in spans if (a, b) not in theirs]
        line = text[: text.index("[")].count("\n") + 1
        return {line: (1, f"[{', '.join(kept)}]")} if theirs else {}
    lines = {n for a, b in theirs for n in range(text.count("\n", 0, a) + 1, text.count("\n", 0, b) + 2)}
    written = text.split("\n")
    return {line: (1, "") for line in sorted(lines) if written[line - 1].strip()}


def _elements(text: str) -> list[tuple[int, int]]:
    """Where each element of the array begins and ends, as far as it can be read."""
    decoder, at, found = json.JSONDecoder(), text.index("[") + 1, []
    try:
        while at < len(text):
            at = _GAP.match(text, at).end()  # type: ignore[union-attr]
            _, end = decoder.raw_decode(text, at)
            found.append((at, end))
            at = end
    except json.JSONDecodeError:
        pass
    return found
