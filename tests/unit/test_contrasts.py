"""Differences between groups: found where they are planted, not where missions or chance make them."""

import dataclasses

import numpy as np
import pytest

from pipeline.estimators.contrasts import Contrast, contrast, mean_effect, verdict
from pipeline.estimators.trials import Influence, clustered_error


def values(rng: np.random.Generator, effect: np.ndarray) -> Influence:
    """Influence values of journeys whose effects are given: noise around them, arms at random."""
    n = len(effect)
    treated = rng.random(n) < 0.5
    return Influence(
        rows=np.arange(n),
        values=effect + rng.normal(0, 0.9, n),
        modelled=effect,
        control=np.full(n, 0.5),
        treated=treated,
        outcome=(rng.random(n) < 0.5).astype(float),
        inside=np.ones(n, dtype=bool),
        weight=np.full(n, 2.0),
    )


def compared(influence: Influence, inside: np.ndarray, mission: np.ndarray | None = None) -> Contrast:
    n = len(influence.rows)
    found = contrast(influence, inside, np.zeros(n, np.int64) if mission is None else mission, np.arange(n))
    assert found is not None
    return found


def test_a_planted_difference_is_found_with_both_effects() -> None:
    rng = np.random.default_rng(1)
    inside = rng.random(20_000) < 0.3
    found = compared(values(rng, np.where(inside, 0.15, 0.05)), inside)
    assert found.effect == pytest.approx(0.15, abs=0.04)
    assert found.other_effect == pytest.approx(0.05, abs=0.03)
    assert found.difference == pytest.approx(0.10, abs=3 * found.difference_error)
    assert found.p_value() < 0.001
    assert verdict(found.difference, found.p_value()) == "higher"


def test_a_group_is_not_credited_with_the_missions_that_it_is_on() -> None:
    rng = np.random.default_rng(2)
    mission = rng.integers(0, 2, 20_000)
    inside = rng.random(20_000) < np.where(mission == 1, 0.8, 0.2)
    found = compared(values(rng, np.where(mission == 1, 0.2, 0.0)), inside, mission)
    assert found.effect - found.other_effect > 0.08, "the plain difference is that of the missions"
    assert abs(found.difference) < 3 * found.difference_error


def test_where_groups_do_not_differ_the_test_says_so_as_often_as_it_should() -> None:
    rng = np.random.default_rng(3)
    found = [compared(values(rng, np.full(800, 0.1)), rng.random(800) < 0.4).p_value() for _ in range(400)]
    assert np.mean(np.array(found) < 0.05) < 0.075


def test_a_customer_s_journeys_count_as_one() -> None:
    rng = np.random.default_rng(4)
    once = values(rng, np.full(500, 0.1))
    same = np.tile(np.arange(500), 4)
    often = dataclasses.replace(
        once, rows=np.arange(2000), **{name: getattr(once, name)[same] for name in
        ("values", "control", "treated", "outcome", "inside", "weight")},
    )  # fmt: skip
    inside = rng.random(500) < 0.5
    mission = np.zeros(2000, np.int64)
    alone, four = contrast(once, inside, mission[:500], np.arange(500)), contrast(often, inside[same], mission, same)
    assert alone is not None
    assert four is not None
    assert four.difference_error == pytest.approx(alone.difference_error, rel=0.02)


def test_few_journeys_in_one_of_the_four_cells_are_not_tried() -> None:
    rng = np.random.default_rng(5)
    influence = values(rng, np.full(400, 0.1))
    inside = np.zeros(400, dtype=bool)
    inside[np.flatnonzero(influence.treated)[:19]] = True
    inside[np.flatnonzero(~influence.treated)[:100]] = True
    assert contrast(influence, inside, np.zeros(400, np.int64), np.arange(400)) is None


def test_a_group_that_is_a_mission_cannot_be_told_from_it() -> None:
    rng = np.random.default_rng(6)
    mission = rng.integers(0, 2, 400)
    assert contrast(values(rng, np.full(400, 0.1)), mission == 1, mission, np.arange(400)) is None


def test_less_than_half_a_point_is_no_difference() -> None:
    tiny = Contrast(1000, 500, 0.104, 0.001, 0.1, 0.001, 0.004, 0.0001)
    assert tiny.p_value() == 1
    assert verdict(0.2, float("nan")) == "no_difference_seen"


def test_the_mean_of_moments_knows_that_they_share_customers() -> None:
    rng = np.random.default_rng(7)
    one = values(rng, np.full(2000, 0.1))
    customer = np.arange(2000)
    mean, error = mean_effect([one, one], customer)
    alone = clustered_error(one.values, customer)
    assert mean == pytest.approx(one.values.mean())
    assert error == pytest.approx(alone, rel=1e-6), "the same moment twice is no surer than once"
    _, apart = mean_effect([one, values(rng, np.full(2000, 0.1))], customer)
    assert apart == pytest.approx(alone / np.sqrt(2), rel=0.1)
