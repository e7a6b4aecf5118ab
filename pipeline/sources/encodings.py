"""Which encoding a text delivery is in: UTF-8, or another only where nothing else could be meant.

A wrong guess turns names into others without a trace, so a guess needs one candidate alone, without a flaw, whose
words look like a language. Short of that, the lines that are not UTF-8 are refused one by one. What is UTF-8 throughout
is UTF-8, though an encoding of single bytes was told of its source: one source may have files of both.
"""

import codecs
from collections.abc import Iterable

UTF8 = "utf-8"
_SAMPLE_BYTES = 1 << 18
_LEAST_COHERENCE = 0.5
_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


def marked_encoding(head: bytes) -> str:
    """The encoding that a file's first bytes (its byte order mark) name; UTF-8 without one."""
    return next((name for mark, name in _MARKS if head.startswith(mark)), UTF8)


def is_one_byte(encoding: str) -> bool:
    """Whether each byte is a character by itself: text in such an encoding is hardly ever UTF-8 beyond ASCII."""
    return len(bytes(range(128, 256)).decode(encoding, "replace")) == 128


def is_all_utf8(chunks: Iterable[bytes]) -> bool:
    """True for text that is UTF-8 without a flaw, and not ASCII alone."""
    decoder, is_plain = codecs.getincrementaldecoder(UTF8)(), True
    try:
        for chunk in chunks:
            is_plain = is_plain and chunk.isascii()
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return not is_plain


def encoding_of(chunks: Iterable[bytes]) -> str:
    """The encoding of a file of whole lines, some of which are not UTF-8."""
    sample = bytearray()
    for chunk in chunks:
        for line in chunk.split(b"\n"):
            if line.isascii():
                continue
            if is_utf8(line):
                return UTF8
            if len(sample) < _SAMPLE_BYTES:
                sample += line + b"\n"
    return _guessed(bytes(sample))


def is_utf8(line: bytes) -> bool:
    """True for bytes that are UTF-8."""
    if line.isascii():
        return True
    try:
        line.decode(UTF8)
    except UnicodeDecodeError:
        return False
    return True


def _guessed(sample: bytes) -> str:
    from charset_normalizer import from_bytes

    matches = list(from_bytes(sample))
    if len(matches) != 1:
        return UTF8
    only = matches[0]
    sure = only.chaos == 0 and only.coherence >= _LEAST_COHERENCE and "\ufffd" not in str(only)
    return str(only.encoding) if sure else UTF8
