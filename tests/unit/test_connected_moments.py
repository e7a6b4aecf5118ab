"""Connected moments: planted connections are found with their size, and where nothing is connected nothing is named."""

import numpy as np
import pytest

from pipeline.estimators import connections as c
from pipeline.estimators.trials import Trials

SUB_STEPS = (0, 0, 1, 1, 2, 2)  # of each moment


def clocked(*, seed: int = 1, n: int = 4000, connect: bool = True, claimed: bool = True) -> c.Clocked:
    """Six moments at three sub-steps that a trait makes likelier; moment 0 raises 3 by .3, moment 2 lowers 5 by .3."""
    rng = np.random.default_rng(seed)
    trait = rng.standard_normal(n)
    chance = np.clip(0.4 + 0.12 * trait, 0.02, 0.98)
    happened = rng.random((n, 6)) < chance[:, None]
    if connect:
        happened[:, 3] = rng.random(n) < np.clip(chance - 0.15 + 0.3 * happened[:, 0], 0, 1)
        happened[:, 5] = rng.random(n) < np.clip(chance + 0.15 - 0.3 * happened[:, 2], 0, 1)
    reached = np.ones((n, 3), dtype=bool)
    if not claimed:
        reached[:, 2] = happened[:, 2]  # the last sub-step is reached by moment 2 alone
        happened[:, 4:] &= reached[:, [2]]
    start = rng.uniform(0, 300, n)[:, None] + np.arange(3) * 5 + rng.uniform(0, 2, (n, 3))
    at = start[:, list(SUB_STEPS)] + rng.uniform(0, 2, (n, 6)) * (np.arange(6) % 2)
    trials = Trials(
        outcome=rng.integers(0, 2, n).astype(float), past_outcome=np.full(n, np.nan),
        customer=rng.integers(0, n // 2, n), mission=rng.integers(0, 2, n), missions=("rest", "work"),
        covariates={"trait": trait, "noise": rng.standard_normal(n)}, past_covariates=frozenset(), reached=reached,
        happened=happened, sub_step_of=np.array(SUB_STEPS),
    )  # fmt: skip
    return c.Clocked(trials, np.where(happened, at, np.nan), np.where(reached, start, np.nan))


def named(found: list[c.Connection]) -> dict[tuple[int, int, int], c.Connection]:
    """The connections that are named, by moment, later moment and group."""
    told = [c.verdict(one.effect, q) != c.NOTHING_SEEN for one, q in zip(found, c.q_values(found), strict=True)]
    return {(one.moment, one.later, one.group): one for one, is_told in zip(found, told, strict=True) if is_told}


def test_what_was_planted_is_found_with_its_size_and_nothing_else() -> None:
    found = named(c.connections(clocked(), 0))
    pairs = {(moment, later) for moment, later, _ in found}
    assert pairs == {(0, 3), (2, 5)}
    for pair, planted in (((0, 3), 0.3), ((2, 5), -0.3)):
        for group in range(3):
            one = found[*pair, group]
            assert abs(one.effect - planted) < 3.5 * one.error
    assert found[0, 3, 2].error < 0.03


@pytest.mark.parametrize("seed", range(4))
def test_a_shared_cause_alone_connects_nothing(seed: int) -> None:
    found = c.connections(clocked(seed=seed, connect=False), 0)
    assert len(found) > 20
    assert len(named(found)) <= 1


def test_a_plain_comparison_would_connect_nearly_all() -> None:
    data = clocked(connect=False).trials.happened
    plain = [data[data[:, a], b].mean() - data[~data[:, a], b].mean() for a in (0, 1) for b in (2, 3, 4, 5)]
    assert min(plain) > 0.03


def test_only_what_comes_first_is_tried() -> None:
    found = c.connections(clocked(), 0)
    places = np.array(SUB_STEPS)
    assert all(places[one.moment] <= places[one.later] for one in found)
    assert (1, 0) not in {(one.moment, one.later) for one in found}


def test_a_moment_is_the_only_way_to_where_nobody_gets_without_it() -> None:
    found = {(one.moment, one.later): one for one in c.connections(clocked(claimed=False), 0) if one.group == 2}
    leads = {pair for pair, one in found.items() if one.leads}
    assert leads == {(2, 4), (2, 5)}
    assert found[2, 4].without == pytest.approx(0, abs=0.02)
    assert found[2, 4].effect == pytest.approx(0.4, abs=0.05)


def test_the_only_way_stays_so_whatever_the_size_where_a_few_records_say_else() -> None:
    data = clocked(claimed=False)
    stray = np.flatnonzero(~data.trials.happened[:, 2])[:30]
    data.trials.reached[stray, 2] = True
    data.reached_at[stray, 2] = data.reached_at[stray, 1] + 5
    assert {(one.moment, one.later) for one in c.connections(data, 0) if one.leads} == {(2, 4), (2, 5)}


def test_few_journeys_are_not_told_of() -> None:
    assert c.connections(clocked(n=39), 0) == []
    rows = np.array([], dtype=np.int64)
    assert c.connections(clocked().take(rows), 0) == []


def test_the_same_journeys_give_the_same_figures() -> None:
    assert c.connections(clocked(n=1500), 3) == c.connections(clocked(n=1500), 3)


def test_p_values_are_adjusted_as_benjamini_and_hochberg_do() -> None:
    given = np.array([0.01, 0.04, 0.03, 0.005, 0.8])
    assert c.adjusted(given) == pytest.approx([0.025, 0.05, 0.05, 0.025, 0.8])
    assert len(c.q_values([])) == 0


def connection(later: int, group: int, z: float) -> c.Connection:
    """A connection that is so many errors larger than nothing."""
    return c.Connection(0, later, group, False, 500, 200, 100, 0.3, c.NOTHING + 0.01 * z, 0.01)


def test_a_mission_borrows_no_certainty_from_other_pairs() -> None:
    """Ten sure groups of two pairs do not make a chance finding of a third pair a discovery, as they would if all were
    judged together; in a pair that stands, one more group does with less."""
    sure = [connection(later, group, 9) for later in (1, 2) for group in range(5)]
    nothing = [connection(later, group, 0.1) for later in range(4, 44) for group in range(5)]
    chance, helped = connection(3, 0, 3.2), connection(1, 5, 3.2)
    found = [*sure, chance, *[connection(3, group, 0.1) for group in range(1, 5)], helped, *nothing]
    assert c.adjusted(np.array([one.p_value() for one in found]))[found.index(chance)] < c.BUDGET
    judged = dict(zip([(one.later, one.group) for one in found], c.q_values(found), strict=True))
    assert judged[3, 0] > c.BUDGET
    assert judged[1, 5] < c.BUDGET
    assert all(judged[later, group] < 1e-6 for later in (1, 2) for group in range(5))


def test_a_small_arm_without_an_event_is_no_certainty() -> None:
    """None of 25 where a quarter of the others have it: the arm's own error is next to nothing, no effect's is not."""
    data = clocked(connect=False, n=1500)
    data.trials.happened[:, 0] = np.arange(1500) < 25
    data.trials.happened[:25, 3] = False
    fresh = c.Clocked(data.trials, np.where(data.trials.happened, data.moment_at, np.nan), data.reached_at)
    fresh.moment_at[:25, 0] = fresh.reached_at[:25, 0]
    one = next(o for o in c.connections(fresh, 0) if (o.moment, o.later, o.group) == (0, 3, 2))
    assert one.exposed == 25
    assert one.error > 0.06


def test_a_customer_s_journeys_are_drawn_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(c, "MOST_JOURNEYS", 300)
    customer = np.repeat(np.arange(200), 5)
    rows = c._sample(customer, 0)
    assert 290 <= len(rows) <= 300
    assert set(np.bincount(customer[rows])[np.bincount(customer[rows]) > 0]) == {5}
