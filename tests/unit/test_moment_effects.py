"""The estimator of moments' effects: on small worlds whose truth is planted."""

import dataclasses

import numpy as np
import pytest

from pipeline.estimators.basis import coded, learn, learned, with_products
from pipeline.estimators.moment_effects import MomentEffects
from pipeline.estimators.ridge_logit import expit, fold_grams, lines, logits
from pipeline.estimators.scores import FOLDS, folds_of
from pipeline.estimators.trials import Trials, clustered_error, measure


def world(seed: int = 1, people: int = 1500, *, effect: float = 0.0) -> Trials:
    """Two journeys a customer; a threshold of `past` raises both moments and the outcome. Moment 1 has the effect."""
    rng = np.random.default_rng(seed)
    n = 2 * people
    past = rng.integers(0, 12, n).astype(np.float64)
    loyal = past >= 6
    mission = rng.integers(0, 2, n)
    happened = rng.random((n, 3)) < (0.2 + 0.5 * loyal)[:, None]
    chance = expit(-1.0 + 1.5 * loyal + 0.3 * mission + effect * happened[:, 1])
    return Trials(
        outcome=(rng.random(n) < chance).astype(np.float64),
        past_outcome=np.where(past > 0, (rng.random(n) < 0.5).astype(np.float64), np.nan),
        customer=np.arange(n) // 2,
        mission=mission,
        missions=("rest", "work"),
        covariates={"past": past, "noise": rng.normal(size=n), "word": rng.choice(["a", "b"], n).astype(object)},
        past_covariates=frozenset(),
        reached=np.ones((n, 3), dtype=bool),
        happened=happened,
        sub_step_of=np.arange(3),
    )


def effects(trials: Trials) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    fitted = MomentEffects(3).fit(trials)
    measured = measure(trials, fitted.influences_, fitted.placebos_, np.ones(len(trials), dtype=bool))
    return measured.effect[:, -1], measured.error[:, -1], measured.naive[:, -1]


def test_a_moment_that_loyal_customers_merely_have_more_of_does_nothing() -> None:
    effect, error, naive = effects(world())
    assert (naive > 0.1).all()
    assert (np.abs(effect) < 3 * error).all()
    assert (error < 0.04).all()


def test_a_planted_effect_is_found_beside_moments_without_one() -> None:
    trials = world(effect=1.0)
    happened, loyal = trials.happened[:, 1], trials.covariates["past"] >= 6
    logit = -1.0 + 1.5 * loyal + 0.3 * trials.mission
    truth = float((expit(logit + 1.0) - expit(logit)).mean())
    effect, error, naive = effects(trials)
    assert abs(effect[1] - truth) < 3 * error[1]
    assert effect[1] > 5 * error[1]
    assert naive[1] - truth > 3 * error[1]
    assert happened.any()


def test_nothing_after_a_sub_step_adjusts_it() -> None:
    trials = world()
    changed = dataclasses.replace(trials, happened=trials.happened.copy())
    changed.happened[:, 2] = ~changed.happened[:, 2]
    before, after = MomentEffects(3).fit(trials), MomentEffects(3).fit(changed)
    for moment in (0, 1):
        first, second = before.influences_[moment], after.influences_[moment]
        assert first is not None
        assert second is not None
        np.testing.assert_array_equal(first.values, second.values)


def test_an_earlier_moment_adjusts_a_later_one() -> None:
    trials = world()
    changed = dataclasses.replace(trials, happened=trials.happened.copy())
    changed.happened[:, 0] = np.random.default_rng(9).random(len(trials.outcome)) < 0.5
    before, after = MomentEffects(3).fit(trials).influences_[2], MomentEffects(3).fit(changed).influences_[2]
    assert before is not None
    assert after is not None
    assert not np.array_equal(before.values, after.values)


def test_a_moment_that_always_or_never_happens_has_no_trial() -> None:
    trials = world(people=200)
    trials.happened[:, 0], trials.happened[:, 2] = True, False
    fitted = MomentEffects(3).fit(trials)
    assert [one is None for one in fitted.influences_] == [True, False, True]
    assert [one is None for one in fitted.placebos_] == [True, False, True]


def test_only_journeys_that_reached_the_sub_step_are_eligible() -> None:
    trials = world(people=300)
    trials.reached[::2, 1] = False
    trials.happened[::2, 1] = False
    fitted = MomentEffects(3).fit(trials)
    influence = fitted.influences_[1]
    assert influence is not None
    np.testing.assert_array_equal(influence.rows, np.arange(1, 600, 2))
    measured = measure(trials, fitted.influences_, fitted.placebos_, np.ones(len(trials), dtype=bool))
    assert measured.eligible[1].tolist()[-2:] == [0, 300]
    assert measured.exposed[1, -1] == trials.happened[:, 1].sum()


def test_the_same_seed_gives_the_same_bytes() -> None:
    first, second = (MomentEffects(3).fit(world(people=200)).influences_[1] for _ in range(2))
    assert first is not None
    assert second is not None
    assert first.values.tobytes() == second.values.tobytes()


def test_a_customer_s_journeys_share_a_fold() -> None:
    folds = folds_of(np.array([7, 3, 7, 9, 3, 7]), 1)
    assert folds[0] == folds[2] == folds[5]
    assert folds[1] == folds[4]
    assert set(folds_of(np.arange(100), 1)) == set(range(FOLDS))


