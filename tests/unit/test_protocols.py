"""A trial written down: what is eligible, what adjusts and what does not, and of which data and map."""

import dataclasses
from pathlib import Path

import pandas as pd
import pytest

from pipeline.context import Run
from pipeline.journey_map import JourneyMap, Renaming
from pipeline.settings import Settings
from pipeline.stages import protocols
from pipeline.warehouse import Session
from tests.unit.test_subgroups import NIGHT, journey_map, trials


def written(tmp_path: Path, a_map: JourneyMap, arrived: int = 10) -> pd.DataFrame:
    """ranking.trials of the trials of test_subgroups, by moment."""
    settings = Settings(data=tmp_path, hash_key="k")
    with Session(settings, "ranking", tmp_path, tmp_path / "spill") as session:
        times = pd.to_datetime(["2025-01-02 10:00", "2026-02-03 10:00"])
        session.put("ranking.followed", pd.DataFrame({"ordered_at": times}), grain=())
        counts = dict.fromkeys(("accepted", "superseded", "quarantined", "not_ours", "erased"), 0) | {
            "arrived": arrived
        }
        file = {"source": "crm", "table_name": "orders", "night": NIGHT, "file": "orders.csv"} | counts
        session.put("ingest.files", pd.DataFrame([file]), grain=())
        protocols.build(Run(NIGHT, settings, a_map), session, trials(400))
        return session.frame("ranking.trials").set_index("moment")


def test_a_trial_adjusts_for_what_came_before_and_nothing_else(tmp_path: Path) -> None:
    table = written(tmp_path, journey_map())
    assert list(table.loc["tip", "earlier_moments"]) == []
    assert list(table.loc["queue", "earlier_moments"]) == ["tip"], "of one sub-step, where one comes before the other"
    assert list(table.loc["fixed", "earlier_moments"]) == ["tip", "queue", "broke"]
    assert list(table.loc["fixed", "earlier_sub_steps"]) == ["shelf", "home"]
    assert "prior_orders" in table.loc["tip", "adjusted_for"]


def test_a_trial_says_who_is_eligible_and_what_the_map_asks(tmp_path: Path) -> None:
    fixed = written(tmp_path, journey_map()).loc["fixed"]
    assert fixed["sub_step_when"] == "event = 'repair'"
    assert fixed["moment_when"] == "event = 'fixed'"
    assert 0 < fixed["eligible"] == fixed["customers"] < 400
    assert str(fixed["first_ordered_at"]) == "2025-01-02 10:00:00"
    assert fixed["horizon_days"] == 90


def test_versions_change_with_what_they_are_versions_of(tmp_path: Path) -> None:
    first = written(tmp_path, journey_map()).iloc[0]
    again = written(tmp_path, journey_map()).iloc[0]
    assert (first["map_version"], first["data_version"]) == (again["map_version"], again["data_version"])
    longer = written(tmp_path, dataclasses.replace(journey_map(), horizon_days=91)).iloc[0]
    assert longer["map_version"] != first["map_version"]
    assert written(tmp_path, journey_map(), arrived=11).iloc[0]["data_version"] != first["data_version"]


@pytest.mark.parametrize("label", ["Gift", "Present"])
def test_a_mission_s_new_name_is_no_new_map(label: str) -> None:
    named = dataclasses.replace(journey_map(), missions=(Renaming("gift", label, None),))
    assert protocols.map_version(named) == protocols.map_version(journey_map())
