"""Tonight beside a night of four weeks ago: compared where both can tell, and only where there is such a night."""

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.catalog import NightState, Store
from pipeline.context import Run
from pipeline.journey_map import JourneyMap
from pipeline.reporting import month_changes
from pipeline.settings import Settings
from pipeline.stages.changes import BUCKETS, SAME
from pipeline.warehouse import Session

NIGHT = date(2026, 6, 30)
Row = dict[str, object]


def sums(moment: str, mean: float) -> Row:
    """Influence sums of 200 journeys a bucket, whose means scatter a little around `mean`."""
    noise = np.random.default_rng(len(moment)).normal(0, 0.5, BUCKETS)
    return {"moment": moment, "mission": "work", "journeys": [200] * BUCKETS, "sums": (200 * mean + noise).tolist()}


def ranking(folder: Path, night: date, means: dict[str, float], verdict: str = "drives") -> None:
    """The tables of a night's ranking that are compared."""
    folder.mkdir(parents=True)
    rated = [
        {"mission": "work", "moment": moment, "verdict": verdict, "effect": mean} for moment, mean in means.items()
    ]
    ends = {"ci_low": 0.0, "ci_high": 0.5, "eligible": 900, "exposed": 300}
    trial = dict.fromkeys(SAME, "as ever") | {"night": night}
    tables = {
        "moment_ranking": [row | ends for row in rated],
        "trials": [trial | {"moment": moment} for moment in means],
        "influence_sums": [sums(moment, mean) for moment, mean in means.items()],
    }
    for name, rows in tables.items():
        pq.write_table(pa.Table.from_pylist(rows), folder / f"{name}.parquet")


def compared(data: Path, nights: dict[int, dict[str, float]], **told: str) -> list[Row]:
    """report.month_changes of NIGHT, given the rankings of nights so many days before it (0: tonight's)."""
    store = Store(data)
    for days, means in nights.items():
        night = NIGHT - timedelta(days=days)
        ranking(store.folder(night.isoformat(), 1) / "ranking", night, means, **(told if days else {}))
        if days:
            store.set_night(night.isoformat(), build=1)
    tonight = store.folder(NIGHT.isoformat(), 1) / "ranking"
    run = Run(NIGHT, Settings(data=data, hash_key="k"), JourneyMap("Acme", "EUR", 14, 10, 21, 90, ()))
    with Session(run.settings, "report", data, data / "spill") as session:
        session.attach("ranking", [tonight])
        shown = "'Work' as mission_label, 1 as mission_position, 0 as moment_position, 'pay' as step, false as is_small"
        session.select("report.ranking", f"select *, {shown} from ranking.moment_ranking")
        month_changes.build(run, session)
        rows: list[Row] = session.arrow("(from report.month_changes order by moment)").to_pylist()
        return rows


def test_an_effect_that_moved_in_four_weeks_is_told_and_one_that_did_not_is_not(tmp_path: Path) -> None:
    rows = compared(tmp_path, {0: {"moved": 0.2, "stood": 0.1, "new": 0.1}, 30: {"moved": 0.1, "stood": 0.1}})
    assert [(row["moment"], row["has_changed"]) for row in rows] == [("moved", True), ("stood", False)]
    assert rows[0]["change"] == pytest.approx(0.1)
    assert rows[0]["previous_night"] == date(2026, 5, 31)
    assert rows[0]["previous_effect"] == 0.1
    assert rows[0]["is_same_trial"] is True


def test_the_night_compared_with_is_the_last_of_four_weeks_ago_or_more(tmp_path: Path) -> None:
    rows = compared(tmp_path, {0: {"tip": 0.1}, 27: {"tip": 0.3}, 28: {"tip": 0.2}, 60: {"tip": 0.4}})
    assert [row["previous_effect"] for row in rows] == [0.2]


def test_what_could_not_be_told_then_is_not_compared(tmp_path: Path) -> None:
    assert compared(tmp_path, {0: {"tip": 0.1}, 30: {"tip": 0.4}}, verdict="cannot_tell") == []


def test_a_young_installation_and_an_unfinished_night_have_nothing_to_compare(tmp_path: Path) -> None:
    assert compared(tmp_path / "young", {0: {"tip": 0.1}, 5: {"tip": 0.4}}) == []
    store = Store(tmp_path / "unfinished")
    store.update(lambda catalog: catalog.__class__(None, {"2026-05-01": NightState(working=1)}))
    assert compared(tmp_path / "unfinished", {0: {"tip": 0.1}}) == []


def test_a_night_of_another_version_that_lacks_what_is_compared_is_left_alone(tmp_path: Path) -> None:
    old = Store(tmp_path).folder("2026-05-31", 1) / "ranking" / "influence_sums.parquet"
    ranking(old.parent, date(2026, 5, 31), {"tip": 0.4})
    old.unlink()
    Store(tmp_path).set_night("2026-05-31", build=1)
    assert compared(tmp_path, {0: {"tip": 0.1}}) == []
