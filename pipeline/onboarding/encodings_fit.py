"""In which encodings the files of a source may be that are not UTF-8: what to tell of them in the settings."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from pipeline.ingest.reading import ending_of
from pipeline.sources.advice import Advice
from pipeline.sources.conventions import USUAL
from pipeline.sources.encodings import UTF8, encoding_of, is_utf8
from pipeline.sources.landing import Landed, Landing
from pipeline.sources.lines import pieces, told_encoding
from pipeline.sources.places import shown

_TEXTS = (".csv", ".tsv", ".json", ".jsonl")
_MOST_PIECES = 64  # of a file: by then what is not ASCII has shown itself
_SAMPLE_BYTES = 1 << 16
_MOST_NAMED = 5
# in which text is commonly exported, the commonest first: where several fit, the sender alone knows
_COMMON = ("cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1257", "iso8859_15", "iso8859_2", "cp850", "mac_roman",
           "shift_jis", "gb18030", "big5", "euc_jp", "euc_kr")  # fmt: skip


def encoding_advice(landing: Landing, files: list[Landed]) -> Advice | None:
    """What to tell of a source's encoding; None where its files are UTF-8, or say themselves what they are."""
    texts = [file for file in files if ending_of(file.file) in _TEXTS]
    odd = {file: fit for file in texts if (fit := _fitting(landing.zone / file.path, file.file)) is not None}
    if not odd:
        return None
    first, more = next(iter(odd)), f" and {len(odd) - 1} more" if len(odd) > 1 else ""
    named = f"{shown(first.table)}/{first.night}/{shown(first.file)}{more}"
    found = list(dict.fromkeys(name for fit in odd.values() for name in fit))
    if not found:
        return Advice(f"no encoding fits {named}: have it delivered as UTF-8", landing.source)
    others = [file for file in texts if file not in odd and file.bytes]
    is_plain = any(_is_misread(found[0], landing.zone / file.path, file.file) for file in others)
    doubt = "the sender knows which" if len(found) > 1 else ""
    doubt = "other files are UTF-8, and one setting is for all: have these delivered as UTF-8" if is_plain else doubt
    told = f'"{found[0]}"   # decide: it may be {", ".join(found)}; {doubt}' if doubt else f'"{found[0]}"'
    told = f"# {told}" if doubt else told
    return Advice(f"{named}: no UTF-8 text; add the settings below", landing.source, habits=(("encoding", told),))


def _fitting(path: Path, name: str) -> tuple[str, ...] | None:
    """The encodings that a file may be in, the likeliest first; None where it is UTF-8, or tells its own."""
    if told_encoding(path, name, USUAL):
        return None
    sample, wide = bytearray(), _wide(path, name)
    if wide:
        return (wide,)
    for line in _lines(path, name):
        if not is_utf8(line) and len(sample) < _SAMPLE_BYTES:
            sample += line + b"\n"
    if not sample:
        return None
    sure = encoding_of(data for data, _ in pieces(path, name, USUAL))
    return (sure,) if sure != UTF8 else _common(bytes(sample))


def _is_misread(encoding: str, path: Path, name: str) -> bool:
    """Whether a file in UTF-8 would be misread as that encoding."""
    is_wide = encoding.startswith("utf-16")
    return not told_encoding(path, name, USUAL) and any(is_wide or not line.isascii() for line in _lines(path, name))


def _lines(path: Path, name: str) -> Iterator[bytes]:
    for data, fault in islice(pieces(path, name, USUAL), _MOST_PIECES):
        yield from () if fault else data.split(b"\n")


def _wide(path: Path, name: str) -> str:
    """UTF-16 without a mark, by where its NULs stand; '' where it is none."""
    head = next((data for data, _ in pieces(path, name, USUAL)), b"")[:200]
    halves = {"utf-16-le": head[1::2], "utf-16-be": head[::2]}
    others = {"utf-16-le": head[::2], "utf-16-be": head[1::2]}
    is_wide = {name for name, half in halves.items() if 2 * half.count(0) > len(half) and not others[name].count(0)}
    return next(iter(is_wide), "")


def _common(sample: bytes) -> tuple[str, ...]:
    from charset_normalizer import from_bytes

    likely = {name for match in from_bytes(sample, cp_isolation=list(_COMMON)) for name in match.could_be_from_charset}
    return tuple(name for name in _COMMON if name in likely)[:_MOST_NAMED]
