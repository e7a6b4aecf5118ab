"""The landing zone: a file appears whole or not at all, whatever happens while it is copied."""

import errno
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.errors import DiskError, PassingError
from pipeline.sources import landing, retrying
from pipeline.sources.landing import Landing
from pipeline.sources.places import Delivery, Exports, Sink
from tests.unit.ingest_case import EVENT, Case, jsonl

NIGHT = "2026-01-02"
TEXT = jsonl([EVENT])


class Meddled(Exports):
    """A place where something happens to the file while it is copied."""

    meddle: Callable[[], None]

    def write(self, delivery: Delivery, begin: Callable[[], Sink]) -> str:
        done = super().write(delivery, begin)
        self.meddle()
        return done


def delivered(tmp_path: Path) -> tuple[Path, Meddled, Delivery]:
    path = Case(tmp_path).deliver(f"web/events/{NIGHT}/e.jsonl", TEXT)
    place = Meddled(str(tmp_path / "exports"))
    return path, place, place.deliveries("web")[0]


def landed(tmp_path: Path) -> list[str]:
    return sorted(path.name for path in (tmp_path / "data" / "landing").rglob("*") if path.is_file())


def test_a_file_that_grows_while_it_is_copied_does_not_land(tmp_path: Path) -> None:
    path, place, delivery = delivered(tmp_path)
    place.meddle = lambda: os.utime(path, ns=(1, 1))
    with pytest.raises(PassingError, match="changed while it was copied"):
        Landing(tmp_path / "data", "web").take(delivery, place, NIGHT)
    assert landed(tmp_path) == []


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EDQUOT])
def test_a_disk_that_takes_no_more_is_named_and_not_the_delivery(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    tries = []

    def full(_: Path) -> None:
        tries.append(1)
        raise OSError(number, os.strerror(number))

    _, place, delivery = delivered(tmp_path)
    place.meddle = lambda: None
    monkeypatch.setattr(landing, "_private", full)
    with pytest.raises(DiskError) as caught:
        Landing(tmp_path / "data", "web").take(delivery, place, NIGHT)
    assert (os.strerror(number) in str(caught.value.value), len(tries)) == (True, 1)
    assert str(tmp_path / "data/landing/web/events") in str(caught.value)


def test_a_copy_begun_anew_holds_nothing_of_the_one_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retrying, "WAITS_SECONDS", (0.0,))
    broken = iter([True])

    def blocks(files: object, path: str) -> object:
        yield TEXT.encode()[:10]
        if next(broken, False):
            raise ConnectionResetError
        yield TEXT.encode()[10:]

    _, place, delivery = delivered(tmp_path)
    place.meddle = lambda: None
    monkeypatch.setattr("pipeline.sources.places._blocks", blocks)
    found = Landing(tmp_path / "data", "web").take(delivery, place, NIGHT)
    assert (tmp_path / "data/landing" / found.path).read_text() == TEXT


def test_what_a_killed_pull_left_is_removed(tmp_path: Path) -> None:
    case = Case(tmp_path)
    case.deliver(f"web/events/{NIGHT}/e.jsonl", TEXT)
    folder = tmp_path / "data/landing/web/events" / NIGHT
    folder.mkdir(parents=True)
    (folder / ".incoming.123").write_text("half")
    case.night(NIGHT, "web")
    assert landed(tmp_path) == ["e.jsonl", "manifest.jsonl"]


def test_a_manifest_from_before_origins_were_kept_is_read(tmp_path: Path) -> None:
    case = Case(tmp_path)
    case.deliver(f"web/events/{NIGHT}/e.jsonl", TEXT)
    case.night(NIGHT, "web")
    zone = Landing(tmp_path / "data", "web")
    line = json.loads(zone.manifest.read_text())
    assert line["origin"] == str(tmp_path / f"exports/web/events/{NIGHT}/e.jsonl")
    for name in ("origin", "landed_at", "watermark"):
        del line[name]
    zone.manifest.write_text(json.dumps(line) + "\n")
    assert [(file.file, file.origin) for file in zone.files()] == [("e.jsonl", "")]
