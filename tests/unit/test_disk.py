"""What the machine refuses becomes one error of the tree, whoever says it; everything else passes as it is."""

import errno
import os
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from pipeline.catalog import Store
from pipeline.errors import DeliveryError, DiskError, StageError
from pipeline.upkeep import disk

MANY = "select range as n, md5(range::varchar) as a, md5((range + 1)::varchar) as b from range(400_000)"


def python_writes(_: Path) -> None:
    with Path("/dev/full").open("w") as handle:
        handle.write("x")


def duckdb_writes(_: Path) -> None:
    duckdb.connect().execute(f"copy ({MANY}) to '/dev/full' (format csv, use_tmp_file false)")


def duckdb_spills(_: Path) -> None:
    """What DuckDB 2.0 says where the disk of its spill folder is full."""
    raise duckdb.OutOfMemoryException(
        "Out of Memory Error: failed to offload data block of size 160.0 KiB (2.6 MiB/2.6 MiB used).\n"
        "This limit was set by the 'max_temp_directory_size' setting."
    )


@pytest.mark.parametrize("step", [python_writes, duckdb_writes, duckdb_spills])
def test_a_full_disk_is_named_with_what_there_is_and_what_a_night_takes(
    tmp_path: Path, step: Callable[[Path], None]
) -> None:
    build = tmp_path / "builds" / "2026-01-02" / "1"
    build.mkdir(parents=True)
    (build / "a.parquet").write_bytes(bytes(2_500_000))
    with pytest.raises(DiskError) as caught, disk.told(tmp_path, "stage ingest crm, night 2026-01-03"):
        step(tmp_path)
    told = str(caught.value)
    assert told.startswith("stage ingest crm, night 2026-01-03: the disk is full (seen: 'free now: ")
    assert f"Make room on the disk of {tmp_path} (the largest night here takes 2.5 MB)" in told
    assert told.endswith("and run it again; what was published stands")


@pytest.mark.parametrize(
    ("number", "words"),
    [(errno.EROFS, "the disk is read-only"), (errno.EACCES, "no right"), (errno.EDQUOT, "share of the disk")],
)
def test_a_refusal_is_told_in_words_and_where(tmp_path: Path, number: int, words: str) -> None:
    for error in (
        OSError(number, os.strerror(number), str(tmp_path / "x")),
        duckdb.IOException(f'IO Error: Cannot open file "x": {os.strerror(number)}'),
    ):
        told = disk.refusal(error, tmp_path)
        assert isinstance(told, DiskError)
        assert words in told.what
        assert (told.where, os.strerror(number) in str(told.value)) == (str(tmp_path), True)


def test_too_little_memory_is_told_apart_from_a_full_disk(tmp_path: Path) -> None:
    with pytest.raises(StageError, match="out of memory") as caught, disk.told(tmp_path, "stage journeys"):
        duckdb.connect(config={"memory_limit": "20MB", "temp_directory": ""}).execute(f"create table t as {MANY}")
    assert "LANDMARK_MEMORY_LIMIT" in caught.value.fix


@pytest.mark.parametrize(
    "error",
    [
        FileNotFoundError(errno.ENOENT, "gone"),
        ValueError("a fault of ours"),
        duckdb.IOException('No files found that match the pattern "x"'),
        DeliveryError("a delivery's own"),
    ],
)
def test_other_errors_pass_as_they_are(tmp_path: Path, error: Exception) -> None:
    with pytest.raises(type(error)) as caught, disk.told(tmp_path):
        raise error
    assert caught.value is error


def test_whoever_holds_the_data_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(DiskError, match="the disk is full"), Store(tmp_path).lock():
        python_writes(tmp_path)


def test_a_new_build_lets_go_of_what_killed_runs_left_half_written(tmp_path: Path) -> None:
    store = Store(tmp_path)
    left = [".catalog.json.4194399", "outbox/.a.eml.4194399", ".landmark.duckdb.fresh", ".landmark.duckdb.fresh.wal"]
    left += ["spill/4194399/duckdb_temp", "builds/2026-01-01/1/.ingest.crm.fresh/a.parquet"]
    stays = ["outbox/a.eml", f"spill/answers-{os.getpid()}/duckdb_temp", "builds/2026-01-01/1/ingest/a.parquet"]
    for name in (*left, *stays):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    store.begin("2026-01-02")
    assert [name for name in left if (tmp_path / name).exists()] == []
    assert [name for name in stays if not (tmp_path / name).exists()] == []


def test_a_night_whose_disk_is_full_is_discarded_build_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(tmp_path)
    (store.begin("2026-01-02") / "half").write_text("x")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("pipeline.catalog.write_text", full)
    with pytest.raises(OSError, match="No space"):
        store.discard("2026-01-02")
    assert list(tmp_path.rglob("half")) == []
