"""Checksums that are delivered beside a file: <file>.sha256, <file>.md5, or SHA256SUMS, MD5SUMS of its folder."""

import re
from dataclasses import dataclass

_ENDINGS = {".sha256": "sha256", ".md5": "md5"}
_LISTS = {"SHA256SUMS": "sha256", "MD5SUMS": "md5"}
_DIGITS = {"sha256": 64, "md5": 32}


@dataclass(frozen=True)
class Checksum:
    """What the bytes of a file must add up to, as hex in small letters; told_by: the file that says so."""

    kind: str
    hex: str
    told_by: str


def names_for(name: str) -> tuple[str, ...]:
    """The files that may tell a file's checksum, first the one that counts."""
    return (*(name + ending for ending in _ENDINGS), *_LISTS)


def is_checksum_of(name: str, others: set[str]) -> bool:
    """True for a file that tells the checksum of another in its folder, and is no delivery itself."""
    return name in _LISTS or any(name.endswith(e) and name.removesuffix(e) in others for e in _ENDINGS)


def read(told_by: str, text: bytes, name: str) -> Checksum | None:
    """The checksum that a file of checksums tells of `name`; None where it tells none of it.

    Lines are those of sha256sum: <hex> <space or *><name>; a file for one file may hold the hex alone.
    """
    kind = _LISTS.get(told_by) or _ENDINGS["." + told_by.rpartition(".")[2]]
    wanted = rf"([0-9a-fA-F]{{{_DIGITS[kind]}}})(?:[ \t]+\*?(.+))?"
    for line in text.decode("utf-8", "replace").lstrip("\ufeff").splitlines():
        found = re.fullmatch(wanted, line.strip())
        if found and (told_by not in _LISTS or (found[2] or "").removeprefix("./") == name):
            return Checksum(kind, found[1].lower(), told_by)
    return None
