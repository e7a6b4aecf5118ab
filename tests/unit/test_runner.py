"""The runner's promises, with stages that write one small table each."""

import sys
import types
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline import runner
from pipeline.catalog import Store
from pipeline.errors import LockedError, NightError, StageError
from pipeline.settings import Settings, load_settings
from pipeline.stages import BY_SOURCE, SOURCES, STAGES

MAP = Path(__file__).parent.parent.parent / "pipeline" / "demo" / "journey_map.yml"
FAIL: dict[str, str] = {}


def fake(stage: str) -> types.ModuleType:
    """A stage that writes its night, and how many rows its former self had."""
    module: Any = types.ModuleType(f"pipeline.stages.{stage}")
    module.NEEDS = (STAGES[STAGES.index(stage) - 1],) if stage != "pull" else ()
    module.NEEDS = ("marts",) if stage in ("report", "deliver") else module.NEEDS

    def build(run: Any, session: Any, source: str | None = None) -> None:
        before = session.previous(stage, "chain") if stage not in ("report", "deliver") else None
        nights = [*(before.column("night").to_pylist() if before is not None else []), str(run.night)]
        table = pa.table({"night": sorted(set(nights)), "backfill": [run.backfill] * len(set(nights))})
        session.put(f"{stage}.chain", table, grain=("night",))
        if FAIL.get("stage") == stage:
            raise StageError("asked to fail", where=stage)

    module.build = build
    return module


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    FAIL.clear()
    for stage in STAGES:
        monkeypatch.setitem(sys.modules, f"pipeline.stages.{stage}", fake(stage))
        monkeypatch.setattr(f"pipeline.stages.{stage}", sys.modules[f"pipeline.stages.{stage}"], raising=False)
    monkeypatch.setattr("pipeline.quality.expectations_of", lambda stage, run: {})
    return load_settings({"LANDMARK_HASH_KEY": "k"}, data=tmp_path / "data", journey_map=MAP)


def nights_in(folder: Path) -> list[str]:
    return pq.read_table(folder / "chain.parquet").column("night").to_pylist()


def test_a_night_is_carried_into_the_next(settings: Settings) -> None:
    runner.run_night(settings, "2026-01-01")
    assert nights_in(runner.run_night(settings, "2026-01-02")) == ["2026-01-01", "2026-01-02"]
    assert runner.newest_night(settings) == "2026-01-02"


@pytest.mark.parametrize("stage", ["pull", "journeys", "marts"])
def test_a_stage_that_fails_leaves_the_last_night_published_and_a_rerun_completes(
    settings: Settings, stage: str
) -> None:
    first = runner.run_night(settings, "2026-01-01")
    FAIL["stage"] = stage
    with pytest.raises(StageError, match="asked to fail"):
        runner.run_night(settings, "2026-01-02")
    assert runner.marts_folder(settings) == first
    assert nights_in(first) == ["2026-01-01"]
    assert not list(settings.data.rglob(".*.fresh"))
    FAIL.clear()
    assert nights_in(runner.run_night(settings, "2026-01-02")) == ["2026-01-01", "2026-01-02"]


def test_analysts_get_views_of_the_published_night(settings: Settings) -> None:
    for night in ("2026-01-01", "2026-01-02"):
        runner.run_night(settings, night)
        with duckdb.connect(str(settings.data / "landmark.duckdb"), read_only=True) as connection:
            assert connection.execute("select max(night) from chain").fetchall() == [(night,)]


def test_through_publishes_nothing(settings: Settings) -> None:
    folder = runner.run_night(settings, "2026-01-01", through="journeys")
    assert folder.name == "journeys"
    assert nights_in(folder) == ["2026-01-01"]
    with pytest.raises(NightError, match="nothing is published"):
        runner.marts_folder(settings)


