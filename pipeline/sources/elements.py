"""JSON that does not give each object a line of its own: a line feed is put before every object that shares one.

It may be one array, or objects one after another (a stream). Lines are counted as if it had been delivered so: in an
array on one line, line n is element n. An array that stands where an object should is an element, behind a MARK. What
is no JSON costs itself only: reading goes on at the next object that resembles the one before it, behind a MARK, too.
"""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

MARK = b"\x1e"  # a record separator, which no JSON holds
_BEGINS = re.compile(rb"\s*\[([\s,]*([{\[]|$|" + MARK + rb")|\s*,)")  # the first one may have been taken out
_GOES_ON = re.compile(r",\s*(\{|$)|\{")  # what follows the first object of a stream on its line
_GAP = re.compile(r"[ \t\r\n,\[\]]*")
_GAP_WITHIN = re.compile(r"[ \t\r\n,]*\]?")  # inside an array: a bracket that opens another begins an element
_GAP_AROUND = re.compile(r"[ \t\r\n,\]]*\[?")
_GAP_OF_STREAM = re.compile(r"[ \t\r\n,\]]*")
_NEXT = re.compile(r",[ \t\r\n]*(?=\{)")
_NEXT_OF_STREAM = re.compile(r"[,\n][ \t\r\n]*(?=\{)|(?<=\})[ \t\r]*(?=\{)")
_WORD = 16  # how many characters of a word or an escape may lack where the text ends
_MOST_TRIES = 100
_LEAST_LIKENESS = 0.5
_DECODER = json.JSONDecoder(strict=False, parse_int=str, parse_float=str)


def is_array(data: bytes) -> bool:
    """True for the first bytes of a file that is one array of objects."""
    return bool(_BEGINS.match(data))


def depth_of(data: bytes) -> int | None:
    """How many brackets are open around the objects of a file that begins so: 1 in an array, 0 in a stream.

    None where its first object is a line of its own, as in JSON lines, or is none.
    """
    if is_array(data):
        return 1
    text = data.decode("latin-1")
    begin = _GAP.match(text).end()  # type: ignore[union-attr]
    if text[begin : begin + 1] != "{":
        return None
    try:
        _, end = _DECODER.raw_decode(text, begin)
    except (ValueError, RecursionError):
        return None
    goes_on = _GOES_ON.match(text[end:].partition("\n")[0].strip())
    return 0 if "\n" in text[begin:end] or goes_on else None


def apart(chunks: Iterable[bytes], longest: int) -> Iterator[bytes]:
    """The same bytes, with a line of its own for every object; what breaks them off is raised after them.

    longest: how many bytes are looked at together for the end of an element.
    """
    given = iter(chunks)
    head = next(given, b"")
    depth = depth_of(head)
    if depth is None:
        yield head
        yield from given
        return
    array = _Array(longest, is_stream=not depth)
    yield array.take(head)
    try:
        for chunk in given:
            yield array.take(chunk)
    except Exception:
        yield array.take(b"", is_end=True)
        raise
    yield array.take(b"", is_end=True)


@dataclass
class _Array:
    """What was read and not yet told: bytes as characters, one for one.

    is_within: the brackets around its elements are open.
    shares: the line that goes on holds an element already. is_lost: inside what is no JSON. was_lost: right behind it.
    keys: those of the last object.
    """

    longest: int
    is_stream: bool
    is_within: bool = False
    held: str = ""
    shares: bool = False
    is_lost: bool = False
    was_lost: bool = False
    keys: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        self.told: list[str] = []

    def take(self, chunk: bytes, *, is_end: bool = False) -> bytes:
        """Takes the next bytes and returns those that can be told."""
        self.held += chunk.decode("latin-1")
        must = is_end or len(self.held) > self.longest
        at = 0
        while at < len(self.held) and (end := self._step(at, must=must)) is not None:
            at = end
        text = "".join(self.told)
        self.held, self.told = self.held[at:], []
        return text.encode("latin-1")

    def _step(self, at: int, *, must: bool) -> int | None:
        """Tells what begins here, and returns where it ends; None where that cannot be said yet, but it must be."""
        if self.is_lost:
            return self._search(at, must=must)
        if gap := self._gap(at):
            self.told.append(gap)
            self.shares = self.shares and "\n" not in gap
            return at + len(gap)
        try:
            value, end = _DECODER.raw_decode(self.held, at)
        except (ValueError, RecursionError) as error:
            return None if self._is_cut(error) and not must else self._break(at, error)
        if end == len(self.held) and not must and not isinstance(value, dict | list):
            return None
        self.was_lost = self.was_lost or isinstance(value, list)
        self._begin(self.held[at:end])
        if isinstance(value, dict):
            self.keys = frozenset(value)
        return end

    def _gap(self, at: int) -> str:
        """What stands between elements from here on, as far as the bracket that opens or closes the array."""
        inner = _GAP_WITHIN if self.is_within else _GAP_AROUND
        gap = (_GAP_OF_STREAM if self.is_stream else inner).match(self.held, at).group()  # type: ignore[union-attr]
        if gap.endswith("]" if self.is_within else "["):
            self.is_within = not self.is_within
        return gap

    def _break(self, at: int, error: Exception) -> int:
        """Tells an element up to where it may have stopped to be JSON: the text before the one at fault."""
        last = self.held.rfind('"', at, getattr(error, "pos", at))
        end = max(self.held.rfind('"', at, max(last, at)), at + 1)
        self._begin(self.held[at:end])
        self.is_lost = True
        return end

    def _begin(self, text: str) -> None:
        """Tells an element, on a line of its own."""
        self.told += ["\n" if self.shares else "", MARK.decode() if self.was_lost else "", text]
        self.shares, self.was_lost = True, False

    def _search(self, at: int, *, must: bool) -> int | None:
        """Tells what lies before the next object."""
        found = self._next(at, must=must)
        if found is None and not must:
            return None
        end = len(self.held) if found is None else found
        self.told.append(self.held[at:end])
        self.is_lost, self.was_lost = found is None, True
        return end

    def _next(self, at: int, *, must: bool) -> int | None:
        """Where what parts the next object that resembles the last one begins."""
        following = _NEXT_OF_STREAM if self.is_stream else _NEXT
        for tried, parting in enumerate(following.finditer(self.held, at)):
            try:
                value, _ = _DECODER.raw_decode(self.held, parting.end())
            except (ValueError, RecursionError) as error:
                if tried == _MOST_TRIES or (self._is_cut(error) and not must):
                    return None
                continue
            if _resembles(frozenset(value), self.keys):
                return parting.start()
        return None

    def _is_cut(self, error: Exception) -> bool:
        """Whether it may be that only the rest is missing."""
        is_open = str(error).startswith("Unterminated string")
        return is_open or getattr(error, "pos", 0) >= len(self.held) - _WORD


def _resembles(keys: frozenset[str], others: frozenset[str]) -> bool:
    return not others or len(keys & others) >= _LEAST_LIKENESS * max(len(keys), len(others))
