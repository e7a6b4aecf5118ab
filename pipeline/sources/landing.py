"""The landing zone: every delivered file as it came, and a manifest of them. Readable by its owner only.

DATA/landing/<source>/<table>/<night>/<file>     names made safe: no name leaves its folder
DATA/landing/<source>/manifest.jsonl             one line a file, replaced in one step
"""

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import IO
from urllib.parse import quote

from pipeline.catalog import sync_folder
from pipeline.errors import DeliveryError
from pipeline.sources.places import Delivery, shown

_BLOCK = 1 << 22
_LONGEST = 180


@dataclass(frozen=True, order=True)
class Landed:
    """One file in the landing zone: where it came from, its path below the zone, and on which night it was pulled.

    bytes and sha256 are those of the file as it was delivered. erased: how many of its records were taken out since;
    such a file lies at its place with an ending =1, =2…, which no delivered name has once it is made safe.
    """

    night: str
    table: str
    file: str
    source: str
    path: str
    bytes: int
    sha256: str
    stamp: str
    landed_night: str
    erased: int = 0

    @property
    def place(self) -> str:
        """Where the file landed, below the zone."""
        return self.path.partition("=")[0]


class Landing:
    """One source's part of the landing zone."""

    def __init__(self, data: Path, source: str) -> None:
        self.zone = data / "landing"
        self.source = source
        self.manifest = self.zone / safe_name(source) / "manifest.jsonl"

    def files(self) -> list[Landed]:
        """Everything that landed, in order of night, table and name."""
        if not self.manifest.exists():
            return []
        try:
            return sorted(Landed(**json.loads(line)) for line in self.manifest.read_text("utf-8").splitlines())
        except (ValueError, TypeError) as error:
            raise DeliveryError(
                "the landing zone's manifest is damaged",
                where=str(self.manifest),
                value=str(error),
                fix="Correct the line, or remove the file: what is still in the exports lands again",
            ) from error

    def keep(self, files: Iterable[Landed]) -> None:
        """Replaces the manifest in one step."""
        text = "".join(json.dumps(asdict(file), sort_keys=True) + "\n" for file in sorted(files))
        self.manifest.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh = self.manifest.with_name(f".manifest.{os.getpid()}")
        with _private(fresh) as handle:
            handle.write(text.encode("utf-8"))
            _sync(handle)
        fresh.replace(self.manifest)

    def replace(self, file: Landed, changes: Mapping[int, tuple[int, str]]) -> Landed:
        """Rewrites a file (see rewriting.rewrite) and its line of the manifest; both change in one step."""
        from pipeline.sources.rewriting import rewrite

        number = int(file.path.partition("=")[2] or 0) + 1
        gone = sum(1 for line, (_, text) in changes.items() if line and not text)
        fresh = replace(file, path=f"{file.place}={number}", erased=file.erased + gone)
        rewrite(self.zone / file.path, file.file, self.zone / fresh.path, changes)
        sync_folder((self.zone / fresh.path).parent)
        self.keep([fresh if known.path == file.path else known for known in self.files()])
        self.sweep()
        return fresh

    def sweep(self) -> None:
        """Removes what a rewriting left beside the files of the manifest."""
        stands = {file.place: file.path for file in self.files()}
        for path in (self.zone / safe_name(self.source)).glob("*/*/*"):
            here = str(path.relative_to(self.zone))
            if path.name.startswith(".incoming.") or stands.get(here.partition("=")[0], here) != here:
                path.unlink()

    def place(self, delivery: Delivery) -> str:
        """Where a file lands, below the zone."""
        return "/".join(safe_name(part) for part in (self.source, delivery.table, delivery.night, delivery.name))

    def take(self, delivery: Delivery, content: IO[bytes], night: str) -> Landed:
        """Copies a file in; it appears whole or not at all."""
        place = Path(self.place(delivery))
        folder = self.zone / place.parent
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh = folder / f".incoming.{os.getpid()}"
        try:
            size, digest = _copy(content, fresh)
            if delivery.size is not None and size != delivery.size:
                raise DeliveryError(
                    "a file changed while it was copied",
                    where=shown(delivery.path),
                    value=f"{size} bytes, listed with {delivery.size}",
                    fix="Run the night again once it is delivered whole",
                )
            fresh.replace(self.zone / place)
        finally:
            fresh.unlink(missing_ok=True)
        name = shown(delivery.name)
        return Landed(
            delivery.night, shown(delivery.table), name, self.source, str(place), size, digest, delivery.stamp, night
        )


def safe_name(name: str) -> str:
    """A name of one path component: other names give other results, and none is special to a file system."""
    safe = quote(name, safe="", errors="surrogateescape")
    if safe.startswith("."):
        safe = "%2E" + safe[1:]
    if not safe or len(safe) > _LONGEST:
        digest = hashlib.sha256(name.encode("utf-8", "surrogateescape")).hexdigest()[:24]
        safe = f"{safe[: _LONGEST - 60]}~{digest}{safe[-24:]}" if safe else f"~{digest}"
    return safe


def digest_of(content: IO[bytes]) -> str:
    """SHA-256 of a file's bytes, as hex."""
    digest = hashlib.sha256()
    while block := content.read(_BLOCK):
        digest.update(block)
    return digest.hexdigest()


def _copy(content: IO[bytes], path: Path) -> tuple[int, str]:
    digest, size = hashlib.sha256(), 0
    with _private(path) as handle:
        while block := content.read(_BLOCK):
            digest.update(block)
            size += len(block)
            handle.write(block)
        _sync(handle)
    return size, digest.hexdigest()


def _private(path: Path) -> IO[bytes]:
    path.unlink(missing_ok=True)
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


def _sync(handle: IO[bytes]) -> None:
    handle.flush()
    os.fsync(handle.fileno())
