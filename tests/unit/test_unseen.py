"""A cause that no export tells: seen where several moments share it, and not where moments lead to one another."""

import numpy as np

from pipeline.estimators.ridge_logit import expit
from pipeline.estimators.unseen import bias, pulls

N = 8000
STEPS = np.arange(6)
PEOPLE = np.arange(N) // 2


def drawn(logit: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return (rng.random(logit.shape) < expit(logit)).astype(np.float64)


def left(happened: np.ndarray) -> np.ndarray:
    return happened - happened.mean(axis=0)


def test_moments_that_share_an_unseen_cause_are_found_and_no_others() -> None:
    rng = np.random.default_rng(1)
    cause = rng.normal(size=(N, 1))
    hangs = np.array([1.0, 1.0, 1.0, 1.0, 0.0, 0.0])
    found = pulls(left(drawn(-0.5 + cause * hangs, rng)), STEPS, PEOPLE)
    assert (found[:4] != 0).all()
    assert (found[4:] == 0).all()


def test_what_it_may_make_of_their_effects_is_what_it_makes() -> None:
    rng = np.random.default_rng(2)
    cause = rng.normal(size=(N, 1))
    happened = drawn(-0.5 + cause * np.ones(6), rng)
    outcome = drawn(-0.5 + cause[:, 0], rng)
    plain = np.array([outcome[x > 0].mean() - outcome[x == 0].mean() for x in happened.T])
    may = bias(plain, pulls(left(happened), STEPS, PEOPLE), float(outcome.std()))
    assert (plain > 0.1).all()
    np.testing.assert_allclose(may, plain, rtol=0.25)


def test_a_chain_of_moments_is_no_unseen_cause() -> None:
    rng = np.random.default_rng(3)
    happened = np.empty((N, 6))
    happened[:, 0] = drawn(np.full(N, -0.5), rng)
    for later in range(1, 6):
        happened[:, later] = drawn(-1.0 + 2.0 * happened[:, later - 1], rng)
    assert (pulls(left(happened), STEPS, PEOPLE) == 0).all()


def test_alternatives_of_one_sub_step_are_no_unseen_cause() -> None:
    rng = np.random.default_rng(4)
    happened = np.eye(6)[rng.integers(0, 6, N)]
    assert (pulls(left(happened), np.zeros(6, dtype=np.int64), PEOPLE) == 0).all()


def test_independent_moments_are_seldom_taken_for_company() -> None:
    worlds = [drawn(np.full((2000, 12), -0.5), np.random.default_rng(seed)) for seed in range(20)]
    found = [pulls(left(one), np.arange(12), np.arange(2000)).any() for one in worlds]
    assert sum(found) == 0


def test_sub_steps_that_were_not_reached_say_nothing() -> None:
    nothing = np.full((N, 6), np.nan)
    assert (pulls(nothing, STEPS, PEOPLE) == 0).all()
    assert (bias(np.full(6, np.nan), np.ones(6), 0.5) == 0).all()


def test_what_hardly_hangs_together_cannot_make_a_large_effect() -> None:
    hangs_little = np.full(6, 0.1)
    assert bias(np.full(6, 0.3), hangs_little, 0.5).max() < 0.03
