"""What each moment is worth, from a night's journeys: places and weeks as the journeys tell them."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipeline.context import Run
from pipeline.settings import Settings
from pipeline.stages import worth
from pipeline.warehouse import Session
from tests.unit.test_subgroups import journey_map

NIGHT = date(2026, 6, 30)
PEOPLE = 6000
REGIONS = ("Best", "East", "North", "South", "West")


def journeys(rng: np.random.Generator) -> pd.DataFrame:
    """An order a person over 300 days; regions in equal parts; half of the people on the mission gift."""
    reached = pd.Timestamp(NIGHT) - pd.to_timedelta(rng.uniform(0.5, 300, PEOPLE), unit="D")
    table = pd.DataFrame({"journey_id": [f"j{n}" for n in range(PEOPLE)], "reached_at": reached})
    table = table.assign(customer_id=table["journey_id"], order_id=table["journey_id"], country="XX")
    return table.assign(
        region=np.array(REGIONS)[rng.integers(0, 5, PEOPLE)],
        mission=np.where(rng.random(PEOPLE) < 0.5, "gift", "home"),
        ordered_at=table["reached_at"] - pd.Timedelta(days=1),
    )


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Iterator[pd.DataFrame]:
    """The ranking with its worth: tip is on .7 of the journeys in one region and on .3 in the others; queue on .4, and
    never in one region; broke cannot be told."""
    rng = np.random.default_rng(9)
    folder: Path = tmp_path_factory.mktemp("night")
    settings = Settings(data=folder, hash_key="k")
    people = journeys(rng)
    chance = {
        "tip": np.where(people["region"] == "Best", 0.7, 0.3),
        "queue": np.where(people["region"] == "West", 0, 0.4),
    }
    chance["broke"] = np.full(PEOPLE, 0.5)
    happened = {name: rng.random(PEOPLE) < share for name, share in chance.items()}
    with Session(settings, "ranking", folder, folder / "spill") as session:
        session.put("journeys.journeys", people, grain=())
        session.put("missions.assignments", people[["journey_id", "mission"]], grain=())
        session.put("journeys.sub_steps", people[["journey_id", "reached_at"]].assign(sub_step="shelf"), grain=())
        touches = people[["journey_id"]].assign(occurred_at=people["reached_at"], channel="store", brand="Acme")
        session.put("journeys.touchpoints", touches, grain=())
        moments = [people.loc[on, ["journey_id"]].assign(moment=name) for name, on in happened.items()]
        times = people.set_index("journey_id")["reached_at"]
        listed = pd.concat(moments).assign(sub_step="shelf")
        session.put("journeys.moments", listed.assign(occurred_at=times.loc[listed["journey_id"]].to_numpy()), grain=())
        session.put("journeys.map_moments", pd.DataFrame({"moment": list(chance), "sub_step": "shelf"}), grain=())
        session.put("ranking.moment_ranking", pd.DataFrame(list(_rated())), grain=("mission", "moment"))
        worth.build(Run(NIGHT, settings, journey_map()), session)
        yield session.frame("ranking.moment_ranking").set_index(["mission", "moment"])


def _rated() -> Iterator[dict[str, object]]:
    for mission in ("ALL", "gift", "home", "new"):
        for moment, effect, verdict in (
            ("tip", 0.1, "drives"),
            ("queue", -0.2, "harms"),
            ("broke", 0.3, "cannot_tell"),
        ):
            ends = {"ci_low": effect - 0.05, "ci_high": effect + 0.05, "value_effect": 100 * effect}
            value = {"value_ci_low": 100 * effect - 8, "value_ci_high": 100 * effect + 8}
            yield {"mission": mission, "moment": moment, "verdict": verdict, "effect": effect} | ends | value


def test_a_driver_could_happen_as_often_as_in_the_best_region(found: pd.DataFrame) -> None:
    for mission in ("ALL", "gift", "home"):
        row = found.loc[(mission, "tip")]
        assert row["exposed_share"] == pytest.approx(0.38, abs=0.04)
        assert row["feasible_share"] == pytest.approx(0.66, abs=0.07)
        told = row["recent_journeys"] * (row["feasible_share"] - row["exposed_share"]) * 0.1
        assert row["retained_customers"] == pytest.approx(told)
        assert row["retained_value"] == pytest.approx(told * 100)
        assert row["retained_customers_low"] < told < row["retained_customers_high"]
    assert found.loc[("ALL", "tip"), "recent_journeys"] == pytest.approx(1800, abs=120), "90 of 300 days"


def test_a_harm_could_stop_where_it_happens_at_all(found: pd.DataFrame) -> None:
    row = found.loc[("ALL", "queue")]
    assert row["recent_journeys"] == pytest.approx(1440, abs=120), "a region in which it never happens is left out"
    assert row["feasible_share"] == 0
    assert row["retained_customers"] == pytest.approx(row["recent_journeys"] * row["exposed_share"] * 0.2)
    assert row["retained_customers_low"] > 0


def test_what_cannot_be_told_has_shares_but_no_worth(found: pd.DataFrame) -> None:
    row = found.loc[("ALL", "broke")]
    assert row["exposed_share"] == pytest.approx(0.5, abs=0.05)
    assert pd.isna(row["retained_customers"]) and pd.isna(row["retained_value"])


def test_a_mission_that_nobody_is_on_of_late_has_nothing(found: pd.DataFrame) -> None:
    row = found.loc[("new", "tip")]
    assert row["recent_journeys"] == 0
    assert pd.isna(row["exposed_share"]) and pd.isna(row["retained_customers"])
