"""A disk that refuses in the middle of a night, full or read-only: a clear error, and readers keep what they had."""

import errno
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.demo import generate
from tests.integration.crash_case import NIGHTS, Strike, Struck, Undisturbed, finished, stands, undisturbed

WHOLE_MB = 400


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A disk of its own, so that it can be filled; a plain folder where this user may not mount one."""
    place = tmp_path_factory.mktemp("disk")
    command = ["mount", "-t", "tmpfs", "-o", f"size={WHOLE_MB}m", "landmark-test", str(place)]
    mounted = subprocess.run(command, capture_output=True, check=False).returncode == 0
    yield place
    if mounted:
        subprocess.run(["umount", str(place)], check=True)


@pytest.fixture(scope="module")
def small(disk: Path, tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    place = tmp_path_factory.mktemp("small")
    return undisturbed(generate(place / "world", people=150, nights=NIGHTS, seed=11), disk / "data", NIGHTS)


def remount(disk: Path, how: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{how}", str(disk)], check=True)


def refused(struck: Struck, *words: str) -> None:
    """One line says what, where and what to do; nobody sees a traceback."""
    last = struck.log.strip().splitlines()[-1]
    assert struck.code == 1, struck.log
    assert last.startswith("landmark: DiskError: "), struck.log
    assert [word for word in (*words, "run it again; what was published stands") if word not in last] == []
    assert "Traceback" not in struck.log


def fill(disk: Path, small: Undisturbed, share: float) -> None:
    """Fills the disk when so much of the night is done; then makes room and runs it again."""
    if not os.path.ismount(disk):
        pytest.skip("this user may not mount a disk: none was filled for real")
    small.company.restore(small.kept)
    filler = disk / "filler"
    try:
        strike = Strike(small.company.data, int(small.changes * share) + 1, filler=filler)
        struck = small.company.night(NIGHTS[1], strike)
        refused(struck, "the disk is full", "free now:", "Make room", "the largest night here takes")
        stands(small)
    finally:
        filler.unlink(missing_ok=True)
    finished(small)


def test_a_night_on_a_disk_that_fills_up(disk: Path, small: Undisturbed) -> None:
    fill(disk, small, 0.5)


@pytest.mark.slow
@pytest.mark.parametrize("share", [0.0, 0.02, 0.1, 0.2, 0.3, 0.4, 0.6, 0.7, 0.8, 0.9])
def test_a_disk_fills_up_at_any_stage(disk: Path, small: Undisturbed, share: float) -> None:
    fill(disk, small, share)


def test_a_read_only_disk_is_told_before_the_night(disk: Path, small: Undisturbed) -> None:
    if not os.path.ismount(disk):
        pytest.skip("this user may not mount a disk: none was read-only")
    small.company.restore(small.kept)
    remount(disk, "ro")
    try:
        struck = small.company.night(NIGHTS[1])
        assert (struck.code, "Traceback" in struck.log) == (1, False), struck.log
        assert "Read-only file system" in struck.log.strip().splitlines()[-1]
        stands(small)
    finally:
        remount(disk, "rw")


REFUSALS = {
    errno.ENOSPC: "the disk is full",
    errno.EROFS: "the disk is read-only",
    errno.EACCES: "this user has no right",
}


def refuse(small: Undisturbed, number: int, at: int) -> None:
    small.company.restore(small.kept)
    refused(small.company.night(NIGHTS[1], Strike(small.company.data, at, number)), REFUSALS[number])
    stands(small)


@pytest.mark.parametrize("number", REFUSALS)
def test_a_disk_that_refuses_is_named(small: Undisturbed, number: int) -> None:
    refuse(small, number, small.changes // 8)


@pytest.mark.slow
@pytest.mark.parametrize("share", range(20))
def test_a_disk_refuses_from_any_point_on(small: Undisturbed, share: int) -> None:
    refuse(small, list(REFUSALS)[share % 3], max(1, small.changes * share // 20))
    finished(small)
