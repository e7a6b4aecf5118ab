"""The landing zone: every delivered file as it came, and a manifest of them. Readable by its owner only.

DATA/landing/<source>/<table>/<night>/<file>     names made safe: no name leaves its folder
DATA/landing/<source>/manifest.jsonl             one line a file, replaced in one step
"""

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, cast
from urllib.parse import quote

from pipeline.catalog import sync_folder
from pipeline.errors import DeliveryError, PassingError
from pipeline.sources.conventions import USUAL, Conventions
from pipeline.sources.places import Deliverer, Delivery, shown
from pipeline.upkeep import disk

_ZONE = "landing"
_LONGEST = 180


@dataclass(frozen=True, order=True)
class Landed:
    """One file in the landing zone: where it came from, its path below the zone, and on which night it was pulled.

    bytes and sha256 are those of the file as it was delivered. origin: where it was, without what opens that place.
    landed_at: when it landed. watermark: up to which change a database's table was
    read. erased: how many of its records were taken out since;
    such a file lies at its place with an ending =1, =2…, which no delivered name has once it is made safe. pruned: the
    file itself is gone (see retention.py); that it was taken in stays known. left_stamp: of the newest version at its
    place that came too late to land, and was told of on left_night.
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
    origin: str = ""
    landed_at: str = ""
    watermark: str = ""
    pruned: bool = False
    left_stamp: str = ""
    left_night: str = ""

    @property
    def place(self) -> str:
        """Where the file landed, below the zone."""
        return self.path.partition("=")[0]

    def has_left(self, stamp: str) -> bool:
        """Whether a version of this stamp is known to have come too late."""
        return bool(self.left_night) and self.left_stamp == stamp


class Landing:
    """One source's part of the landing zone."""

    def __init__(self, data: Path, source: str) -> None:
        self.zone = data / _ZONE
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
        with _written_to(self.manifest.parent):
            self.manifest.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            fresh = self.manifest.with_name(f".manifest.{os.getpid()}")
            with _private(fresh) as handle:
                handle.write(text.encode("utf-8"))
                _sync(handle)
            fresh.replace(self.manifest)

    def replace(self, file: Landed, changes: Mapping[int, tuple[int, str]], how: Conventions = USUAL) -> Landed:
        """Rewrites a file (see rewriting.rewrite) and its line of the manifest; both change in one step."""
        from pipeline.sources.rewriting import rewrite

        number = int(file.path.partition("=")[2] or 0) + 1
        gone = sum(1 for line, (_, text) in changes.items() if line and not text)
        fresh = replace(file, path=f"{file.place}={number}", erased=file.erased + gone)
        rewrite(self.zone / file.path, file.file, self.zone / fresh.path, changes, how)
        sync_folder((self.zone / fresh.path).parent)
        self.keep([fresh if known.path == file.path else known for known in self.files()])
        self.sweep()
        return fresh

    def sweep(self) -> None:
        """Removes what a rewriting left beside the files of the manifest, and what was pruned."""
        stands = {file.place: "" if file.pruned else file.path for file in self.files()}
        for path in (self.zone / safe_name(self.source)).glob("*/*/*"):
            here = str(path.relative_to(self.zone))
            if path.name.startswith(".incoming.") or stands.get(here.partition("=")[0], here) != here:
                path.unlink()

    def place(self, delivery: Delivery) -> str:
        """Where a file lands, below the zone."""
        return "/".join(safe_name(part) for part in (self.source, delivery.table, delivery.night, delivery.name))

    def take(self, delivery: Delivery, deliverer: Deliverer, night: str) -> Landed:
        """Copies a file in; it appears whole or not at all. Raises PassingError where it is not what it should be."""
        place = Path(self.place(delivery))
        folder = self.zone / place.parent
        with _written_to(folder):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh = folder / f".incoming.{os.getpid()}"
        try:
            with Copy(fresh) as copy:
                watermark = deliverer.write(delivery, copy.begin)
            _check(copy, delivery, deliverer)
            landed_at = datetime.fromtimestamp(fresh.stat().st_mtime, UTC).isoformat(timespec="seconds")
            fresh.replace(self.zone / place)
        finally:
            fresh.unlink(missing_ok=True)
        return Landed(
            delivery.night,
            shown(delivery.table),
            shown(delivery.name),
            self.source,
            str(place),
            copy.size,
            copy.hex["sha256"],
            delivery.stamp,
            night,
            origin=deliverer.origin(delivery),
            landed_at=landed_at,
            watermark=watermark,
        )


class Copy:
    """A file of the zone while it is written: its size and checksums so far. Raises DiskError where it cannot be."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._handle: IO[bytes] | None = None

    def __enter__(self) -> "Copy":
        return self.begin()

    def __exit__(self, *_: object) -> None:
        if self._handle is not None:
            with _written_to(self.path.parent):
                _sync(self._handle)
                self._handle.close()

    def begin(self) -> "Copy":
        """Starts from nothing."""
        self.size, self._sums = 0, {kind: hashlib.new(kind, usedforsecurity=False) for kind in ("sha256", "md5")}
        with _written_to(self.path.parent):
            if self._handle is not None:
                self._handle.close()
            self._handle = _private(self.path)
        return self

    def write(self, data: bytes) -> int:
        """Adds bytes."""
        for digest in self._sums.values():
            digest.update(data)
        with _written_to(self.path.parent):
            self.size += len(data)
            return cast("IO[bytes]", self._handle).write(data)

    @property
    def hex(self) -> dict[str, str]:
        """The checksums of what was written."""
        return {kind: digest.hexdigest() for kind, digest in self._sums.items()}


@contextmanager
def _written_to(folder: Path) -> Iterator[None]:
    """Raises DiskError where the disk refuses: it is no fault of the delivery's place, and not tried again."""
    data = next((above.parent for above in (folder, *folder.parents) if above.name == _ZONE), folder)
    with disk.told(data, f"landing zone, {folder}"):
        yield


def _check(copy: Copy, delivery: Delivery, deliverer: Deliverer) -> None:
    """Raises PassingError where a copy is not the whole file."""
    now = deliverer.described(delivery)
    if (copy.size, now.stamp) != (copy.size if delivery.size is None else delivery.size, delivery.stamp):
        raise PassingError(
            "a file changed while it was copied",
            where=deliverer.origin(delivery),
            value=f"{copy.size} bytes, listed with {delivery.size}",
            fix="Run the night again once it is delivered whole",
        )
    told = deliverer.checksum(delivery)
    if told is not None and copy.hex[told.kind] != told.hex:
        raise PassingError(
            f"a file is not what its checksum in {shown(told.told_by)} says",
            where=deliverer.origin(delivery),
            value=f"{told.kind} {copy.hex[told.kind]}, delivered with {told.hex}",
            fix="Have it delivered again, and run the night again",
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


def _private(path: Path) -> IO[bytes]:
    path.unlink(missing_ok=True)
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


def _sync(handle: IO[bytes]) -> None:
    handle.flush()
    os.fsync(handle.fileno())
