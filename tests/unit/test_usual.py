"""What is usual: a third of the rows is unlike the nights before, what chance does is not, few nights tell nothing."""

from datetime import date, timedelta
from math import inf

import numpy as np
import pytest

from pipeline.estimators import usual

NIGHT = date(2026, 6, 30)


def steady(middle: float, nights: int, seed: int = 1) -> list[float]:
    """Nights around a middle, as chance alone moves them."""
    return [float(count) for count in np.random.default_rng(seed).poisson(middle, nights)]


@pytest.mark.parametrize("nights", [0, 1, 2])
def test_of_few_nights_nothing_is_usual(nights: int) -> None:
    limits = usual.of_counts([90.0] * nights)
    assert (limits.nights, limits.usual, limits.low, limits.high) == (nights, None, -inf, inf)
    assert limits.excess(0.0) == 0.0


@pytest.mark.parametrize("middle", [90, 2000, 1_000_000])
@pytest.mark.parametrize("nights", [7, 14, 28])
def test_a_third_of_the_usual_rows_and_three_times_as_many_are_outside(middle: float, nights: int) -> None:
    limits = usual.of_counts(steady(middle, nights))
    assert limits.excess(middle / 3) > 0
    assert limits.excess(middle * 3) > 0
    assert not any(limits.excess(middle * part) for part in (0.6, 0.8, 1.0, 1.25, 1.7))


def test_one_wild_night_among_the_past_ones_moves_no_limit_much() -> None:
    calm, wild = usual.of_counts(steady(90, 14)), usual.of_counts([*steady(90, 14)[1:], 90_000.0])
    assert wild.low == pytest.approx(calm.low, rel=0.2)
    assert wild.high == pytest.approx(calm.high, rel=0.2)


def test_chance_alone_hardly_ever_leaves_the_limits() -> None:
    generator = np.random.default_rng(5)
    alarms = 0
    for middle in (3, 10, 40, 400):
        for nights in (3, 7, 28):
            rows = generator.poisson(middle, (100, nights + 1)).astype(float)
            alarms += sum(usual.of_counts(list(row[:-1])).excess(row[-1]) > 0 for row in rows)
    assert alarms <= 0.01 * 1200


def test_nights_that_differ_by_a_fifth_beyond_chance_are_mostly_told_from_a_third_of_them() -> None:
    generator = np.random.default_rng(7)
    wide = generator.gamma(25, 1 / 25, (400, 29)) * 100
    rows = generator.poisson(wide).astype(float)
    limits = [usual.of_counts(list(row[:-1])) for row in rows]
    alarms = sum(limit.excess(row[-1]) > 0 for limit, row in zip(limits, rows, strict=True))
    seen = sum(limit.excess(float(generator.poisson(row[-1] / 3))) > 0 for limit, row in zip(limits, wide, strict=True))
    assert alarms <= 0.015 * 400
    assert seen >= 0.85 * 400


def test_of_a_handful_of_rows_none_is_no_news_and_of_many_it_is() -> None:
    assert usual.of_counts([3.0, 2.0, 4.0, 3.0, 3.0, 2.0, 5.0]).excess(0.0) == 0.0
    assert usual.of_counts([20.0, 22.0, 19.0, 18.0, 24.0]).excess(0.0) > 0


def test_nights_are_compared_with_their_own_weekday_once_three_of_them_were_seen() -> None:
    every = [NIGHT - timedelta(days=days) for days in range(1, 60)]
    assert usual.nights_like(NIGHT, every) == [NIGHT - timedelta(days=7 * weeks) for weeks in range(8, 0, -1)]
    assert usual.nights_like(NIGHT, every[:20]) == sorted(every[:20])
    assert usual.nights_like(NIGHT, every[:21]) == [NIGHT - timedelta(days=days) for days in (21, 14, 7)]
    assert usual.nights_like(NIGHT, [NIGHT, NIGHT + timedelta(days=7)]) == [], "later nights are no history"


