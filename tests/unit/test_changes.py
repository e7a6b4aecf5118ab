"""Night to night: the error of a change is that of two nights that share their journeys, and a first night has none."""

from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.settings import Settings
from pipeline.stages import changes
from pipeline.stages.changes import BUCKETS, shift
from pipeline.warehouse import Session


def counts(values: np.ndarray, bucket: np.ndarray) -> np.ndarray:
    return np.array([np.bincount(bucket, weights, minlength=BUCKETS) for weights in (None, values)], dtype=float)


def test_the_error_of_a_change_is_that_of_what_came_anew() -> None:
    rng = np.random.default_rng(1)
    moved, errors, alone = [], [], []
    for _ in range(200):
        bucket = rng.integers(0, BUCKETS, 2200)
        values = rng.normal(0.1, 1, 2200)
        change, error = shift(counts(values, bucket), counts(values[:2000], bucket[:2000]))
        moved.append(change)
        errors.append(error)
        alone.append(1 / np.sqrt(2000))
    assert np.std(moved) == pytest.approx(np.mean(errors), rel=0.15)
    assert np.mean(errors) < 0.5 * np.mean(alone), "two nights by themselves would be far less sure"


def test_the_same_night_twice_has_not_changed() -> None:
    rng = np.random.default_rng(2)
    same = counts(rng.normal(size=500), rng.integers(0, BUCKETS, 500))
    assert shift(same, same) == (0.0, 0.0)


def ranking(session: Session, effect: float, sums: list[float], when: str = "true", verdict: str = "drives") -> None:
    """A ranking of one moment on all journeys, with 10 journeys in each of the first buckets."""
    row = {"mission": "ALL", "moment": "tip", "verdict": verdict, "rank": 1, "rank_low": 1, "rank_high": 1}
    row |= {"effect": effect, "ci_low": effect - 0.1, "ci_high": effect + 0.1, "effect_unpooled": effect}
    session.put("ranking.moment_ranking", pa.Table.from_pylist([row]), grain=("mission", "moment"))
    trial = {"moment": "tip", "sub_step_when": "true", "moment_when": when, "horizon_days": 90}
    trial |= {"landmark_version": "1", "night": date(2026, 6, 29)}
    session.put("ranking.trials", pa.Table.from_pylist([trial]), grain=("moment",))
    padded = np.zeros(BUCKETS)
    padded[: len(sums)] = sums
    journeys = np.where(np.arange(BUCKETS) < len(sums), 10, 0).tolist()
    summed = {"moment": "tip", "mission": "ALL", "journeys": journeys, "sums": padded.tolist()}
    session.put("ranking.influence_sums", pa.Table.from_pylist([summed]), grain=("moment", "mission"))


def compared(
    tmp_path: Path, before: tuple[float, list[float]] | None, now: list[float], when: str = "true", said: str = "drives"
) -> dict:
    """The row of ranking_changes for a moment whose influence sums are given, and those of the night before."""
    settings = Settings(data=tmp_path, hash_key="k")
    last = tmp_path / "last"
    last.mkdir()
    if before is not None:
        with Session(settings, "ranking", last, tmp_path / "spill") as session:
            ranking(session, *before)
            session.write()
    with Session(settings, "ranking", tmp_path, tmp_path / "spill") as session:
        session.previous_folders["ranking"] = [last]
        ranking(session, 0.2, now, when, said)
        changes._compare(session)
        return session.arrow("ranking.ranking_changes").to_pylist()[0]


def test_a_first_night_has_nothing_to_compare_with(tmp_path: Path) -> None:
    row = compared(tmp_path, None, [1.0, 2.0])
    assert row["effect"] == 0.2
    assert all(row[name] is None for name in ("previous_night", "previous_effect", "change", "has_changed"))


def test_a_change_beyond_noise_is_flagged_beside_what_was_said(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    then = rng.normal(0, 0.1, 200).tolist()
    row = compared(
        tmp_path, (0.0, then), [one + 2 + 0.01 * x for one, x in zip(then, rng.normal(size=200), strict=True)]
    )
    assert row["has_changed"] is True
    assert row["change"] == pytest.approx(0.2, abs=0.01)
    assert row["previous_night"] == date(2026, 6, 29)
    assert row["previous_effect"] == 0.0
    assert row["is_same_trial"] is True


def test_noise_is_not_flagged_and_another_question_is_told(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    row = compared(tmp_path, (0.0, rng.normal(0, 5, 200).tolist()), rng.normal(0, 5, 200).tolist(), when="false")
    assert row["has_changed"] is False
    assert row["is_same_trial"] is False


def test_what_either_night_cannot_tell_is_not_compared(tmp_path: Path) -> None:
    row = compared(tmp_path, (0.0, [0.0] * 200), [5.0] * 200, said="cannot_tell")
    assert row["has_changed"] is None
    assert row["previous_verdict"] == "drives"


def test_a_night_of_another_version_is_not_compared_with(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path, hash_key="k")
    last = tmp_path / "last"
    last.mkdir()
    pq.write_table(pa.table({"mission": ["ALL"], "moment": ["tip"]}), last / "moment_ranking.parquet")
    with Session(settings, "ranking", tmp_path, tmp_path / "spill") as session:
        session.previous_folders["ranking"] = [last]
        ranking(session, 0.2, [1.0])
        changes._compare(session)
        assert session.arrow("ranking.ranking_changes").to_pylist()[0]["has_changed"] is None
