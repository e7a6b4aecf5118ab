"""Nights that are struck while they run: killed at the k-th thing that they do to their data folder, or at some second.

Each night runs in a process forked from a server that has the libraries loaded, so that a hundred nights take minutes.
What a process does to its folder is counted by a Python audit hook: opening for writing, renaming, linking, removing.
"""

import hashlib
import json
import multiprocessing
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from pipeline.stages import STAGES

CHANGES = ("os.rename", "os.link", "os.remove", "os.mkdir", "os.rmdir", "os.chmod", "os.truncate", "shutil.rmtree")
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT
NEVER = 1 << 40
DIFFERS = ("runs.parquet", "_stage.json")  # seconds and memory
TOLD = ("manifest.jsonl", "ledger.jsonl")  # times, and every attempt
NIGHTS = ("2026-06-28", "2026-06-29")
Hashes = dict[str, str]
_LOADED = ["duckdb", "pandas", "pyarrow.parquet", "great_expectations", "sklearn.linear_model", "sklearn.ensemble"]
_LOADED += ["scipy.stats", "splink", "pipeline.cli", "pipeline.runner"]
_LOADED += [f"pipeline.stages.{stage}" for stage in STAGES]


@dataclass
class Strike:
    """Before the process changes its data folder for the k-th time, kills it; counts the changes.

    number: the disk refuses that change and every later one, with this errno, instead. filler: a file that takes all
    the room that the disk has at that change, instead.
    """

    data: Path
    at: int = NEVER
    number: int = 0
    filler: Path | None = None
    count: int = 0

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if (event in CHANGES or (event == "open" and _writes(arguments))) and self._is_within(arguments[0]):
            self.count += 1
            if self.count >= self.at:
                self._fall()

    def _fall(self) -> None:
        if self.number:
            raise OSError(self.number, os.strerror(self.number))
        if self.filler is None:
            os.kill(os.getpid(), signal.SIGKILL)
        elif not self.filler.exists():
            fill(self.filler)

    def _is_within(self, path: object) -> bool:
        return isinstance(path, str | bytes | os.PathLike) and os.fsdecode(path).startswith(f"{self.data}/")


def _writes(arguments: tuple[Any, ...]) -> bool:
    return isinstance(arguments[2], int) and bool(arguments[2] & WRITES)


@dataclass(frozen=True)
class Struck:
    """How a night ended: its exit code (-9: killed), how often it changed its folder, its seconds, its words."""

    code: int
    changes: int
    seconds: float
    log: str


@dataclass(frozen=True)
class Company:
    """Deliveries, and the data folder that their nights are run in."""

    world: Path
    data: Path

    def night(self, night: str, strike: Strike | None = None, *, seconds: float | None = None) -> Struck:
        """Runs `landmark run` of a night, struck on the way; killed after the seconds."""
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(_LOADED)
        count = context.Value("q", 0, lock=False)
        with tempfile.NamedTemporaryFile("r", encoding="utf-8") as log:  # beside the disk that may be full
            given = (self, night, strike or Strike(self.data), count, Path(log.name))
            process = context.Process(target=_run, args=given)
            started = time.monotonic()
            process.start()
            process.join(seconds)
            process.kill()
            process.join()
            return Struck(int(process.exitcode or 0), int(count.value), time.monotonic() - started, log.read())

    def marts(self) -> Path:
        """The published marts, as the catalogue tells."""
        catalog = json.loads((self.data / "catalog.json").read_text("utf-8"))
        night = str(catalog["published"])
        return self.data / "builds" / night / str(catalog["nights"][night]["build"]) / "marts"

    def read_whole(self) -> Hashes:
        """The published marts' hashes by file name, after each view of the analysts' database was read to its end."""
        with duckdb.connect(str(self.data / "landmark.duckdb"), read_only=True) as database:
            views = [
                row[0] for row in database.execute("select view_name from duckdb_views() where not internal").fetchall()
            ]
            assert views
            for view in views:
                database.execute(f"select count(*), count(columns(*)) from {view}").fetchall()
        return hashes(self.marts())

    def restore(self, kept: Path) -> None:
        """Puts the data folder back as it was kept; views hold whole paths, so it is always at the same place."""
        shutil.rmtree(self.data, ignore_errors=True)
        shutil.copytree(kept, self.data)


