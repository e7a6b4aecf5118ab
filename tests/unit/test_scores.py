"""Scores and arms: what is known as a few numbers, and what a trial makes of them."""

import numpy as np

from pipeline.estimators.arms import Arms, Told
from pipeline.estimators.basis import coded
from pipeline.estimators.moment_effects import CLIP, weights
from pipeline.estimators.ridge_logit import expit
from pipeline.estimators.scores import Asked, folds_of, left_out_scores, sample, winsorised
from pipeline.estimators.settled import LEFT_OVER, OWN_LEFT_OVER
from pipeline.estimators.trials import Influence, Trials, clustered_error, measure


def asked(rows: int = 3000, seed: int = 1, grown: int = 1) -> tuple[Asked, np.ndarray]:
    """Two targets that a hump raises, the second only where it counts; and the hump."""
    rng = np.random.default_rng(seed)
    numbers = rng.normal(size=(rows, 3))
    hump = (np.abs(numbers[:, 0]) < 0.7) * 2.0 - 1.0
    targets = (rng.random((rows, 2)) < expit(hump)[:, None]).astype(np.float64)
    counts = np.column_stack([np.ones(rows, dtype=bool), np.arange(rows) % 3 > 0])
    known = coded({f"x{i}": numbers[:, i] for i in range(3)}, rows)
    mission, every = np.zeros(rows, dtype=np.int64), np.arange(rows)
    return Asked(known, mission, 1, np.sort(folds_of(every, seed)), every, targets, counts, grown), hump


def test_a_score_orders_rows_as_what_it_stands_for() -> None:
    given, hump = asked()
    scores, grown = left_out_scores(given, 1)
    for column in (*scores.T, grown[:, 0]):
        assert np.corrcoef(column, hump)[0, 1] > 0.8


def test_a_score_says_nothing_where_there_is_nothing_to_say() -> None:
    given, _ = asked()
    noise = np.random.default_rng(2).random((3000, 2)).round()
    scores, _ = left_out_scores(Asked(**(vars(given) | {"targets": noise})), 1)
    for column, target in zip(scores.T, noise.T, strict=True):
        assert column.std() == 0 or abs(np.corrcoef(column, target)[0, 1]) < 0.08


def test_a_target_that_counts_on_some_rows_is_scored_as_if_there_were_no_others() -> None:
    given, _ = asked(grown=0)
    counts = given.counts[:, 1]
    for share in (counts, ~counts):
        marked = Asked(**(vars(given) | {"counts": np.column_stack([share, share])}))
        alone = Asked(**(vars(marked) | {"learned": np.flatnonzero(share)}))
        np.testing.assert_allclose(left_out_scores(marked, 1)[0], left_out_scores(alone, 1)[0], atol=0.05)


def test_what_is_learned_from_a_part_of_the_rows_scores_all_of_them() -> None:
    given, hump = asked()
    scores, grown = left_out_scores(Asked(**(vars(given) | {"learned": np.arange(0, 3000, 2)})), 1)
    others = np.arange(1, 3000, 2)
    assert np.corrcoef(scores[others, 0], hump[others])[0, 1] > 0.75
    assert np.corrcoef(grown[others, 0], hump[others])[0, 1] > 0.75


def test_a_sample_keeps_customers_whole() -> None:
    customer = np.repeat(np.arange(400), 3)
    rows = sample(customer, 1, 300)
    assert 290 < len(rows) <= 300
    assert set(np.unique(customer[rows], return_counts=True)[1]) == {3}
    np.testing.assert_array_equal(sample(customer, 1, 1200), np.arange(1200))


