"""Who may read the data folder: its owner alone, but for what is made for readers, where the settings let a group in.

What is written while the folder is held is its owner's, whatever the process's umask says. The setting `readers` opens
the published marts, landmark.duckdb and the reports to the folder's group; what names people to other systems, such as
cards.csv, stays its owner's.
"""

import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.errors import SettingsError
from pipeline.upkeep import disk

PERSONAL = ("builds", "identity", "landing", "outbox", "quarantine", "spill")
DATABASE = "landmark.duckdb"
OWN_MARTS = ("cards",)
_OTHERS, _ENTERS, _READS = 0o077, 0o010, 0o040


@contextmanager
def owner_only() -> Iterator[None]:
    """What is made within can be read by its owner alone."""
    before = os.umask(_OTHERS)
    try:
        yield
    finally:
        os.umask(before)


def check(data: Path) -> list[str]:
    """Makes sure that the data folder can be written, and that nobody else reads the folders of people's data.

    Returns the names of folders that stood open and are closed now. Raises DiskError where a folder cannot be written,
    SettingsError where one cannot be closed.
    """
    here = [data / name for name in PERSONAL if (data / name).is_dir()]
    for folder in [data, *here]:
        _try_to_write(folder)
    return [folder.name for folder in here if _close(folder)]


def _try_to_write(folder: Path) -> None:
    suffix = f".{os.getpid()}"  # so that leftovers.py knows the file, should this be killed
    with disk.told(folder, f"before the night, {folder}"):
        tempfile.TemporaryFile(dir=folder, prefix=".tried.", suffix=suffix).close()


def _close(folder: Path) -> bool:
    """Takes reading from others, and leaves it to them to pass through; whether they could read it."""
    mode = stat.S_IMODE(folder.stat().st_mode)
    if not mode & _OTHERS & ~_ENTERS:
        return False
    try:
        folder.chmod(mode & ~_OTHERS)
    except OSError as error:
        raise SettingsError(
            f"a folder of people's data is open to others, and cannot be closed: {error.strerror}",
            where=str(folder),
            value=f"{mode:o}",
            fix="Let its owner run this, or have it closed: chmod go-rwx",
        ) from error
    return True


def let_group_read(data: Path, marts: Path, night: str) -> None:
    """Lets the data folder's group read the published marts, their database and the night's report.

    What the folder's owner alone may read of them stays so.
    """
    for path in sorted(marts.glob("*")):
        if path.name.partition(".")[0] not in OWN_MARTS:
            _open(path, _READS)
    _open(data / DATABASE, _READS)
    report = data / "reports" / night
    for path in [*sorted(report.glob("*.html")), *sorted(report.glob("*.pdf"))]:
        _open(path, _READS)
    for folder in (marts, report):
        if folder.is_dir():
            _open(folder, _READS | _ENTERS)
            for above in folder.relative_to(data).parents:
                _open(data / above, _ENTERS)


def _open(path: Path, more: int) -> None:
    if path.exists():
        path.chmod(stat.S_IMODE(path.stat().st_mode) | more)
