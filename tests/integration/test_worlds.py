"""Worlds with known truth, scored: the floors below which a change must not take the product."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.integration.test_night import bytes_of, ran

pytestmark = pytest.mark.slow


def nights_of(world: Path) -> list[str]:
    return list(json.loads((world / "truth" / "counts.json").read_text())["nights"])


@pytest.fixture(scope="module")
def hotel(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    world = shared / "worlds" / "hotel"
    marts = ran(world, tmp_path_factory.mktemp("hotel"), *nights_of(world))
    score = [sys.executable, str(shared / "worlds" / "score.py"), str(marts), str(world / "truth"), "--json"]
    return dict(json.loads(subprocess.run(score, capture_output=True, text=True, check=True).stdout))


@pytest.mark.parametrize(
    ("block", "figure", "least"),
    [
        ("identities", "f1", 0.96),
        ("identities", "precision", 0.985),
        ("journeys", "orders_with_a_journey", 0.995),
        ("journeys", "retained_right", 0.99),
        ("journeys", "unfinished_left_open", 1.0),
        ("journeys", "moments_precision", 0.98),
        ("journeys", "moments_recall", 0.965),
        ("journeys", "mission_ari", 0.60),
        ("ranking", "pairs_told", 0.80),
        ("ranking", "interval_coverage", 0.90),
        ("ranking", "ndcg5_by_effect", 0.85),
        ("quarantine", "bad_rows_caught", 1.0),
        ("quarantine", "unreadable_caught", 1.0),
        ("quarantine", "duplicates_right", 1.0),
    ],
)
def test_a_figure_is_at_least(hotel: dict[str, Any], block: str, figure: str, least: float) -> None:
    assert hotel[block][figure] >= least


@pytest.mark.parametrize(
    ("block", "figure", "most"),
    [
        ("identities", "refusers_in_marts", 0),
        ("journeys", "journeys_of_dead_orders", 0),
        ("ranking", "false_discoveries", 0.10),
        ("ranking", "rmse_against_naive", 0.75),
        ("quarantine", "good_rows_quarantined", 0),
        ("quarantine", "unreadable_too_many", 0),
    ],
)
def test_a_figure_is_at_most(hotel: dict[str, Any], block: str, figure: str, most: float) -> None:
    assert hotel[block][figure] <= most


@pytest.fixture(scope="module")
def both_ways(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """hotel-small: its five nights one by one, and a first run on the last night alone."""
    world = shared / "worlds" / "hotel-small"
    nights = nights_of(world)
    one_by_one = ran(world, tmp_path_factory.mktemp("one_by_one"), *nights)
    at_once = ran(world, tmp_path_factory.mktemp("at_once"), nights[-1])
    return one_by_one, at_once


@pytest.mark.parametrize(
    "table", ["crm/customers", "crm/orders", "crm/interactions", "web/events", "partner/activities"]
)
def test_nights_one_by_one_accept_the_rows_that_one_run_does(both_ways: tuple[Path, Path], table: str) -> None:
    first, second = (standing(marts.parent / "ingest" / table) for marts in both_ways)
    pd.testing.assert_frame_equal(first, second)


def standing(place: Path) -> pd.DataFrame:
    """The rows of a table that stand, in the order of what they were delivered as."""
    from pipeline.settings import load_settings
    from pipeline.warehouse import Session

    with Session(load_settings({"LANDMARK_HASH_KEY": "k"}), "x", place, place / "spill") as session:
        session.attach("ingest", [place.parent])
        keys = ["delivered_night", "delivered_file", "delivered_line"]
        return session.frame(f"ingest.{place.name}").sort_values(keys).reset_index(drop=True)


@pytest.mark.parametrize(
    ("mart", "columns"),
    [
        ("touchpoints", ["touch_id", "journey_id", "occurred_at", "event", "outcome"]),
        ("journeys", ["journey_id", "order_id", "started_at", "ended_at", "value", "retained"]),
        ("moments", ["journey_id", "moment", "occurred_at"]),
    ],
)
def test_nights_one_by_one_give_the_journeys_that_one_run_does(
    both_ways: tuple[Path, Path], mart: str, columns: list[str]
) -> None:
    first, second = (pd.read_parquet(m / f"{mart}.parquet", columns=columns) for m in both_ways)
    together = first.merge(second, how="outer", indicator=True)
    assert (together["_merge"] == "both").mean() >= 0.995


def test_hotel_small_twice_gives_the_same_bytes(shared: Path, both_ways: tuple[Path, Path], tmp_path: Path) -> None:
    world = shared / "worlds" / "hotel-small"
    again = ran(world, tmp_path / "again", *nights_of(world))
    assert bytes_of(again) == bytes_of(both_ways[0])