def test_chances_are_calibrated_and_an_effect_may_differ_by_mission() -> None:
    rng = np.random.default_rng(4)
    rows = 6000
    score, mission = rng.normal(size=rows), rng.integers(0, 2, rows)
    chance = expit(2 * np.maximum(score, 0) - 1)
    treated = (rng.random(rows) < chance).astype(np.float64)
    outcome = 10 * np.abs(score) + 5.0 * treated * (mission == 1) + rng.normal(size=rows)
    missions, folds = mission[:, None] == np.arange(2), np.sort(folds_of(np.arange(rows), 1))
    told = Told.of((score / 7)[:, None], missions, np.empty((rows, 0), dtype=bool), folds)
    arms = Arms(told, np.arange(1), np.arange(0), np.arange(rows)).fit(treated > 0, [outcome])
    without, happening = arms.means_[0]
    for part in (score < -0.5, score > 0.5):
        assert abs(arms.chance_[part].mean() - treated[part].mean()) < 0.03
    for nth, effect in enumerate((0.0, 5.0)):
        assert abs((happening - without)[mission == nth].mean() - effect) < 0.3


def test_each_arm_s_weights_stand_for_all_rows() -> None:
    treated, chance = np.array([True, True, False, False, False]), np.array([0.5, 0.0, 0.5, 0.2, 0.999])
    found = weights(treated, chance, 5)
    np.testing.assert_allclose([found[treated].sum(), found[~treated].sum(), found[1] / found[0]], [5, 5, 0.5 / CLIP])


def test_far_tails_are_drawn_in_and_zeros_and_ones_left_alone() -> None:
    spend = np.r_[np.zeros(500), np.linspace(1, 100, 499), 1e6]
    assert winsorised(spend).max() < 101
    yes = np.r_[np.zeros(999), 1.0]
    np.testing.assert_array_equal(winsorised(yes), yes)


def test_groups_are_measured_as_each_by_itself() -> None:
    rng = np.random.default_rng(6)
    rows = 900
    treated, customer, mission = rng.random(rows) < 0.4, rng.integers(0, 300, rows), rng.integers(-1, 2, rows)
    every = np.ones(rows, dtype=bool)
    trials = Trials(
        every * 1.0, every * 1.0, customer, mission, ("rest", "work"), {}, frozenset(), every[:, None],
        treated[:, None], np.zeros(1, dtype=np.int64),
    )  # fmt: skip
    values, modelled, control, outcome = rng.normal(size=(4, rows))
    weight = 1 + rng.random(rows)
    one = Influence(np.arange(rows), values, modelled, control, treated, outcome, every, weight)
    found = measure(trials, [one], [None], every)
    for group, own in enumerate((mission == 0, mission == 1, mission == -1, every)):
        naive = outcome[own & treated].mean() - outcome[own & ~treated].mean()
        sampling = clustered_error(values[own], customer[own])
        left_over = np.hypot(LEFT_OVER, OWN_LEFT_OVER) * (naive - values[own].mean())
        said = [found.effect[0, group], found.naive[0, group], found.control[0, group], found.error[0, group]]
        wanted = [values[own].mean(), naive, control[own].mean(), np.hypot(sampling, left_over)]
        np.testing.assert_allclose(said, wanted, rtol=1e-9)


def test_an_error_holds_what_adjusting_may_have_left_over() -> None:
    rng = np.random.default_rng(5)
    rows = 4000
    treated = rng.random(rows) < 0.5
    outcome = (rng.random(rows) < 0.3 + 0.4 * treated).astype(np.float64)
    none, every = np.zeros(rows, dtype=np.int64), np.ones(rows, dtype=bool)
    trials = Trials(
        outcome, outcome, np.arange(rows), none, ("all",), {}, frozenset(), every[:, None], treated[:, None], none[:1]
    )  # fmt: skip
    values = rng.normal(0, 0.5, rows)
    one = Influence(np.arange(rows), values - values.mean(), values, outcome, treated, outcome, every, np.ones(rows))
    found = measure(trials, [one], [None], every)
    sampling = values.std(ddof=1) / rows**0.5
    assert abs(found.naive[0, -1] - 0.4) < 0.05
    np.testing.assert_allclose(
        found.error[0, -1], np.hypot(sampling, np.hypot(LEFT_OVER, OWN_LEFT_OVER) * found.naive[0, -1]), rtol=1e-6
    )
