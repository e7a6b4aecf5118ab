"""How much of what weighting corrects is kept."""

import numpy as np

from pipeline.estimators.settled import LEFT_OVER, OWN_LEFT_OVER, Raw, settled

SHAPE = (20, 4)
EVERY = np.ones(SHAPE, dtype=bool)


def raw(corrections: np.ndarray, error: float = 0.03, noise: float = 0.02) -> Raw:
    whole = np.full(SHAPE, 0.05) + corrections
    return Raw(whole, np.full(SHAPE, error), whole, corrections, np.full(SHAPE, noise))


def test_corrections_that_are_noise_are_left_out_and_their_noise_with_them() -> None:
    noise = np.random.default_rng(1).normal(0, 0.015, SHAPE)
    effect, error, _ = settled(raw(noise), EVERY)
    np.testing.assert_allclose(effect, 0.05, atol=1e-9)
    np.testing.assert_allclose(error**2, 0.03**2 - 0.02**2 + (LEFT_OVER**2 + OWN_LEFT_OVER**2) * noise**2, rtol=1e-6)


def test_corrections_that_models_need_are_kept() -> None:
    needed = np.random.default_rng(2).normal(0, 0.2, SHAPE)
    effect, error, _ = settled(raw(needed), EVERY)
    np.testing.assert_allclose(effect, 0.05 + needed, atol=0.01)
    assert (error > 0.029).all()


def test_few_cells_say_nothing_of_corrections() -> None:
    noise = np.random.default_rng(1).normal(0, 0.015, SHAPE)
    few = np.zeros(SHAPE, dtype=bool)
    few[0] = True
    np.testing.assert_allclose(settled(raw(noise), few)[0], 0.05 + noise)


def test_what_was_not_measured_stays_so() -> None:
    noise = np.random.default_rng(1).normal(0, 0.015, SHAPE)
    noise[3, 2] = np.nan
    effect, error, shared = settled(raw(noise), EVERY)
    for table in (effect, error, shared):
        assert np.isnan(table[3, 2])
        assert np.isnan(table).sum() == 1
