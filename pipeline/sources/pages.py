"""Pages of an API, as lines: of {"data": […], "includes": {…}, "meta": {…}} every record of `data` is a line.

Lines are counted as if the records had been delivered so: line n is record n of the file. A record carries what its
page says of it beside the list: its author and its place. A page without records is no line.
"""

import codecs
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

_BEGINS = re.compile(rb'\s*\[?\s*\{\s*"(data|includes|meta|errors)"\s*:')
_PARTS = {"data", "includes", "meta", "errors"}
_BETWEEN = re.compile(r"[\s,\[\]]*")
_DECODER = json.JSONDecoder(strict=False)


def opened_up(chunks: Iterable[bytes], longest: int) -> Iterator[bytes]:
    """The same bytes where they are no pages; what breaks them off is raised after them.

    longest: how many characters are looked at together for the end of a page. What is no JSON becomes one line.
    """
    given = iter(chunks)
    head = next(given, b"")
    if not _BEGINS.match(head):
        yield head
        yield from given
        return
    reader, decoder = _Pages(longest), codecs.getincrementaldecoder("utf-8")("surrogateescape")
    yield reader.take(decoder.decode(head))
    try:
        for chunk in given:
            yield reader.take(decoder.decode(chunk))
    except Exception:
        yield reader.end(decoder.decode(b"", final=True))
        raise
    yield reader.end(decoder.decode(b"", final=True))


class _Pages:
    """Pages so far. held: what was read and not yet told. is_plain: what is not told as pages, but as it is."""

    def __init__(self, longest: int) -> None:
        self.longest, self.held, self.is_plain, self.is_first = longest, "", False, True

    def take(self, text: str) -> bytes:
        """Takes the next text and returns the lines that are whole."""
        self.held += text
        told, at = [], 0
        while not self.is_plain:
            begins = _BETWEEN.match(self.held, at).end()  # type: ignore[union-attr]
            try:
                page, ends = _DECODER.raw_decode(self.held, begins)
            except (ValueError, RecursionError):
                break
            if self.is_first and not _is_page(page):
                self.is_plain = True
                break
            self.is_first, at = False, ends
            told += _lines(page)
        self.held = self.held[at:]
        if self.is_plain or len(self.held) > self.longest:
            told, self.held, self.is_plain = [*told, self.held.encode("utf-8", "surrogateescape")], "", True
        return b"".join(told)

    def end(self, text: str) -> bytes:
        """Takes the last text and returns all that is left."""
        told = self.take(text)
        rest = self.held.strip(" \t\r\n,[]")
        if self.is_plain or not rest:
            return told
        return told + " ".join(rest.splitlines()).encode("utf-8", "surrogateescape") + b"\n"


def _is_page(page: object) -> bool:
    if not isinstance(page, dict) or not page.keys() <= _PARTS:
        return False
    return isinstance(page.get("data"), list | dict) or isinstance(page.get("meta"), dict)


def _lines(page: Any) -> list[bytes]:
    """A page's records; what is no page is one itself."""
    if not _is_page(page):
        return [_line(page)]
    data, beside = page.get("data", []), page.get("includes")
    records = data if isinstance(data, list) else [data]
    users, places = (_by_id(beside, name) for name in ("users", "places"))
    return [_line(_whole(record, users, places)) for record in records]


def _by_id(beside: object, name: str) -> dict[str, Any]:
    listed = beside.get(name) if isinstance(beside, dict) else None
    return {str(one.get("id")): one for one in listed if isinstance(one, dict)} if isinstance(listed, list) else {}


def _whole(record: Any, users: dict[str, Any], places: dict[str, Any]) -> Any:
    """A record with its author as `author`, and with what is told of its place in `geo`."""
    if not isinstance(record, dict):
        return record
    told = dict(record)
    if author := users.get(str(told.get("author_id"))):
        told.setdefault("author", author)
    geo = told.get("geo")
    if isinstance(geo, dict) and (place := places.get(str(geo.get("place_id")))):
        told["geo"] = {**place, **geo}
    return told


def _line(record: Any) -> bytes:
    text = json.dumps(record, ensure_ascii=False, separators=(",", ":"))
    try:
        return text.encode("utf-8", "surrogateescape") + b"\n"
    except UnicodeEncodeError:  # half of a pair of surrogates, which JSON can write and UTF-8 cannot
        return json.dumps(record, separators=(",", ":")).encode("ascii") + b"\n"
