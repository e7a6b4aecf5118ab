"""Text deliveries as lines: decompressed, decoded, numbered, within bounded memory.

A line is what ends with a line feed; numbers are physical and start at 1. Whatever the bytes are, every line comes
out: one that cannot be read comes with the reason.
"""

import codecs
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from pipeline.sources.conventions import USUAL, Conventions
from pipeline.sources.elements import apart
from pipeline.sources.encodings import UTF8, encoding_of, is_all_utf8, is_one_byte, is_utf8, marked_encoding
from pipeline.sources.pages import opened_up

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

BLOCK_BYTES = 1 << 22
LONGEST_LINE_BYTES = 1 << 25
_KEPT_OF_LONG = 1 << 12
_PACKED_BYTES, _STEP_BYTES = 1 << 18, 1 << 7
_FREE_BYTES, _MOST_RATIO = 1 << 30, 200
_JSON = (".json", ".jsonl")


class _BrokenStreamError(Exception):
    """The file ends or breaks before its content does."""


@dataclass
class Block:
    """Consecutive whole lines as UTF-8, the number of the first, and the positions of those that cannot be read.

    starts: where each line begins in `data`, and at last where the last one ends. bad: position in the block to the
    reason; what is not text in such a line is U+FFFD.
    """

    first: int
    data: bytes
    starts: "NDArray[np.int64]"
    bad: dict[int, str]

    def __len__(self) -> int:
        return len(self.starts) - 1

    def line(self, position: int) -> bytes:
        """One line, with its line feed."""
        return self.data[self.starts[position] : self.starts[position + 1]]

    def lines(self, positions: "NDArray[np.int64]") -> bytes:
        """These lines, in rising order, one after the other."""
        breaks = np.flatnonzero(np.diff(positions) > 1)
        firsts, lasts = np.append(positions[:1], positions[breaks + 1]), np.append(positions[breaks], positions[-1:])
        spans = zip(self.starts[firsts].tolist(), self.starts[lasts + 1].tolist(), strict=True)
        return b"".join(self.data[begin:end] for begin, end in spans)

    def since(self, position: int) -> "Block":
        """The lines from a position on."""
        bad = {at - position: reason for at, reason in self.bad.items() if at >= position}
        begin = int(self.starts[position])
        return Block(self.first + position, self.data[begin:], self.starts[position:] - begin, bad)

    def texts(self) -> "pa.StringArray":
        """All lines as they are, sharing the block's memory."""
        import pyarrow as pa

        starts = pa.py_buffer(self.starts.astype(np.int32))
        return pa.StringArray.from_buffers(len(self), starts, pa.py_buffer(self.data))


def blocks(path: Path, name: str, how: Conventions = USUAL, guessed: list[str] | None = None) -> Iterator[Block]:
    """The lines of a file; the ending of `name` tells how it is compressed. Of a JSON array every element is a line.

    Of an API's pages every record is one. guessed: is given the encoding where it was told by nothing but the text.
    """
    first, encoding, meant = 1, UTF8, how.encoding
    how = _as_it_is(path, name, how)
    if guessed is not None and how.encoding != meant:
        guessed.append(how.encoding)
    told = told_encoding(path, name, how)
    for data, reason in pieces(path, name, how):
        block = _block(first, data, encoding, told or encoding)
        if reason:
            block.bad = {0: reason}
        elif block.bad and encoding == UTF8 and not told:
            encoding = encoding_of(chunk for chunk, _ in pieces(path, name, how))
            if encoding != UTF8:
                block = _block(first, data, encoding, encoding)
                (guessed if guessed is not None else []).append(encoding)
        first += len(block)
        yield block


def pieces(path: Path, name: str, how: Conventions = USUAL) -> Iterator[tuple[bytes, str]]:
    """The same lines as bytes, in UTF-8 where their encoding is told: whole ones and "", or one and its fault."""
    how = _as_it_is(path, name, how)
    chunks = _within_reason(_text(path, name, how), most_bytes(path, how))
    plain = name.lower().removesuffix(".gz").removesuffix(".zst")
    if plain.endswith(_JSON):
        chunks = apart(opened_up(chunks, LONGEST_LINE_BYTES), LONGEST_LINE_BYTES)
    yield from _whole_lines(chunks)


