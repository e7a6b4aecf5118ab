"""Room on the disk for a night, told before any work: estimated from the delivery and what the last night wrote."""

import errno
import os
import shutil
from collections.abc import Iterator

from pipeline.catalog import Store
from pipeline.errors import DiskError
from pipeline.settings import Settings
from pipeline.upkeep.disk import size_told

# bytes of tables for a byte delivered, packed or not: 1.9 was measured for first nights, which bring the whole history
GROWTH = 3


def check(settings: Settings, night: str, delivered_bytes: int) -> None:
    """Raises DiskError where the disk of the data folder lacks room for a night that brings so many new bytes."""
    last = written(Store(settings.data), night)
    tables, reserve = last + GROWTH * delivered_bytes, settings.disk_reserve_megabytes * 1_000_000
    here = next(path for path in (settings.data, *settings.data.parents) if path.exists())
    wanted, room = delivered_bytes + tables + reserve, shutil.disk_usage(here)
    if room.free == 0:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(settings.data))
    if room.free < wanted:
        raise DiskError(
            f"there is no room for the night: it may take {size_told(wanted)}",
            where=str(settings.data),
            value=f"free now: {size_told(room.free)} of {size_told(room.total)}; to land: {size_told(delivered_bytes)},"
            f" its tables: {size_told(tables)} (the last night wrote {size_told(last)}), reserve: {size_told(reserve)}",
            fix="Make room on the disk, let go of old nights (landmark prune, with the settings retention), or lower"
            " LANDMARK_DISK_RESERVE_MEGABYTES, and run it again; what was published stands",
        )


def written(store: Store, night: str) -> int:
    """The bytes that the last finished night before this one wrote itself: less what it shares with the one before."""
    catalog = store.read()
    last = catalog.before(night)
    if last is None:
        return 0
    earlier = catalog.before(last)
    shared = {number for number, _ in _files(store, earlier)} if earlier else set()
    return sum(size for number, size in set(_files(store, last)) if number not in shared)


def _files(store: Store, night: str) -> Iterator[tuple[int, int]]:
    """Inode and size of every file of a night's build."""
    folder = store.folder(night, int(store.read().night(night).build or 0))
    for path in folder.rglob("*"):
        if path.is_file():
            told = path.stat()
            yield told.st_ino, told.st_size
