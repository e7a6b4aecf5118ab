"""Before a night: room, rights and one run at a time; and who may read what it leaves behind."""

import os
import shutil
import stat
from collections import namedtuple
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest

from pipeline import runner
from pipeline.catalog import Store
from pipeline.demo import generate
from pipeline.errors import DiskError, JourneyMapError, LockedError, SettingsError
from pipeline.settings import Settings
from pipeline.upkeep import preflight, rights, room
from tests.unit.ingest_case import EVENT, Case, jsonl

N1, N2, N3 = "2026-06-28", "2026-06-29", "2026-06-30"
Usage = namedtuple("Usage", "total used free")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def open_umask() -> Iterator[None]:
    """A process that closes nothing by itself."""
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return generate(tmp_path_factory.mktemp("world"), people=60, nights=(N1, N2))


@pytest.fixture
def settings(world: Path, tmp_path: Path) -> Settings:
    data = tmp_path / "data"
    return Settings(exports=str(world / "exports"), journey_map=world / "journey.yml", data=data, hash_key="k")


@pytest.mark.usefixtures("open_umask")
def test_what_a_night_takes_in_is_its_owner_s_alone(settings: Settings) -> None:
    runner.run_night(settings, N1, through="ingest")
    shared = [path for path in settings.data.rglob("*") if mode(path) & 0o077]
    assert shared == []
    assert len(list(settings.data.rglob("*.parquet"))) > 10


@pytest.mark.usefixtures("open_umask")
def test_folders_that_stand_open_are_closed_and_it_is_said(settings: Settings) -> None:
    for name in ("landing", "quarantine", "builds", "reports"):
        (settings.data / name).mkdir(parents=True)
    lines: list[str] = []
    runner.run_night(settings, N1, through="pull", progress=lines.append)
    assert [line for line in lines if line.startswith("closed")] == [
        f"closed to others: {settings.data / name}" for name in ("builds", "landing", "quarantine")
    ]
    assert mode(settings.data / "landing") == 0o700
    assert rights.check(settings.data) == []


def test_readers_of_the_group_see_marts_and_the_report_and_no_cards(tmp_path: Path) -> None:
    data = tmp_path
    marts, report = data / "builds" / N1 / "1" / "marts", data / "reports" / N1
    with rights.owner_only():
        for path in ("cards.csv", "cards.parquet", "journeys.parquet", "../ingest/customers.parquet"):
            (marts / path).parent.mkdir(parents=True, exist_ok=True)
            (marts / path).resolve().write_text("x")
        (report / "letters").mkdir(parents=True)
        for path in ("report.html", "report.pdf", "letters/a.eml"):
            (report / path).write_text("x")
        (data / rights.DATABASE).write_text("x")
    rights.let_group_read(data, marts, N1)
    shown = sorted(str(path.relative_to(data)) for path in data.rglob("*") if path.is_file() and mode(path) & 0o040)
    assert shown == [
        f"builds/{N1}/1/marts/journeys.parquet", rights.DATABASE,
        f"reports/{N1}/report.html", f"reports/{N1}/report.pdf",
    ]  # fmt: skip
    assert [mode(path) for path in (data / "builds", marts.parent, marts, marts.parent / "ingest")] == [
        0o710, 0o710, 0o750, 0o700,
    ]  # fmt: skip
    assert rights.check(data) == [], "who may pass through may not read"
    assert not any(mode(path) & 0o007 for path in data.rglob("*"))


def test_a_folder_that_cannot_be_written_is_told_before_any_work(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(dir: Path, **_: str) -> IO[str]:
        if dir.name == "landing":
            raise PermissionError(13, "Permission denied")
        return Path(os.devnull).open(encoding="utf-8")

    (settings.data / "landing").mkdir(parents=True)
    monkeypatch.setattr("tempfile.TemporaryFile", refuse)
    with pytest.raises(DiskError, match=r"landing: this user has no right .*Give this user the right"):
        runner.run_night(settings, N1)
    assert not (settings.data / "builds").exists()


def test_a_folder_of_somebody_else_that_stands_open_is_told(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    (settings.data / "landing").mkdir(parents=True)
    (settings.data / "landing").chmod(0o755)
    monkeypatch.setattr(Path, "chmod", lambda *_: (_ for _ in ()).throw(PermissionError(1, "Operation not permitted")))
    with pytest.raises(SettingsError, match="open to others, and cannot be closed"):
        runner.run_stage(settings, "pull", N1, "crm")


def test_a_second_run_is_told_who_holds_the_folder(settings: Settings) -> None:
    with Store(settings.data).lock(), pytest.raises(LockedError, match=f"another run holds .*process {os.getpid()}"):
        runner.run_night(settings, N1)


def test_no_room_is_told_with_its_figures_before_anything_is_copied(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10**12, 10**12 - 10**8, 10**8))
    with pytest.raises(DiskError, match=r"there is no room for the night: it may take 20\d\.\d MB") as caught:
        runner.run_night(settings, N1)
    assert "reserve: 200.0 MB" in str(caught.value)
    assert not any((settings.data / "landing").rglob("*.csv"))
    assert Store(settings.data).read().nights == {}
    runner.run_night(settings.model_copy(update={"disk_reserve_megabytes": 0}), N1, through="pull")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10**12, 10**12, 0))
    with pytest.raises(DiskError, match="the disk is full"):
        runner.run_night(settings, N1)


def test_a_night_is_taken_to_write_what_the_last_one_wrote_itself(tmp_path: Path) -> None:
    case = Case(tmp_path)
    for night in (N1, N2):
        case.deliver(f"web/events/{night}/e.jsonl", jsonl([{**EVENT, "messageId": f"{night}{n}"} for n in range(500)]))
        case.night(night, "web")
    store = Store(case.settings.data)
    files = [path for path in store.folder(N2, 1).rglob("*") if path.is_file()]
    own = sum(path.stat().st_size for path in files if path.stat().st_nlink == 1)
    assert room.written(store, N3) == own < sum(path.stat().st_size for path in files)
    assert room.written(store, N1) == 0


def test_a_night_that_may_begin_has_nothing_to_say(settings: Settings) -> None:
    settings.data.mkdir()
    assert preflight.check(runner.open_run(settings, N1)) == []


def test_a_wrong_map_is_told_before_any_work(settings: Settings, tmp_path: Path) -> None:
    runner.run_night(settings, N1, through="ingest")
    path = tmp_path / "wrong.yml"
    path.write_text("brand: [")
    wrong = settings.model_copy(update={"journey_map": path})
    for begin in (runner.run_night, runner.open_run):
        with pytest.raises(JourneyMapError, match="not YAML"):
            begin(wrong, N1)
    with pytest.raises(JourneyMapError, match="not YAML"):
        runner.run_stage(wrong, "pull", N1, "web")
    assert runner.run_stage(wrong, "ingest", N1, "web")["rows_in"], "what does not ask for the map does not wait for it"
