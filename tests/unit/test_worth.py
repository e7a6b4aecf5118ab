"""What a feasible change is worth: the best tenth without luck, never beyond what was seen, and an honest interval."""

import numpy as np
import pytest

from pipeline.estimators import feasible
from pipeline.estimators.feasible import Shares

ONE = np.ones((1, 1))


def counts(rng: np.random.Generator, true: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Cells of one size whose true shares are given: journeys and those with the moment."""
    return np.full(len(true), float(size)), rng.binomial(size, true).astype(float)


def test_weeks_of_a_place_go_together_until_a_cell_is_large_enough() -> None:
    place, week = np.array([1, 0, 0, 0, 0, 2]), np.array([1, 3, 2, 1, 4, 1])
    tried, happened = np.array([25.0, 15, 10, 12, 3, 4]), np.array([5.0, 1, 2, 3, 1, 4])
    sizes, found = feasible.cells(place, week, tried, happened)
    assert sizes.tolist() == [40, 25], "12 and 10 make a cell, 15 and 3 are left over; a place of 4 makes none"
    assert found.tolist() == [7, 5]


def test_places_too_small_for_a_cell_make_up_one() -> None:
    place = np.arange(6)
    sizes, _ = feasible.cells(place, np.zeros(6, np.int64), np.full(6, 5.0), np.ones(6))
    assert sizes.tolist() == [30]


def test_the_best_tenth_of_cells_that_differ_by_luck_alone_is_their_mean() -> None:
    rng = np.random.default_rng(1)
    best = []
    for _ in range(40):
        tried, happened = counts(rng, np.full(60, 0.4), 20)
        best.append(feasible.best_share(tried, happened, np.ones((1, 60)))[0])
        assert np.quantile(happened / tried, 0.9) >= 0.5, "by luck the best tenth seem to have it far more often"
    assert abs(np.mean(best) - 0.4) < 0.03


@pytest.mark.parametrize("size", [20, 200])
def test_the_best_tenth_is_found_whatever_the_size_of_cells(size: int) -> None:
    rng = np.random.default_rng(2)
    best = []
    for _ in range(40):
        tried, happened = counts(rng, rng.beta(8, 12, 120), size)
        best.append(feasible.best_share(tried, happened, np.ones((1, 120)))[0])
    assert abs(np.mean(best) - 0.542) < 0.02, "the upper tenth of Beta(8, 12) begins at .542"


def test_what_is_feasible_was_seen() -> None:
    rng = np.random.default_rng(3)
    tried, happened = counts(rng, rng.beta(2, 3, 50), 30)
    weights = rng.multinomial(50, np.full(50, 0.02), 200).astype(float)
    assert (feasible.best_share(tried, happened, weights) <= (happened / tried).max()).all()


def test_the_interval_of_what_is_feasible_holds_the_truth() -> None:
    rng = np.random.default_rng(4)
    held = []
    for _ in range(60):
        tried, happened = counts(rng, rng.beta(8, 12, 300), 60)
        draws = feasible.shares(tried, happened, (500, 200), rng).feasible_draws
        held.append(np.quantile(draws, 0.025) <= 0.542 <= np.quantile(draws, 0.975))
    assert np.mean(held) >= 0.9


def test_cells_told_for_other_customers_stay_shares() -> None:
    rng = np.random.default_rng(7)
    tried, happened = counts(rng, rng.beta(9, 1, 40), 20)
    found = feasible.shares(tried, happened + 3, (500, 450), rng)
    assert found.feasible <= 1
    assert (found.feasible_draws <= 1).all()


def test_few_cells_and_a_moment_that_always_happens_tell_nothing() -> None:
    rng = np.random.default_rng(5)
    few = feasible.shares(np.full(9, 20.0), np.full(9, 8.0), (100, 40), rng)
    always = feasible.shares(np.full(20, 20.0), np.full(20, 20.0), (100, 100), rng)
    assert np.isnan([few.feasible, always.feasible]).all() and few.now == 0.4


def known(now: float, best: float, spread: float = 0.0) -> Shares:
    noise = np.linspace(-1, 1, feasible.DRAWS) * spread
    return Shares(now, best, now + noise, best - noise)


def test_a_driver_is_worth_what_is_missing_to_the_best_tenth() -> None:
    told, low, high = feasible.worth((0.1, 0.05, 0.15), known(0.4, 0.6).more(), 1000, np.random.default_rng(6))
    assert told == pytest.approx(20)
    assert low == pytest.approx(10, abs=0.5) and high == pytest.approx(30, abs=0.5)


def test_a_harm_is_worth_what_stops_being_lost() -> None:
    told, low, high = feasible.worth((-0.1, -0.15, -0.05), known(0.4, 0.6).none(), 1000, np.random.default_rng(6))
    assert told == pytest.approx(40)
    assert low == pytest.approx(20, abs=1) and high == pytest.approx(60, abs=1)


def test_what_happens_more_often_than_in_the_best_tenth_has_nothing_left_to_gain() -> None:
    told, low, _ = feasible.worth((0.1, 0.05, 0.15), known(0.7, 0.6).more(), 1000, np.random.default_rng(6))
    assert told == 0 and low == 0


def test_what_is_not_known_of_the_shares_widens_the_interval() -> None:
    sure = feasible.worth((0.1, 0.05, 0.15), known(0.4, 0.6).more(), 1000, np.random.default_rng(6))
    unsure = feasible.worth((0.1, 0.05, 0.15), known(0.4, 0.6, 0.15).more(), 1000, np.random.default_rng(6))
    assert unsure[2] - unsure[1] > 1.2 * (sure[2] - sure[1])


def test_without_an_effect_or_a_feasible_share_nothing_is_told() -> None:
    nan = float("nan")
    rng = np.random.default_rng(6)
    assert np.isnan(feasible.worth((nan, nan, nan), known(0.4, 0.6).more(), 1000, rng)).all()
    assert np.isnan(feasible.worth((0.1, 0.05, 0.15), known(0.4, nan).more(), 1000, rng)).all()


def test_all_missions_together_weigh_by_their_journeys_and_a_silent_one_stays_as_it_is() -> None:
    nan = float("nan")
    both = feasible.together([known(0.2, 0.6), known(0.5, nan)], np.array([300, 100]))
    assert both.now == pytest.approx(0.275)
    assert both.feasible == pytest.approx(0.575)
    assert np.isnan(feasible.together([known(0.2, nan)], np.array([3])).feasible)
    assert np.isnan(feasible.together([known(nan, nan)], np.array([0])).now)
