"""The mission type of strangers: told by their words alone, as sums, and not at all where words tell nothing."""

import numpy as np
import pytest

from pipeline.estimators.mission_types import Bags, MissionTypes, nobody

MISSIONS, OWN, COMMON = 3, 4, 12
WORDS = MISSIONS * OWN + COMMON


def bags(mission: np.ndarray, rng: np.random.Generator, said: int = 4, own: float = 0.6) -> Bags:
    """`said` words each: of the mission's own (a share `own` of them, none where mission is -1), else common ones."""
    n = len(mission)
    mine = (rng.random((n, said)) < own) & (mission[:, None] >= 0)
    word = np.where(
        mine,
        mission[:, None] * OWN + rng.integers(0, OWN, (n, said)),
        MISSIONS * OWN + rng.integers(0, COMMON, (n, said)),
    )
    pairs = np.column_stack([np.repeat(np.arange(n), said), word.ravel()])
    found, times = np.unique(pairs, axis=0, return_counts=True)
    return Bags(found[:, 0], found[:, 1], times.astype(float), n)


def learned(rng: np.random.Generator, own: float = 0.6, n: int = 1500) -> MissionTypes:
    mission = rng.choice(MISSIONS, n, p=[0.8, 0.15, 0.05])
    return MissionTypes(MISSIONS, WORDS).fit(bags(mission, rng, own=own), mission)


@pytest.mark.parametrize("seed", range(4))
def test_the_mix_of_strangers_is_found_whatever_the_mix_of_customers(seed: int) -> None:
    rng = np.random.default_rng(seed)
    types = learned(rng)
    truth = rng.choice(MISSIONS, 1200, p=[0.2, 0.3, 0.5])
    mix = types.mix(bags(truth, rng))
    assert mix.shares == pytest.approx([0.2, 0.3, 0.5], abs=0.05)
    assert mix.chance.sum(axis=0)[mix.shares.argmax()] == pytest.approx(mix.told.sum() * mix.shares.max(), rel=0.02)
    assert (mix.chance[mix.told].argmax(axis=1) == truth[mix.told]).mean() > 0.9


def test_a_word_said_again_tells_more() -> None:
    types = learned(np.random.default_rng(2))
    once, often = (
        types.mix(Bags(np.zeros(2, np.int64), np.array([0, OWN]), np.array([n, 1.0]), 1)) for n in (1.0, 6.0)
    )
    assert often.told[0]
    assert once.chance[0].argmax() == 1
    assert often.chance[0].argmax() == 0


def test_who_says_nothing_of_a_mission_tells_none() -> None:
    rng = np.random.default_rng(1)
    types = learned(rng)
    mix = types.mix(bags(np.full(500, -1), rng))
    assert mix.told.mean() < 0.05
    assert not types.mix(Bags(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0), 7)).told.any()
    assert nobody(3).told.tolist() == [False] * 3


def test_words_that_tell_nothing_of_customers_tell_nothing_of_strangers() -> None:
    told = [learned(np.random.default_rng(seed), own=0.0, n=300).scale_ for seed in range(10)]
    assert told.count(0.0) >= 9


def test_a_range_is_wider_where_fewer_people_or_weaker_words_tell() -> None:
    rng = np.random.default_rng(3)
    types = learned(rng)
    many, few = (types.mix(bags(rng.choice(MISSIONS, n), rng)) for n in (2000, 60))
    assert (many.evidence > few.evidence).all()
    assert (few.evidence <= few.told.sum()).all()


def test_too_few_journeys_teach_nothing() -> None:
    rng = np.random.default_rng(4)
    mission = np.arange(20) % MISSIONS
    assert MissionTypes(MISSIONS, WORDS).fit(bags(mission, rng, own=1.0), mission).scale_ == 0.0