def test_a_quiet_weekday_is_usual_of_itself() -> None:
    past = {NIGHT - timedelta(days=days): 20.0 if days % 7 == 0 else 900.0 for days in range(1, 29)}
    alike = usual.nights_like(NIGHT, list(past))
    assert usual.of_counts([past[night] for night in alike]).excess(20.0) == 0.0
    assert usual.of_counts(list(past.values())).excess(20.0) > 0


def test_rows_half_a_day_older_than_usual_are_old_and_none_is_too_new() -> None:
    limits = usual.of_ages([0.5, 0.2, 1.0, 0.4])
    assert limits.excess(11.0) == 0.0
    assert limits.excess(24.4) > 0
    assert limits.excess(-3.0) == 0.0


def test_a_share_moves_by_a_tenth_or_by_what_chance_does_to_so_few() -> None:
    past = [0.5, 0.52, 0.49, 0.51, 0.5]
    assert usual.of_shares(past, 10_000, is_fault=False).excess(0.65) > 0
    assert usual.of_shares(past, 10_000, is_fault=False).excess(0.35) > 0
    assert usual.of_shares(past, 10_000, is_fault=True).excess(0.05) == 0.0
    assert usual.of_shares(past, 10, is_fault=False).excess(0.7) == 0.0
    assert usual.of_shares([0.0] * 9, 8, is_fault=True).excess(1 / 8) == 0.0


def test_a_fault_of_most_rows_is_told_without_any_history() -> None:
    assert usual.of_shares([], 1000, is_fault=True).excess(0.9) > 0
    assert usual.of_shares([], 1000, is_fault=True).excess(0.4) == 0.0
    assert usual.of_shares([], 3, is_fault=True).excess(1.0) == 0.0
    assert usual.of_shares([], 1000, is_fault=False).excess(0.9) == 0.0


def counts(**given: float) -> dict[str, float]:
    return dict(given)


def test_distance_is_the_share_of_rows_that_would_have_to_change() -> None:
    assert usual.distance({"a": 0.5, "b": 0.5}, {"a": 0.5, "c": 0.5}) == pytest.approx(0.5)
    assert usual.distance({"a": 1.0}, {"a": 1.0}) == 0.0


def test_a_new_a_gone_and_a_renamed_category_are_told_with_their_shares() -> None:
    past = [counts(check_in=80 + n, check_out=75 - n, lost=1) for n in range(6)]
    found = usual.drift(counts(check_in=82, checkout=70), past)
    assert set(found.appeared) == {"checkout"}
    assert set(found.gone) == {"check_out"}, "a category of one row in 150 may well be missing"
    assert found.limits.excess(found.distance) > 0


def test_what_chance_does_to_categories_is_no_drift() -> None:
    generator = np.random.default_rng(2)
    alarms = 0
    for rows in (15, 60, 600):
        for _ in range(60):
            nights = [
                dict(
                    zip(
                        "abcdef", map(float, generator.multinomial(rows, [0.4, 0.3, 0.1, 0.1, 0.08, 0.02])), strict=True
                    )
                )
                for _ in range(8)
            ]
            found = usual.drift(nights[0], nights[1:])
            alarms += found.limits.excess(found.distance) > 0 or bool(found.gone)
    assert alarms <= 3


def test_without_history_or_rows_there_is_no_drift() -> None:
    for tonight, past in (({"a": 5.0}, []), ({"a": 5.0}, [{"b": 1.0}] * 2), ({}, [{"a": 1.0}] * 5)):
        found = usual.drift(tonight, past)
        assert (found.distance, found.appeared, found.gone) == (0.0, {}, {})


def test_a_distance_is_the_same_to_the_last_digit_whatever_the_categories_are_called() -> None:
    shares = np.random.default_rng(1).dirichlet(np.ones(40), 2).tolist()
    found = {
        usual.distance(*({f"{name} {n}": share for n, share in enumerate(each)} for each in shares))
        for name in "abcdefghijklmnop"
    }
    assert len(found) == 1