def test_left_out_regressions_are_those_of_a_solver_that_is_trusted() -> None:
    from sklearn.linear_model import LogisticRegression, Ridge

    rng = np.random.default_rng(4)
    columns = rng.normal(size=(400, 5)).astype(np.float32)
    outcome = (rng.random(400) < expit(columns[:, 0] - 0.5)).astype(np.float64)
    bounds = np.array([0, 130, 130, 400])
    design = np.vstack([columns.T, np.ones(400, dtype=np.float32)])
    grams = fold_grams(design, bounds)
    penalties = np.array([[2.0] * 5 + [0.0], [np.inf] + [50.0] * 4 + [0.0]])
    found = logits(design, np.stack([outcome, 1 - outcome]), bounds, grams, penalties)
    straight = lines(design, outcome, bounds, grams, penalties[0])
    for fold in range(3):
        train = np.r_[0 : bounds[fold], bounds[fold + 1] : 400]
        first = LogisticRegression(C=1 / 2, tol=1e-8).fit(columns[train], outcome[train])
        second = LogisticRegression(C=1 / 50, tol=1e-8).fit(columns[train, 1:], 1 - outcome[train])
        ridge = Ridge(2.0).fit(columns[train].astype(np.float64), outcome[train])
        np.testing.assert_allclose(found[fold, 0], np.r_[first.coef_[0], first.intercept_], atol=0.005)
        np.testing.assert_allclose(found[fold, 1], np.r_[0.0, second.coef_[0], second.intercept_], atol=0.005)
        np.testing.assert_allclose(straight[fold], np.r_[ridge.coef_, ridge.intercept_], atol=1e-5)


def test_repeating_every_row_of_a_cluster_does_not_make_it_surer() -> None:
    values = np.random.default_rng(5).normal(size=300)
    once = clustered_error(values, np.arange(300))
    twice = clustered_error(np.repeat(values, 2), np.repeat(np.arange(300), 2))
    assert twice == pytest.approx(once)
    assert once == pytest.approx(values.std(ddof=1) / np.sqrt(300))


def test_the_design_bends_and_says_what_is_missing() -> None:
    rng = np.random.default_rng(6)
    n = 2000
    number = rng.normal(size=n)
    number[::4] = np.nan
    mission = rng.integers(0, 2, n)
    known = coded({"number": number, "word": rng.choice(["x", "y", None], n)}, n)
    columns = learn(known, mission, 2).columns(known.values, mission)
    hump, missing = (np.abs(number) < 0.7).astype(np.float64), np.isnan(number).astype(np.float64)
    table = np.column_stack([columns, np.ones(n)])
    for target, unexplained in ((hump, 0.35), (missing, 1e-6), (mission.astype(np.float64), 1e-6)):
        left = target - table @ np.linalg.lstsq(table, target, rcond=None)[0]
        assert left.var() <= unexplained * target.var()
    np.testing.assert_allclose(columns.mean(axis=0), 0, atol=1e-4)
    np.testing.assert_allclose(columns.std(axis=0), 1, atol=1e-4)


def test_a_number_is_also_told_by_its_place_in_its_mission() -> None:
    rng = np.random.default_rng(7)
    mission = rng.integers(0, 2, 3000)
    lead = np.exp(rng.normal(size=3000) + 3 * mission)
    known = coded({"lead": lead}, 3000)
    table = np.column_stack([learn(known, mission, 2).columns(known.values, mission), np.ones(3000)])
    early = lead > np.where(mission == 1, np.median(lead[mission == 1]), np.median(lead[mission == 0]))
    left = early - table @ np.linalg.lstsq(table, early.astype(np.float64), rcond=None)[0]
    assert left.var() < 0.35 * early.var()


def test_a_place_is_the_share_of_smaller_values_and_half_of_the_equal_ones() -> None:
    known = coded({"few": np.array([1.0, 1.0, 2.0, 5.0, np.nan] * 4)}, 20)
    basis, parts = learned(known, np.zeros(20, dtype=np.int64), 1)
    np.testing.assert_allclose(parts.places[0, :5], [-0.5, -0.5, 0.25, 0.75, 0.0])
    others = basis.parts(np.array([[0.0], [1.5], [9.0]]), np.zeros(3, dtype=np.int64))
    np.testing.assert_allclose(others.places[0], [-1.0, 0.0, 1.0])


def test_the_products_that_the_targets_go_with_are_kept() -> None:
    rng = np.random.default_rng(8)
    numbers = rng.normal(size=(3000, 12))
    known, mission = coded({f"x{i}": numbers[:, i] for i in range(12)}, 3000), np.zeros(3000, dtype=np.int64)
    crossed = np.sign(numbers[:, 3] * numbers[:, 8])
    basis = with_products(*learned(known, mission, 1), (crossed + rng.normal(size=3000))[:, None])
    assert (3, 8) in basis.products
    assert len(basis.products) < 66
    table = basis.columns(known.values, mission)
    assert abs(np.corrcoef(table[:, -len(basis.products) + basis.products.index((3, 8))], crossed)[0, 1]) > 0.6


def test_columns_that_say_the_same_are_kept_once() -> None:
    one = np.random.default_rng(7).normal(size=50)
    known = coded({"one": one, "again": -2 * one + 3, "constant": np.ones(50)}, 50)
    mission = np.zeros(50, dtype=np.int64)
    alone = coded({"one": one}, 50)
    both = learn(known, mission, 1).columns(known.values, mission).shape[1]
    once = learn(alone, mission, 1).columns(alone.values, mission).shape[1]
    assert once <= both < 2 * once