def test_an_old_night_is_rebuilt_with_the_later_ones_and_only_the_newest_may_mail(settings: Settings) -> None:
    for night in ("2026-01-01", "2026-01-03"):
        runner.run_night(settings, night)
    runner.run_night(settings, "2026-01-02")
    assert runner.newest_night(settings) == "2026-01-03"
    assert nights_in(runner.marts_folder(settings)) == ["2026-01-01", "2026-01-02", "2026-01-03"]
    catalog = Store(settings.data).read()
    assert not any(state.stale for state in catalog.nights.values())
    sent = pq.read_table(runner.marts_folder(settings).parent / "deliver" / "chain.parquet").column("backfill")
    assert set(sent.to_pylist()) == {False}, "its readers may have to be told of other figures"
    state = catalog.night("2026-01-02")
    old = Store(settings.data).folder("2026-01-02", state.build or 0) / "deliver" / "chain.parquet"
    assert set(pq.read_table(old).column("backfill").to_pylist()) == {True}


def test_a_later_night_that_was_only_begun_is_not_made_again(settings: Settings) -> None:
    runner.run_night(settings, "2026-01-01")
    Store(settings.data).begin("2026-01-09")
    runner.run_night(settings, "2026-01-01")
    assert runner.rebuild_stale(settings) == []
    assert nights_in(runner.marts_folder(settings)) == ["2026-01-01"]


def test_stages_one_by_one_give_what_the_night_gives(settings: Settings) -> None:
    for stage in STAGES:
        for source in SOURCES if stage in BY_SOURCE else (None,):
            summary = runner.run_stage(settings, stage, "2026-01-01", source)
    assert summary["stage"] == "deliver"
    assert nights_in(runner.marts_folder(settings)) == ["2026-01-01"]


def test_a_cleared_stage_of_a_published_night_resumes_from_what_stands(settings: Settings) -> None:
    first = runner.run_night(settings, "2026-01-01")
    runner.run_stage(settings, "missions", "2026-01-01")
    assert runner.marts_folder(settings) == first, "nothing changes before the marts are whole"
    for stage in STAGES[STAGES.index("ranking") : STAGES.index("marts") + 1]:
        runner.run_stage(settings, stage, "2026-01-01")
    assert runner.marts_folder(settings) != first


def test_a_stage_run_again_makes_the_later_ones_run_again(settings: Settings) -> None:
    runner.run_night(settings, "2026-01-01", through="missions")
    runner.run_stage(settings, "identity", "2026-01-01")
    with pytest.raises(StageError, match="Run the stage missions first"):
        runner.run_stage(settings, "ranking", "2026-01-01")


def test_one_source_run_again_leaves_the_other_sources_alone(settings: Settings) -> None:
    runner.run_night(settings, "2026-01-01", through="ingest")
    runner.run_stage(settings, "pull", "2026-01-01", "web")
    runner.run_stage(settings, "ingest", "2026-01-01", "web")
    runner.run_stage(settings, "identity", "2026-01-01")


def test_one_source_of_a_published_night_run_again_keeps_the_other_sources(settings: Settings) -> None:
    runner.run_night(settings, "2026-01-01")
    runner.run_stage(settings, "pull", "2026-01-01", "web")
    runner.run_stage(settings, "ingest", "2026-01-01", "web")
    for stage in STAGES[2 : STAGES.index("marts") + 1]:
        runner.run_stage(settings, stage, "2026-01-01")
    assert nights_in(runner.marts_folder(settings)) == ["2026-01-01"]


def test_a_second_run_beside_the_first_is_refused(settings: Settings) -> None:
    with Store(settings.data).lock(), pytest.raises(LockedError, match="another run holds the data folder"):
        runner.run_night(settings, "2026-01-01")


@pytest.mark.parametrize(
    ("stage", "source", "says"),
    [("sort", None, "unknown stage"), ("ingest", None, "needs a source"), ("ranking", "crm", "takes no source")],
)
def test_a_stage_that_is_not_one_is_refused(settings: Settings, stage: str, source: str | None, says: str) -> None:
    with pytest.raises(StageError, match=says):
        runner.run_stage(settings, stage, "2026-01-01", source)
