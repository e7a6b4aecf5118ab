"""The guard on clusters: weak bridges are cut, oversized clusters fall apart at their weakest ties, the rest stays."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.estimators.identity.bridges import LARGE, SMALLEST_LIMIT, WEAK, Cuts, Limits, Ties, cut_bridges
from pipeline.estimators.identity.clusters import components

LIMITS = Limits(10, {"model": 0.9, "email": 0.9})


def ties(*rows: tuple[int, int, float]) -> Ties:
    """Ties of the model."""
    left, right, weight = (np.array([row[i] for row in rows]) for i in range(3))
    kind = np.array(["model"] * len(rows), dtype=object)
    return Ties(left.astype(np.int64), right.astype(np.int64), weight.astype(np.float64), kind)


def whole(count: int) -> np.ndarray:
    return np.zeros(count, np.int64)


def said(cuts: Cuts) -> list[tuple[int, int, str]]:
    return list(zip(cuts.ties.left.tolist(), cuts.ties.right.tolist(), cuts.reason.tolist(), strict=True))


def test_a_single_weak_tie_between_two_pairs_is_cut_and_listed() -> None:
    cuts = cut_bridges(whole(4), ties((0, 1, 0.99), (2, 3, 0.99), (1, 2, 0.85)), LIMITS)
    assert cuts.labels.tolist() == [0, 0, 2, 2]
    assert said(cuts) == [(1, 2, WEAK)]


def test_a_strong_tie_between_two_pairs_stays() -> None:
    cuts = cut_bridges(whole(4), ties((0, 1, 0.99), (2, 3, 0.99), (1, 2, 0.95)), LIMITS)
    assert cuts.labels.tolist() == [0, 0, 0, 0]
    assert not len(cuts.ties)


def test_a_record_that_one_weak_tie_adds_stays() -> None:
    assert cut_bridges(whole(3), ties((0, 1, 0.99), (1, 2, 0.85)), LIMITS).labels.tolist() == [0, 0, 0]


def test_two_weak_ties_that_support_each_other_stay() -> None:
    cuts = cut_bridges(whole(4), ties((0, 1, 0.99), (2, 3, 0.99), (1, 2, 0.85), (0, 3, 0.85)), LIMITS)
    assert cuts.labels.tolist() == [0, 0, 0, 0]


def test_a_weak_tie_beside_a_key_between_the_same_records_stays() -> None:
    given_ties = ties((0, 1, 0.99), (2, 3, 0.99), (1, 2, 0.85), (1, 2, 0.97))
    assert cut_bridges(whole(4), given_ties, LIMITS).labels.tolist() == [0, 0, 0, 0]


def test_a_chain_of_pairs_is_cut_at_every_weak_tie() -> None:
    rows = [(i, i + 1, 0.99 if i % 2 == 0 else 0.85) for i in range(5)]
    cuts = cut_bridges(whole(6), ties(*rows), LIMITS)
    assert cuts.labels.tolist() == [0, 0, 2, 2, 4, 4]


def test_a_cluster_past_the_limit_falls_apart_at_its_weakest_ties() -> None:
    rows = [(i, i + 1, 0.95 if i == 7 else 0.99) for i in range(15)]
    cuts = cut_bridges(whole(16), ties(*rows), LIMITS)
    assert cuts.labels.tolist() == [0] * 8 + [8] * 8
    assert said(cuts) == [(7, 8, LARGE)]


def test_a_value_that_ties_everybody_alike_ties_nobody() -> None:
    rows = [(0, i, 0.99) for i in range(1, 30)]
    cuts = cut_bridges(whole(30), ties(*rows), LIMITS)
    assert cuts.labels.tolist() == list(range(30))
    assert len(cuts.ties) == 29


def test_what_happens_to_a_cluster_depends_on_it_alone() -> None:
    one = [(0, 1, 0.99), (2, 3, 0.99), (1, 2, 0.85)]
    both = [*one, *((a + 4, b + 4, w) for a, b, w in one)]
    cuts = cut_bridges(np.array([0] * 4 + [4] * 4), ties(*both), LIMITS)
    assert cuts.labels.tolist() == [0, 0, 2, 2, 4, 4, 6, 6]


def test_one_enormous_cluster_does_not_excuse_itself() -> None:
    sizes = [1] * 500 + [2] * 300 + [4] * 100 + [9] * 10
    labels = np.repeat(np.arange(len(sizes)), sizes)
    usual = Limits.learn(labels, ties()).size
    assert SMALLEST_LIMIT <= usual < 40
    assert Limits.learn(np.r_[labels, np.full(5_000, len(sizes))], ties()).size == usual


def test_ties_that_others_prove_say_how_strong_a_lone_one_must_be() -> None:
    rows, first = [], 0
    for i in range(40):  # triangles, and lone ties that are weaker than any of theirs
        weight = 0.93 + i / 1_000
        rows += [(first, first + 1, weight), (first + 1, first + 2, weight), (first, first + 2, weight)]
        rows += [(first + 3, first + 4, 0.81)]
        first += 5
    learned = Limits.learn(np.arange(first), ties(*rows)).least["model"]
    assert 0.93 <= learned < 0.94
    alike = ties(*((a, b, 0.9586557) for a, b, _ in rows))
    assert Limits.learn(np.arange(first), alike).least["model"] <= 0.9586557
    assert Limits.learn(np.arange(first), ties(*rows[:8])).least["model"] == pytest.approx(0.9)


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9), st.sampled_from([0.85, 0.99])), max_size=25))
def test_every_weak_bridge_is_cut_and_nothing_else(drawn: list[tuple[int, int, float]]) -> None:
    rows = [row for row in drawn if row[0] != row[1]]
    found = said(cut_bridges(parts(rows), ties(*rows), LIMITS))
    assert [(one, other) for one, other, _ in found] == [
        row[:2] for place, row in enumerate(rows) if row[2] < 0.9 and holds_alone(rows, place)
    ]


def parts(rows: list[tuple[int, int, float]]) -> np.ndarray:
    """The component of each of ten records, named by its smallest."""
    table = ties(*rows) if rows else ties()
    return components(10, table.left, table.right)


def holds_alone(rows: list[tuple[int, int, float]], place: int) -> bool:
    """Whether without the tie its component falls into two parts of two records or more."""
    rest = parts(rows[:place] + rows[place + 1 :])
    one, other = rest[rows[place][0]], rest[rows[place][1]]
    return bool(one != other and min((rest == one).sum(), (rest == other).sum()) >= 2)
