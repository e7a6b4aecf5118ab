"""What the machine refuses in the middle of a run, as errors of the tree: no room, no right, no memory.

Python tells it by number and DuckDB in words; this is the one place that knows both.
"""

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.errors import DiskError, LandmarkError, StageError

NO_ROOM = (errno.ENOSPC, errno.EDQUOT)
_WHAT = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "this user's share of the disk is used up",
    errno.EFBIG: "a file became larger than this user may write",
    errno.EROFS: "the disk is read-only",
    errno.EACCES: "this user has no right to a file or folder",
    errno.EPERM: "this user has no right to a file or folder",
    errno.EIO: "the disk does not work",
}
_STANDS = "what was published stands"


@contextmanager
def told(data: Path, where: str = "") -> Iterator[None]:
    """Raises what the machine refused as a LandmarkError; every other error passes as it is.

    data: the data folder, whose disk is looked at. where: what was being done.
    """
    try:
        yield
    except LandmarkError:
        raise
    except Exception as error:
        refused = refusal(error, data, where)
        if refused is None:
            raise
        raise refused from error


def refusal(error: Exception, data: Path, where: str = "") -> LandmarkError | None:
    """The error as one of the tree; None where the machine refused nothing."""
    if isinstance(error, MemoryError) or (_is_duckdbs(error, "OutOfMemoryException") and not _wanted_disk(error)):
        fix = (
            f"Raise LANDMARK_MEMORY_LIMIT, or make room on the disk for what does not fit, and run it again; {_STANDS}"
        )
        return StageError("out of memory", where=where or str(data), value=_words(error), fix=fix)
    number = _number(error)
    if number is None:
        return None
    return DiskError(_WHAT[number], where=where or str(data), value=_seen(error, number, data), fix=_fix(number, data))


def _number(error: Exception) -> int | None:
    """Why the disk refused, as errno has it; DuckDB says it in the words of the system."""
    if isinstance(error, OSError):
        return error.errno if error.errno in _WHAT else None
    if _is_duckdbs(error, "OutOfMemoryException"):
        return errno.ENOSPC
    if _is_duckdbs(error, "IOException"):
        return next((number for number in _WHAT if os.strerror(number) in str(error)), None)
    return None


def _is_duckdbs(error: Exception, name: str) -> bool:
    """Told by its name, so that duckdb need not be loaded."""
    return type(error).__name__ == name and type(error).__module__.strip("_").startswith("duckdb")


def _wanted_disk(error: Exception) -> bool:
    """What did not fit into memory found no room on the disk either."""
    return "max_temp_directory_size" in str(error)


def _seen(error: Exception, number: int, data: Path) -> str:
    if number not in NO_ROOM:
        return _words(error)
    try:
        room = shutil.disk_usage(data)
    except OSError:
        return _words(error)
    return f"free now: {size_told(room.free)} of {size_told(room.total)}; {_words(error)}"


def _words(error: Exception) -> str:
    return str(error).partition("\n")[0][:300]


def _fix(number: int, data: Path) -> str:
    if number not in NO_ROOM:
        return f"Give this user the right to write below {data}, and run it again; {_STANDS}"
    largest = max((_bytes(build) for build in data.glob("builds/*/*")), default=0)
    told = f" (the largest night here takes {size_told(largest)})" if largest else ""
    return f"Make room on the disk of {data}{told}, and run it again; {_STANDS}"


def _bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def size_told(count: int) -> str:
    """Bytes in words: 12 MB."""
    return f"{count / 1e9:,.1f} GB" if count >= 1e9 else f"{count / 1e6:,.1f} MB"
