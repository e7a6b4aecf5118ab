"""Which builds of which nights there are, and the one pointer to the published night.

    DATA/builds/<night>/<build>/<stage>/...    a build's finished stages
    DATA/catalog.json                          replaced in one step; readers look at nothing else

A night has at most one finished build (`build`) and one being built (`working`). `stale` says that an earlier
night was rebuilt after it.
"""

import fcntl
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import IO

from pipeline.errors import LandmarkError, LockedError, NightError, SettingsError, StageError
from pipeline.upkeep import disk, leftovers, rights


@dataclass(frozen=True)
class NightState:
    """One night: its finished build, the build in progress, and whether it rests on figures that changed since."""

    build: int | None = None
    working: int | None = None
    stale: bool = False
    next_build: int = 1


@dataclass(frozen=True)
class Catalog:
    """All nights, and the one that readers see."""

    published: str | None = None
    nights: dict[str, NightState] = field(default_factory=dict)

    def night(self, night: str) -> NightState:
        return self.nights.get(night, NightState())

    def before(self, night: str) -> str | None:
        """The last finished night before this one."""
        done = [name for name, state in self.nights.items() if state.build is not None and name < night]
        return max(done, default=None)

    def after(self, night: str) -> list[str]:
        """The finished nights after this one, in order."""
        return sorted(name for name, state in self.nights.items() if state.build is not None and name > night)


class Store:
    """The data folder: its lock, catalogue and builds."""

    def __init__(self, data: Path) -> None:
        self.data = data

    @property
    def path(self) -> Path:
        return self.data / "catalog.json"

    def read(self) -> Catalog:
        """The catalogue as it stands; an empty one where nothing was built yet."""
        try:
            raw = json.loads(self.path.read_text("utf-8"))
            return Catalog(raw["published"], {name: NightState(**state) for name, state in raw["nights"].items()})
        except FileNotFoundError:
            return Catalog()
        except OSError as error:
            raise _unusable(self.data, error) from error
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise StageError(
                "the catalogue is damaged",
                where=str(self.path),
                value=str(error),
                fix="Restore it from a backup; or remove it and run the nights again, what landed is kept",
            ) from error

    def update(self, change: Callable[[Catalog], Catalog]) -> Catalog:
        """Replaces the catalogue in one step; the caller holds the lock."""
        catalog = change(self.read())
        raw = {"published": catalog.published, "nights": {n: asdict(s) for n, s in sorted(catalog.nights.items())}}
        write_text(self.path, json.dumps(raw, indent=1))
        return catalog

    def set_night(self, night: str, **changes: object) -> Catalog:
        def change(catalog: Catalog) -> Catalog:
            state = replace(catalog.night(night), **changes)  # type: ignore[arg-type]
            return replace(catalog, nights=catalog.nights | {night: state})

        return self.update(change)

    def folder(self, night: str, build: int) -> Path:
        return self.data / "builds" / night / str(build)

    def working(self, night: str) -> Path:
        """The folder of the build in progress of the night; raises NightError where there is none."""
        build = self.read().night(night).working
        if build is None:
            raise NightError("this night is not being built", where=f"night {night}", fix="Run its first stage: pull")
        return self.folder(night, build)

    def begin(self, night: str, *, keep: tuple[str, ...] = ()) -> Path:
        """Opens a build of the night, in place of one left unfinished; `keep` stages are taken over from the last.

        What killed runs left half written goes first.
        """
        leftovers.sweep(self.data)
        state = self.read().night(night)
        folder = self.folder(night, state.next_build)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for stage in keep:
            if state.build is not None and (self.folder(night, state.build) / stage).exists():
                shutil.copytree(self.folder(night, state.build) / stage, folder / stage, copy_function=os.link)
        self.set_night(night, working=state.next_build, next_build=state.next_build + 1)
        if state.working is not None:
            shutil.rmtree(self.folder(night, state.working), ignore_errors=True)
        return folder

    def discard(self, night: str) -> None:
        """Drops the night's build in progress; a night that was never finished is forgotten.

        The build goes first: on a full disk the catalogue can only be written once there is room.
        """
        state = self.read().night(night)
        if state.build is None:
            shutil.rmtree(self.data / "builds" / night, ignore_errors=True)
            self.update(lambda c: replace(c, nights={n: s for n, s in c.nights.items() if n != night}))
        elif state.working is not None:
            shutil.rmtree(self.folder(night, state.working), ignore_errors=True)
            self.set_night(night, working=None)

    def publish(self, night: str) -> Catalog:
        """Makes the working build the night's finished one; moves the pointer unless a later night is published."""

        def change(catalog: Catalog) -> Catalog:
            state = catalog.night(night)
            nights = {n: replace(s, stale=s.stale or n > night) for n, s in catalog.nights.items()}
            nights[night] = replace(state, build=state.working, working=None, stale=False)
            newest = max(night, catalog.published or night)
            return replace(catalog, published=newest, nights=nights)

        catalog = self.update(change)
        self._prune(night, catalog)
        return catalog

    def _prune(self, night: str, catalog: Catalog) -> None:
        """Old builds of the night go; the one before stays for readers who opened it."""
        state = catalog.night(night)
        builds = sorted(int(p.name) for p in (self.data / "builds" / night).iterdir() if p.name.isdigit())
        for build in [b for b in builds if b not in (state.build, state.working)][:-1]:
            shutil.rmtree(self.folder(night, build), ignore_errors=True)

    @contextmanager
    def lock(self, wait_seconds: float = 0.0) -> Iterator[None]:
        """Holds the data folder; raises LockedError where another run holds it for longer than wait_seconds."""
        with rights.owner_only(), _opened(self.data) as handle:
            deadline = time.monotonic() + wait_seconds
            while not _locked(handle.fileno()):
                if time.monotonic() >= deadline:
                    handle.seek(0)
                    raise LockedError(
                        "another run holds the data folder",
                        where=str(self.data),
                        value=handle.read().strip() or None,
                        fix="Wait until it ends, or set LANDMARK_LOCK_WAIT_SECONDS",
                    )
                time.sleep(0.2)
            handle.truncate(0)
            handle.write(f"process {os.getpid()}")
            handle.flush()
            with disk.told(self.data):
                yield


def _opened(data: Path) -> IO[str]:
    try:
        data.mkdir(parents=True, exist_ok=True)
        return (data / "lock").open("a+")
    except OSError as error:
        raise _unusable(data, error) from error


def _unusable(data: Path, error: OSError) -> LandmarkError:
    full = disk.refusal(error, data) if error.errno in disk.NO_ROOM else None
    return full or SettingsError(
        f"the data folder cannot be used: {error.strerror}",
        where="setting data",
        value=str(data),
        fix="Give a folder that may be written with --data or LANDMARK_DATA",
    )


def _locked(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def write_text(path: Path, text: str) -> None:
    """Writes the text as UTF-8, the file whole: see write_bytes."""
    write_bytes(path, text.encode("utf-8"))


def write_bytes(path: Path, data: bytes) -> None:
    """Writes the file so that it is either the old one or the new one, whole, even after a crash."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with fresh.open("wb") as handle:
            handle.write(data)
            handle.flush()
            os.fsync(handle.fileno())
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Makes renames in the folder last through a crash."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def parse_night(text: str) -> date:
    """A night written as YYYY-MM-DD; raises NightError otherwise."""
    try:
        night = date.fromisoformat(text)
    except ValueError as error:
        raise NightError("a night is a date, YYYY-MM-DD", value=text) from error
    if night.isoformat() != text:
        raise NightError("a night is a date, YYYY-MM-DD", value=text)
    return night