def told_encoding(path: Path, name: str, how: Conventions) -> str:
    """The encoding that the file's byte order mark names, else the one that it is told to be in; '' if neither is."""
    how = _as_it_is(path, name, how)
    try:
        marked = marked_encoding(next(_unpacked(path, name), b""))
    except (zlib.error, OSError, ValueError):
        return how.encoding
    return how.encoding if marked == UTF8 else marked


def _as_it_is(path: Path, name: str, how: Conventions) -> Conventions:
    """The same, but for a file that is UTF-8 without a flaw though its source tells an encoding of single bytes."""
    if not how.encoding or not is_one_byte(how.encoding):
        return how
    chunks = _up_to_a_break(_within_reason(_gathered(_unpacked(path, name)), most_bytes(path, how)))
    return how.model_copy(update={"encoding": UTF8}) if is_all_utf8(chunks) else how


def _up_to_a_break(chunks: Iterator[bytes]) -> Iterator[bytes]:
    try:
        yield from chunks
    except _BrokenStreamError:
        return


def most_bytes(path: Path, how: Conventions) -> int:
    """How many bytes a file may hold once it is unpacked."""
    return max(_FREE_BYTES, _MOST_RATIO * path.stat().st_size) if how.largest_file is None else how.largest_file


def too_large(most: int) -> str:
    """What is said of a file that holds more."""
    return f"it unpacks to more than {most} bytes; sources.<name>.largest_file sets another limit"


def _block(first: int, data: bytes, encoding: str, meant: str) -> Block:
    bad: dict[int, str] = {}
    if encoding != UTF8 or not is_utf8(data):
        lines = _split(data)
        bad = {i: f"unreadable: not {meant.upper()} text" for i, line in enumerate(lines) if not _is(line, encoding)}
        data = b"".join(line.decode(encoding, "replace").encode(UTF8) for line in lines)
    ends = np.flatnonzero(np.frombuffer(data, np.uint8) == 10) + 1
    if not len(ends) or ends[-1] != len(data):
        ends = np.append(ends, len(data))
    return Block(first, data, np.concatenate([[0], ends]).astype(np.int64), bad)


def _split(data: bytes) -> list[bytes]:
    parts = data.split(b"\n")
    return [part + b"\n" for part in parts[:-1]] + ([parts[-1]] if parts[-1] else [])


def _is(line: bytes, encoding: str) -> bool:
    try:
        line.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _whole_lines(chunks: Iterator[bytes]) -> Iterator[tuple[bytes, str]]:
    """Whole lines and "", or one line that cannot be read and why."""
    carry, skipping = b"", False
    try:
        for chunk in chunks:
            _, feed, rest = chunk.partition(b"\n") if skipping else (b"", b"", chunk)
            skipping = skipping and not feed
            cut = rest.rfind(b"\n") + 1
            if cut:
                yield b"".join((carry, memoryview(rest)[:cut])), ""
                carry = rest[cut:]
            else:
                carry += rest
            if len(carry) > LONGEST_LINE_BYTES:
                yield carry[:_KEPT_OF_LONG] + b"\n", f"unreadable: a line of more than {LONGEST_LINE_BYTES} bytes"
                carry, skipping = b"", True
    except _BrokenStreamError as error:
        yield carry[:LONGEST_LINE_BYTES] + b"\n", str(error)
        return
    if carry:
        yield carry, ""


def _within_reason(chunks: Iterator[bytes], most: int) -> Iterator[bytes]:
    total = 0
    for chunk in chunks:
        total += len(chunk)
        if total > most:
            yield chunk[: most - total]
            raise _BrokenStreamError(f"truncated: {too_large(most)}")
        yield chunk


