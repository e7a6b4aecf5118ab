"""Clusters and households: which groups of records merge, and what an agreement says."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipeline.estimators.identity.clusters import between_groups, components, join_sure, link_average
from pipeline.estimators.identity.comparisons import PEOPLE, Parameters, ScoredPairs
from pipeline.estimators.identity.households import fit_households, fit_own_levels, kinds_of_pairs

NONE = (np.array([], np.int64), np.array([], np.int64))


def ints(*values: int) -> np.ndarray:
    return np.array(values, np.int64)


def test_a_contradiction_parts_what_keys_tie() -> None:
    # 0-1 and 1-2 share keys, 0 and 2 contradict: the stronger tie stands
    labels = join_sure(4, ints(0, 1), ints(1, 2), np.array([1.0, 2.0]), (ints(0), ints(2)))
    assert labels.tolist() == [0, 1, 1, 3]


@given(st.lists(st.tuples(st.integers(0, 11), st.integers(0, 11)), max_size=30), st.data())
def test_no_group_ever_holds_a_contradiction(ties: list[tuple[int, int]], data: st.DataObject) -> None:
    pairs = sorted({(min(t), max(t)) for t in ties if t[0] != t[1]})
    banned = sorted({p for p in data.draw(st.lists(st.sampled_from(pairs))) if pairs}) if pairs else []
    left, right = ints(*[p[0] for p in pairs]), ints(*[p[1] for p in pairs])
    forbidden = (ints(*[b[0] for b in banned]), ints(*[b[1] for b in banned]))
    sure = join_sure(12, left, right, np.ones(len(pairs)), forbidden)
    assert all(sure[one] != sure[other] for one, other in banned)
    for linked in link_average(np.arange(12), (left, right), np.full(len(pairs), 99.0), forbidden, (0.8, 0.5)):
        assert all(linked[one] != linked[other] for one, other in banned)


def test_without_contradictions_sure_pairs_are_components() -> None:
    labels = join_sure(5, ints(3, 1), ints(4, 3), np.ones(2), NONE)
    assert labels.tolist() == components(5, ints(3, 1), ints(4, 3)).tolist() == [0, 1, 2, 1, 1]


def test_a_partner_who_fits_parent_and_child_stays_alone() -> None:
    # 0 and 1 are namesakes with two birth dates; 2 has only the name
    odds = np.array([200.0, 200.0])
    (labels,) = link_average(ints(0, 1, 2), (ints(0, 1), ints(2, 2)), odds, (ints(0), ints(1)), (0.8,))
    assert labels.tolist() == [0, 1, 2]


def test_a_chain_of_likely_pairs_with_unlikely_ends_is_cut() -> None:
    pairs = (ints(0, 1, 0), ints(1, 2, 2))
    (labels,) = link_average(ints(0, 1, 2), pairs, np.array([99.0, 9.0, 0.01]), NONE, (0.8,))
    assert labels.tolist() == [0, 0, 2]


def test_ends_that_were_not_compared_hardly_count() -> None:
    (labels,) = link_average(ints(0, 1, 2), (ints(0, 1), ints(1, 2)), np.array([99.0, 99.0]), NONE, (0.8,))
    assert labels.tolist() == [0, 0, 0]


@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(1, 40)), max_size=40),
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=4),
)
def test_a_stricter_cut_lies_within_a_looser_one_and_parts_decide_alone(
    drawn: list[tuple[int, int, int]], bans: list[tuple[int, int]]
) -> None:
    odds = {(min(a, b), max(a, b)): odd / 4 for a, b, odd in drawn if a != b}
    pairs = sorted(odds)
    rows = ints(*[p[0] for p in pairs]), ints(*[p[1] for p in pairs])
    forbidden = ints(*[a for a, b in bans if a != b]), ints(*[b for a, b in bans if a != b])
    strict, loose = link_average(np.arange(10), rows, np.array([odds[p] for p in pairs]), forbidden, (0.8, 0.5))
    assert all(len(set(loose[strict == label])) == 1 for label in strict)
    # a second, larger company beside it changes nothing
    twice = np.r_[rows[0], rows[0] + 10], np.r_[rows[1], rows[1] + 10]
    both = np.array([odds[p] for p in pairs] * 2)
    banned = np.r_[forbidden[0], forbidden[0] + 10], np.r_[forbidden[1], forbidden[1] + 10]
    again, _ = link_average(np.arange(20), twice, both, banned, (0.8, 0.5))
    assert again.tolist() == [*strict.tolist(), *(strict + 10).tolist()]


def test_groups_show_the_best_that_their_records_show() -> None:
    pairs = ScoredPairs(
        ints(0, 1, 0),
        ints(2, 2, 1),
        np.array([[1.5, np.nan], [-2.0, 3.25], [9.0, 9.0]]),
        np.array([[2, -1], [0, 1], [1, 1]], np.int8),
    )
    found = between_groups(pairs, ints(0, 0, 2))
    assert (found.left.tolist(), found.right.tolist()) == ([0], [2])
    assert found.weights.tolist() == [[1.5, 3.25]]
    assert found.levels.tolist() == [[2, 1]]


def parameters() -> Parameters:
    return {
        c.name: {v: {"m": 0.9 if v else 0.1, "u": 0.01 if v else 0.99} for v in range(len(c.alike) + 1)}
        for c in PEOPLE.comparisons
    }


def same_and_spouses(same: int, spouses: int) -> ScoredPairs:
    """Pairs of one person, then pairs of two people of one household."""
    one = {"first_name": 1, "last_name": 1, "birth_date": 1, "address": 1, "phone": 1}
    spouse = one | {"first_name": 0, "birth_date": 0}
    rows = [[kind.get(name, -1) for name in PEOPLE.names] for kind in [one] * same + [spouse] * spouses]
    levels = np.array(rows, np.int8)
    weights = np.where(levels < 0, np.nan, np.where(levels > 0, np.log(90.0), np.log(0.1 / 0.99)))
    count = same + spouses
    return ScoredPairs(np.arange(count), np.arange(count) + count, weights, levels)


def test_a_spouse_is_not_the_same_person() -> None:
    pairs, kinds = same_and_spouses(20, 60), np.zeros(80, np.int8)
    found = fit_households(PEOPLE, parameters(), pairs, kinds, (500, 0))
    probability, household = found.shares(PEOPLE, parameters(), pairs, kinds)
    assert probability[:20].min() > 0.95
    assert probability[20:].max() < 0.05
    assert household[20:].min() > 0.9
    assert found.household[0] > found.same[0]


def test_what_one_persons_records_share_is_learned_without_keys() -> None:
    pairs = same_and_spouses(40, 60)
    learned = fit_own_levels(PEOPLE, parameters(), pairs)
    assert learned["birth_date"][1]["m"] > 0.9
    assert learned["birth_date"][0]["m"] < 0.1
    assert learned["birth_date"][0]["u"] == parameters()["birth_date"][0]["u"]


def test_a_pair_too_unlikely_for_any_kind_is_known_before_it_is_compared() -> None:
    pairs, kinds = same_and_spouses(20, 60), np.zeros(80, np.int8)
    found = fit_households(PEOPLE, parameters(), pairs, kinds, (500, 0))
    probability, _ = found.shares(PEOPLE, parameters(), pairs, kinds)
    for asked in (0.01, 0.5, 0.999999):
        unlikely = np.nansum(pairs.weights, axis=1) < found.least_weight(asked)
        assert (probability[unlikely] < asked).all()
    assert unlikely.any()


def test_kinds_of_pairs_tell_whose_records_the_groups_hold() -> None:
    pairs = ScoredPairs(ints(0, 0, 2), ints(2, 3, 3), np.zeros((3, 1)), np.zeros((3, 1), np.int8))
    kinds, sizes = kinds_of_pairs(pairs, ints(0, 0, 2, 3), ints(0, 1, 0, 0))
    assert kinds.tolist() == [1, 1, 2]
    assert sizes == (1, 2)
