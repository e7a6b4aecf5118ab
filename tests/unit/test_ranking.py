"""From what was measured to what is said: pooling, verdicts, ranks, and the mart's rows."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipeline.estimators.pooling import pooled_draws
from pipeline.estimators.ridge_logit import expit
from pipeline.estimators.trials import Measured, Trials
from pipeline.estimators.verdicts import NOTHING, e_value, enough, judge, placebo_fails, running_mean
from pipeline.journey_map import load_journey_map
from pipeline.stages.ranking import _judged, rank, rows
from pipeline.trial_rows import fields

MAP = Path(__file__).parent.parent.parent / "pipeline" / "demo" / "journey_map.yml"


def measured(shape: tuple[int, int], **tables: float | np.ndarray) -> Measured:
    """A Measured of plain values: 1,000 eligible, half of them exposed, nothing found."""
    plain = {
        "eligible": 1000, "exposed": 500, "effect": 0.0, "error": 0.02, "shared": 0.0, "naive": 0.0, "control": 0.5,
        "overlap": 1.0, "placebo": 0.0, "placebo_error": 0.02, "value": 0.0, "value_error": 1.0,
    }  # fmt: skip
    return Measured(**{name: np.broadcast_to(np.asarray(value), shape) for name, value in (plain | tables).items()})


def summary(effect: list[list[float]], error: float = 0.03, shared: float = 0.0) -> np.ndarray:
    """Means of the draws for effects that were measured with one error."""
    given = np.array(effect)
    return pooled_draws(
        given, np.where(np.isnan(given), np.nan, error), np.where(np.isnan(given), np.nan, shared), 1
    ).mean(axis=2)


OTHERS = [[0.0, 0.01, -0.02, 0.01], [0.15, 0.2, 0.13, 0.17], [-0.01, 0.0, 0.01, 0.0], [-0.1, -0.12, 0.0, -0.11]]


def test_a_mission_borrows_from_the_other_missions_of_its_moment() -> None:
    means = summary([*OTHERS, [0.05, 0.16, 0.14, 0.15], [0.05, 0.0, -0.01, 0.0]])
    assert means[4, 0] > 2 * means[5, 0]
    assert 0 < means[5, 0] < 0.03


def test_what_all_missions_have_left_over_is_told_by_those_on_which_the_moment_does_nothing() -> None:
    alike = [*OTHERS, [0.05, 0.06, 0.05, 0.2]]
    assert summary(alike, shared=0.02)[4, :3].mean() < 0.8 * summary(alike)[4, :3].mean()
    assert summary(alike, shared=0.02)[4, 3] > 0.1


def test_a_mission_unlike_the_rest_is_not_flattened() -> None:
    assert summary([*OTHERS, [0.2, 0.0, 0.01, 0.0]])[4, 0] > 0.15


def test_where_nothing_does_anything_nothing_is_believed() -> None:
    noise = np.random.default_rng(2).normal(0, 0.03, (18, 4))
    draws = pooled_draws(noise, np.full(noise.shape, 0.03), np.zeros(noise.shape), 1)
    assert np.abs(draws.mean(axis=2)).max() < 0.02
    assert set(judge(draws, np.ones(noise.shape, dtype=bool)).verdict.ravel()) == {"no_detectable_effect"}


def test_what_was_not_measured_gets_what_the_others_say_of_it() -> None:
    means = summary([*OTHERS, [0.15, float("nan"), 0.16, 0.14]])
    assert np.isfinite(means).all()
    assert means[4, 1] > 0.05


def test_pooled_intervals_hold_the_truth_as_often_as_they_say() -> None:
    rng = np.random.default_rng(3)
    held = []
    for seed in range(30):
        alive = rng.random((15, 1)) < 0.6
        truth = np.where(
            alive & (rng.random((15, 4)) < 0.7), rng.normal(0, 0.08, (15, 1)) + rng.normal(0, 0.04, (15, 4)), 0
        )
        error = rng.uniform(0.02, 0.05, truth.shape)
        draws = pooled_draws(truth + error * rng.normal(size=truth.shape), error, 0 * error, seed)
        low, high = np.quantile(draws, [0.025, 0.975], axis=2)
        held.append(((truth >= low) & (truth <= high)).mean())
    assert 0.93 < np.mean(held) < 0.985


def test_named_rows_are_wrong_as_rarely_as_the_budget_allows() -> None:
    rng = np.random.default_rng(4)
    wrong = named = 0
    for seed in range(30):
        truth = np.where(rng.random((18, 1)) < 0.4, rng.normal(0, 0.1, (18, 4)), 0)
        draws = pooled_draws(truth + 0.03 * rng.normal(size=truth.shape), np.full(truth.shape, 0.03), 0 * truth, seed)
        verdict = judge(draws, np.ones(truth.shape, dtype=bool)).verdict
        sign = np.select([verdict == "drives", verdict == "harms"], [1, -1], 0)
        wrong += int(((sign != 0) & ((np.abs(truth) < NOTHING) | (np.sign(truth) != sign))).sum())
        named += int((sign != 0).sum())
    assert named > 200
    assert wrong / named < 0.06


def test_verdicts_follow_the_draws_and_ranks_the_size() -> None:
    rng = np.random.default_rng(5)
    centres = np.array([[0.1], [-0.2], [0.0], [0.3]])
    draws = centres[:, :, None] + 0.02 * rng.normal(size=(4, 1, 4000))
    told = np.array([[True], [True], [True], [False]])
    said = judge(draws, told)
    assert said.verdict[:, 0].tolist() == ["drives", "harms", "no_detectable_effect", "cannot_tell"]
    np.testing.assert_array_equal(said.rank[:, 0], [2, 1, 3, np.nan])
    np.testing.assert_array_equal(said.rank_low[:3, 0], [2, 1, 3])
    assert np.isnan(said.q_value[3, 0])


def test_a_rank_that_noise_could_swap_has_a_range() -> None:
    draws = np.array([0.10, 0.101, 0.3])[:, None, None] + 0.01 * np.random.default_rng(6).normal(size=(3, 1, 4000))
    said = judge(draws, np.ones((3, 1), dtype=bool))
    assert said.rank_low[:, 0].tolist() == [2, 2, 1]
    assert said.rank_high[:, 0].tolist() == [3, 3, 1]


@pytest.mark.parametrize(
    "tables",
    [{"exposed": 5}, {"exposed": 990}, {"overlap": 0.2}, {"error": 0.2}, {"effect": np.nan}],
    ids=["few with it", "few without it", "no overlap", "hopelessly unsure", "not measured"],
)
def test_it_cannot_tell_without_a_fair_comparison(tables: dict[str, float]) -> None:
    assert enough(measured((1, 1))).all()
    assert not enough(measured((1, 1), **tables)).any()


def test_a_placebo_fails_only_beyond_the_chance_of_the_whole_table() -> None:
    placebo = np.full((10, 5), 0.05)
    placebo[0, 0] = 0.1
    fails = placebo_fails(placebo, np.full((10, 5), 0.02))
    assert fails[0, 0]
    assert fails.sum() == 1


def test_the_q_value_is_the_mean_chance_of_being_wrong_of_all_as_sure() -> None:
    found = running_mean(np.array([0.3, 0.0, np.nan, 0.1, 0.1]))
    np.testing.assert_allclose(found, [0.125, 0.0, np.nan, 0.2 / 3, 0.2 / 3])


def test_the_e_value_is_that_of_the_paper() -> None:
    found = e_value(np.array([0.0, 0.2, -0.1]), np.array([0.5, 0.2, 0.2]))
    np.testing.assert_allclose(found, [1.0, 2 + 2**0.5, 2 + 2**0.5])


def test_fields_are_numbers_where_nearly_all_are_and_rare_or_nested_ones_are_left_out() -> None:
    text = ['{"nights": "2", "view": "sea", "tags": [1]}', '{"nights": 3.5, "view": "yard"}', None, "not json"] * 60
    text[0] = '{"nights": 1, "rare": 7}'
    found = fields(pd.Series(text))
    assert list(found) == ["order:nights", "order:view"]
    np.testing.assert_array_equal(found["order:nights"][:4], [1.0, 3.5, np.nan, np.nan])
    assert found["order:view"][:3].tolist() == [None, "yard", None]


def empty_trials(moments: int, sub_step_of: list[int]) -> Trials:
    none = np.zeros(0)
    return Trials(
        outcome=none,
        past_outcome=none,
        customer=none.astype(np.int64),
        mission=none.astype(np.int64),
        missions=("rest",),
        covariates={},
        past_covariates=frozenset(),
        reached=np.zeros((0, max(sub_step_of) + 1), dtype=bool),
        happened=np.zeros((0, moments), dtype=bool),
        sub_step_of=np.array(sub_step_of),
    )


def test_before_anybody_is_followed_up_every_moment_has_its_row_and_it_cannot_tell() -> None:
    journey_map = load_journey_map(MAP)
    moments = journey_map.moments()
    ranked = rank(empty_trials(len(moments), [row.position for row in moments]), 1, {})
    table = rows(journey_map, ("rest",), ranked).to_pandas()
    assert table["mission"].tolist() == ["ALL"] * len(moments) + ["rest"] * len(moments)
    assert table["moment"].tolist() == [row.moment for row in moments] * 2
    assert set(table["verdict"]) == {"cannot_tell"}
    nothing = [
        "effect",
        "ci_low",
        "q_value",
        "rank",
        "sensitivity",
        "value_effect",
        "balance_after",
        "sensitivity_cause",
    ]
    assert table[nothing].isna().all(axis=None)
    assert (table[["eligible", "exposed", "unexposed"]] == 0).all(axis=None)


@pytest.mark.parametrize(("told", "overall"), [(900, 0.2), (400, 0.05)])
def test_all_is_the_sum_of_missions_where_these_can_tell_and_else_what_was_measured(told: int, overall: float) -> None:
    none = np.nan
    table = measured(
        (1, 4),
        eligible=np.array([[told, 1000 - told, 0, 1000]]),
        exposed=np.array([[told // 2, 5, 0, told // 2 + 5]]),
        effect=np.array([[0.2, -0.3, none, 0.05]]),
        error=np.array([[0.01, 0.4, none, 0.01]]),
    )
    verdicts = _judged(table, table, np.zeros(1), 0)[1]
    assert verdicts.effect[0, -1] == pytest.approx(overall, abs=0.03)


def test_a_failed_placebo_is_said_but_not_named() -> None:
    rng = np.random.default_rng(8)
    n = 3000
    happened = rng.random((n, 1)) < 0.5
    trials = Trials(
        outcome=(rng.random(n) < 0.3 + 0.3 * happened[:, 0]).astype(np.float64),
        past_outcome=(rng.random(n) < 0.3 + 0.4 * happened[:, 0]).astype(np.float64),
        customer=np.arange(n),
        mission=np.zeros(n, dtype=np.int64),
        missions=("rest",),
        covariates={"noise": rng.normal(size=n)},
        past_covariates=frozenset(),
        reached=np.ones((n, 1), dtype=bool),
        happened=happened,
        sub_step_of=np.array([0]),
    )
    ranked = rank(trials, 1, {})
    assert abs(ranked.shuffled[0, -1]) < 0.08
    assert ranked.influences[0] is not None
    assert ranked.influences[0].values.mean() == pytest.approx(ranked.measured.effect[0, -1])
    assert ranked.measured.placebo[0, -1] > 0.3
    assert ranked.verdicts.effect[0, -1] > 0.2
    assert set(ranked.verdicts.verdict.ravel()) == {"cannot_tell"}


def test_effects_that_an_unseen_cause_may_have_made_are_not_named() -> None:
    rng = np.random.default_rng(8)
    n = 6000
    cause = rng.normal(size=(n, 1))
    hangs = np.array([1.2, 1.2, 1.2, 1.2, 0.0])
    happened = rng.random((n, 5)) < expit(-0.5 + cause * hangs)
    outcome = rng.random(n) < expit(-0.5 + 1.1 * cause[:, 0] + 0.8 * happened[:, 4])
    trials = replace(
        empty_trials(5, list(range(5))),
        outcome=outcome.astype(float), past_outcome=np.full(n, np.nan), customer=np.arange(n),
        mission=np.zeros(n, dtype=np.int64), reached=np.ones((n, 5), dtype=bool), happened=happened,
        covariates={"noise": rng.normal(size=n)},
    )  # fmt: skip
    ranked = rank(trials, 1, {})
    assert (ranked.measured.effect[:4, -1] > 0.1).all()
    assert ((ranked.unseen > 0) == (hangs > 0)).all()
    assert not np.isin(ranked.verdicts.verdict[:4], ["drives", "harms"]).any()
    assert (ranked.verdicts.verdict[4] == "drives").all()
    assert set(ranked.reasons[:4].ravel()) <= {"unseen_cause", ""}