def fill(path: Path) -> None:
    """Writes until the disk is full."""
    with suppress(OSError), path.open("wb", buffering=0) as handle:
        for size in (1 << 20, 1 << 12, 1):
            with suppress(OSError):
                while handle.write(bytes(size)):
                    pass


def _run(company: Company, night: str, strike: Strike, count: Any, log: Path) -> None:
    from pipeline import cli

    sys.stdout = sys.stderr = log.open("w", encoding="utf-8")
    os.environ["LANDMARK_DISK_RESERVE_MEGABYTES"] = "0"  # disks of tests are small
    sys.addaudithook(strike)
    places = ("--exports", company.world / "exports", "--journey-map", company.world / "journey.yml")
    code = cli.main(["run", *map(str, places), "--data", str(company.data), "--night", night])
    count.value = strike.count
    sys.exit(code)


def hashes(folder: Path) -> Hashes:
    """The files below a folder, by path, as hashes."""
    return {str(path.relative_to(folder)): _hash(path) for path in sorted(folder.rglob("*")) if path.is_file()}


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@dataclass(frozen=True)
class Undisturbed:
    """A company whose second night is struck: its folder as the first night left it, and what both nights make."""

    company: Company
    nights: tuple[str, str]
    kept: Path
    marts: dict[str, Hashes]
    left: Hashes
    changes: int
    seconds: float

    def struck(self, draw: random.Random) -> Struck:
        """Kills the second night at a random point: before a change of the data folder, or at some second."""
        if draw.random() < 0.5:
            return self.company.night(self.nights[1], Strike(self.company.data, draw.randint(1, self.changes)))
        return self.company.night(self.nights[1], seconds=draw.uniform(0, self.seconds))


def undisturbed(world: Path, data: Path, nights: tuple[str, str]) -> Undisturbed:
    company, kept, marts = Company(world, data), data.with_name("kept"), {}
    for night in nights:
        struck = company.night(night)
        assert struck.code == 0, struck.log
        marts[night] = company.read_whole()
        if night == nights[0]:
            shutil.copytree(data, kept)
    return Undisturbed(company, nights, kept, marts, left(data), struck.changes, struck.seconds)


def left(data: Path) -> Hashes:
    """What a finished night leaves, as hashes by path; of what holds times, only that it is there."""
    found = {}
    for path, value in hashes(data).items():
        parts = path.split("/")
        if parts[0] == "builds":
            parts[2] = "n"
        same = parts[0] in ("landing", "quarantine", "reports", "outbox") and parts[-1] not in TOLD
        found["/".join(parts)] = value if same else ""
    return found


def stands(world: Undisturbed) -> None:
    """The published night can be read whole: its marts are those of an undisturbed run."""
    catalog = json.loads((world.company.data / "catalog.json").read_text("utf-8"))
    night, found = catalog["published"], world.company.read_whole()
    assert night in world.nights
    assert alike(found, world.marts[night]) == []


def alike(found: Hashes, wanted: Hashes) -> list[str]:
    """The marts that differ; one that tells seconds and memory has to be there."""
    assert set(found) == set(wanted)
    return [name for name, value in found.items() if value != wanted[name] and name not in DIFFERS]


def finished(world: Undisturbed) -> None:
    """Runs the night to its end, and holds all that it leaves against the undisturbed run's."""
    struck = world.company.night(world.nights[1])
    assert struck.code == 0, struck.log
    stands(world)
    found = left(world.company.data)
    assert set(found) == set(world.left)
    assert [path for path, value in found.items() if value != world.left[path]] == []
