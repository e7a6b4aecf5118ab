"""The parts of identity that arrays and text decide: spellings, households, clusters and ids."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.estimators.identity.clusters import between_groups, components, join_sure, link_average
from pipeline.estimators.identity.mixture import HouseholdMixture
from pipeline.estimators.identity.pairs import COMPARISONS, ScoredPairs
from pipeline.estimators.identity.spelling import choose_readings, keyed_hashes, phone_readings, plain_name

NIGHTS = [pd.Timestamp("2026-06-01"), pd.Timestamp("2026-06-02")]
NONE = (np.array([], np.int64), np.array([], np.int64))


def ints(*values: int) -> np.ndarray:
    return np.array(values, np.int64)


@pytest.mark.parametrize(
    ("written", "plain"),
    [("José  O'Neill", "jose o neill"), (" BJÖRK ", "bjork"), ("P.", "p"), ("李", "李"), ("-", "")],
)
def test_names_are_spelt_plainly(written: str, plain: str) -> None:
    assert plain_name(written) == plain


def test_a_number_with_a_plus_has_one_reading_and_a_national_one_two() -> None:
    assert phone_readings("+44 20 7946 0958", "TH") == ("442079460958",)
    assert phone_readings("0044 20 7946 0958", "TH") == ("442079460958",)
    assert phone_readings("020 7946 0958", "GB") == ("442079460958", "02079460958")
    assert phone_readings("12", "GB") == ()
    assert phone_readings("020 7946 0958", "nowhere") == ("02079460958",)


def test_other_records_tell_what_a_number_without_a_plus_means() -> None:
    given_numbers = [("+65 6273 8460", "ID", 1), ("65 6273 8460", "ID", 1), ("+6591112222", "ID", 1)]
    assert {reading for _, _, reading in choose_readings(given_numbers)} == {"6562738460", "6591112222"}
    assert choose_readings([("020 7946 0958", "GB", 1)]) == [("020 7946 0958", "GB", "442079460958")]


def test_a_hash_depends_on_the_key() -> None:
    assert keyed_hashes(["a"], "one") != keyed_hashes(["a"], "two")
    assert keyed_hashes(["a", "a"], "one")[0] == keyed_hashes(["a"], "one")[0]


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
    alone = np.arange(12)
    linked = link_average(alone, (left, right), np.full(len(pairs), 99.0), forbidden, cut=0.8)
    assert all(linked[one] != linked[other] for one, other in banned)


def test_without_contradictions_sure_pairs_are_components() -> None:
    labels = join_sure(5, ints(3, 1), ints(4, 3), np.ones(2), NONE)
    assert labels.tolist() == components(5, ints(3, 1), ints(4, 3)).tolist() == [0, 1, 2, 1, 1]


def test_a_partner_who_fits_parent_and_child_stays_alone() -> None:
    # 0 and 1 are namesakes with two birth dates; 2 has only the name
    labels = link_average(
        ints(0, 1, 2), (ints(0, 1), ints(2, 2)), np.array([200.0, 200.0]), (ints(0), ints(1)), cut=0.8
    )
    assert labels.tolist() == [0, 1, 2]


def test_a_chain_of_likely_pairs_with_unlikely_ends_is_cut() -> None:
    pairs = (ints(0, 1, 0), ints(1, 2, 2))
    labels = link_average(ints(0, 1, 2), pairs, np.array([99.0, 9.0, 0.01]), NONE, cut=0.8)
    assert labels.tolist() == [0, 0, 2]


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


def model() -> dict[str, dict[int, dict[str, float]]]:
    return {
        name: {value: {"m": 0.9 if value else 0.1, "u": 0.01 if value else 0.99} for value in range(len(alike) + 1)}
        for name, (_, alike) in COMPARISONS.items()
    }


def test_a_spouse_is_not_the_same_person() -> None:
    names = list(COMPARISONS)
    same = {"first_name": 1, "last_name": 1, "birth_date": 1, "address": 1, "phone": 1}
    spouse = same | {"first_name": 0, "birth_date": 0}
    levels = np.array([[kind.get(name, -1) for name in names] for kind in [same] * 20 + [spouse] * 60], np.int8)
    weights = np.where(levels < 0, np.nan, np.where(levels > 0, np.log(90.0), np.log(0.1 / 0.99)))
    kinds = np.zeros(len(levels), np.int64)
    mixture = HouseholdMixture(model()).fit(weights, levels, kinds, (500, 0))
    probability = mixture.predict(weights, levels, kinds, (500, 0))
    assert probability[:20].min() > 0.95
    assert probability[20:].max() < 0.05
    assert mixture.household_rate_[0] > mixture.same_rate_[0]