def _text(path: Path, name: str, how: Conventions) -> Iterator[bytes]:
    """The file's content in UTF-8 as far as its encoding is told, without a byte order mark.

    What is no text in that encoding becomes bytes that are none in UTF-8.
    """
    chunks = _gathered(_unpacked(path, name))
    head = next(chunks, b"")
    marked = marked_encoding(head)
    encoding = (how.encoding or UTF8) if marked == UTF8 else marked
    if encoding in (UTF8, "utf-8-sig"):
        yield head[3:] if marked == "utf-8-sig" else head
        yield from chunks
        return
    decoder = codecs.getincrementaldecoder(encoding)(_BROKEN)
    for chunk in chain([head], chunks):
        yield decoder.decode(chunk).encode(UTF8, _BROKEN)
    yield decoder.decode(b"", final=True).encode(UTF8, _BROKEN)


def _as_broken(error: UnicodeError) -> tuple[str | bytes, int]:
    if isinstance(error, UnicodeEncodeError):
        return b"\xff" * (error.end - error.start), error.end
    if isinstance(error, UnicodeDecodeError):
        return "\udcff" * (error.end - error.start), error.end
    raise error


_BROKEN = "landmark.broken"
codecs.register_error(_BROKEN, _as_broken)


def _gathered(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The same bytes in pieces of about BLOCK_BYTES; what came before a break is given before it is raised."""
    held: list[bytes] = []
    size = 0
    try:
        for piece in pieces:
            held.append(piece)
            size += len(piece)
            if size >= BLOCK_BYTES:
                yield b"".join(held)
                held, size = [], 0
    except (zlib.error, OSError, ValueError) as error:
        yield b"".join(held)
        raise _BrokenStreamError(f"truncated: the file breaks off here: {error}") from error
    if held:
        yield b"".join(held)


def _unpacked(path: Path, name: str) -> Iterator[bytes]:
    ending = Path(name.lower()).suffix
    with path.open("rb") as handle:
        if ending == ".gz":
            yield from _gunzipped(handle)
        elif ending == ".zst":
            yield from _unzstd(_pieces(handle, 1 << 12))
        else:
            yield from _pieces(handle, BLOCK_BYTES)


def _pieces(handle: IO[bytes], size: int) -> Iterator[bytes]:
    return iter(lambda: handle.read(size), b"")


def _gunzipped(handle: IO[bytes]) -> Iterator[bytes]:
    """Neither ISA-L nor zlib gives what it read in the call that meets a break: zlib goes up to it in small steps."""
    from isal import isal_zlib

    told = 0
    try:
        for data in _members(handle, isal_zlib.decompressobj, BLOCK_BYTES):
            yield data
            told += len(data)
        return
    except isal_zlib.error:  # type: ignore[misc]  # its stub takes the class for an object of it
        handle.seek(0)
    for data in _members(handle, zlib.decompressobj, _STEP_BYTES):
        yield data[told:]
        told = max(told - len(data), 0)


def _members(handle: IO[bytes], opened: Callable[[int], Any], most: int) -> Iterator[bytes]:
    """What the members of a gzip file hold, one after the other, so many bytes at most at a time."""
    member, begun = opened(31), False
    for piece in _pieces(handle, _PACKED_BYTES):
        rest, is_held = piece if begun else piece.lstrip(b"\0"), False
        while rest or is_held:
            begun = True
            data = member.decompress(rest, most)
            yield data
            is_held = len(data) == most and not member.eof  # more may stand in it than its input tells
            rest = member.unused_data.lstrip(b"\0") if member.eof else member.unconsumed_tail
            if member.eof:
                member, begun = opened(31), bool(rest)
    if begun:
        raise ValueError("the compressed data is cut off")


def _unzstd(pieces: Iterator[bytes]) -> Iterator[bytes]:
    import zstandard

    try:
        frame = zstandard.ZstdDecompressor(max_window_size=1 << 27).decompressobj()
        begun = False
        for piece in pieces:
            rest = piece
            while rest:
                begun = True
                yield frame.decompress(rest)
                rest = frame.unused_data if frame.eof else b""
                if frame.eof:
                    frame, begun = zstandard.ZstdDecompressor(max_window_size=1 << 27).decompressobj(), bool(rest)
    except zstandard.ZstdError as error:
        raise ValueError(f"not zstandard data ({error})") from error
    if begun:
        raise ValueError("the compressed data is cut off")
