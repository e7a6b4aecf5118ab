"""What killed runs left half written in the data folder."""

import os
import re
import shutil
from pathlib import Path

_HALF_WRITTEN = re.compile(r"^\..+\.(\d+|fresh|fresh\.wal)$")


def sweep(data: Path) -> None:
    """Removes it; the caller holds the lock, so that nobody is writing.

    The spill folders of who only reads, which takes no lock, stay while their process lives.
    """
    for path in sorted((data / "spill").glob("*")):
        if not _is_running(path.name.rpartition("-")[2]):
            shutil.rmtree(path, ignore_errors=True)
    for path in sorted(data.rglob(".*"), reverse=True):
        if _HALF_WRITTEN.match(path.name):
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()


def _is_running(process: str) -> bool:
    try:
        os.kill(int(process), 0)
    except (ValueError, ProcessLookupError):
        return False
    except PermissionError:
        return True
    return True
