"""The mission model on made-up companies whose missions are known."""

import json
from collections.abc import Iterator

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score
from threadpoolctl import threadpool_limits

from pipeline.estimators.mission_blocks import read_blocks
from pipeline.estimators.mission_choice import choose
from pipeline.estimators.mission_matching import Lineage, match
from pipeline.estimators.mission_signals import Signals, coverage, encode, flatten, flatten_all, learn_blocks
from pipeline.estimators.missions import MissionModel, bursts
from tests.unit.mission_company import company


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """As in the stage: small matrices are slower on several threads."""
    with threadpool_limits(limits=1):
        yield


@pytest.mark.parametrize(("missions", "seed"), [(3, 1), (4, 2), (5, 3)])
def test_the_missions_planted_are_found(missions: int, seed: int) -> None:
    signals, truth = company(missions, seed=seed)
    blocks = learn_blocks(signals)
    matrix = encode(signals, blocks)
    choice = choose(matrix, blocks, seed=20)
    assert choice.model.missions == missions
    assert adjusted_rand_score(truth, choice.model.predict_proba(matrix).argmax(axis=1)) >= 0.9
    assert min(choice.stability) >= 0.7


def test_signals_without_missions_show_one() -> None:
    rng = np.random.default_rng(3)
    words = {name: [str(x) for x in rng.integers(0, 4, 1000)] for name in ("a", "b", "c")}
    signals = Signals([str(i) for i in range(1000)], {"n": rng.normal(size=1000)}, words, {})
    blocks = learn_blocks(signals)
    assert choose(encode(signals, blocks), blocks, seed=20).model.missions == 1


def test_signals_that_go_together_whatever_the_mission_are_no_mission() -> None:
    rng = np.random.default_rng(5)
    region = rng.integers(0, 4, 3000)
    shop = np.where(rng.random(3000) < 0.7, region * 3 + rng.integers(0, 3, 3000), rng.integers(0, 12, 3000))
    words = {"region": [f"r{x}" for x in region], "shop": [f"s{x}" for x in shop]}
    words["kind"] = [f"k{x}" for x in rng.integers(0, 5, 3000)]
    signals = Signals([f"{i:04d}" for i in range(3000)], {}, words, {})
    blocks = read_blocks(signals, 20)
    choice = choose(encode(signals, blocks), blocks, seed=20)
    assert choice.model.missions == 1
    assert [blocks[tie.child].name for tie in choice.model.ties_] in (["region"], ["shop"])


def test_missions_are_found_beside_signals_that_go_together() -> None:
    signals, truth = company(4, journeys=2500, seed=4)
    rng = np.random.default_rng(6)
    region = rng.integers(0, 4, 2500)
    signals.words["region"] = [f"r{x}" for x in region]
    signals.words["shop"] = [f"s{x * 3 + a}" for x, a in zip(region, rng.integers(0, 3, 2500), strict=True)]
    blocks = read_blocks(signals, 20)
    choice = choose(matrix := encode(signals, blocks), blocks, seed=20)
    assert choice.model.missions == 4
    assert adjusted_rand_score(truth, choice.model.predict_proba(matrix).argmax(axis=1)) >= 0.9


def test_an_amount_is_read_as_what_remains_of_it_beyond_the_numbers_that_it_is_the_product_of() -> None:
    rng = np.random.default_rng(7)
    nights, price = 1.0 + rng.poisson(4, 2000), np.exp(rng.normal(4, 0.3, 2000))
    words = {"kind": [f"k{x}" for x in rng.integers(0, 4, 2000)]}
    signals = Signals([f"{i:04d}" for i in range(2000)], {"nights": nights, "value": nights * price}, words, {})
    blocks = read_blocks(signals, 20)
    (amount,) = [block for block in blocks if block.name == "value"]
    column = sum(block.width for block in blocks[: blocks.index(amount)])
    bins = encode(signals, blocks)[:, column : column + amount.width].argmax(axis=1)
    assert np.corrcoef(bins, np.log(price))[0, 1] > 0.9
    assert abs(np.corrcoef(bins, nights)[0, 1]) < 0.15


def test_the_number_that_is_set_is_taken() -> None:
    signals, _ = company(4)
    blocks = read_blocks(signals, 20)
    choice = choose(encode(signals, blocks), blocks, seed=20, fixed=2)
    assert choice.model.missions == 2
    assert len(choice.evidence) == 2


def test_a_number_told_twice_is_one_signal() -> None:
    names = [block.name for block in learn_blocks(company(3)[0])]
    assert "lead_hours" in names
    assert "attributes.wait" not in names


def test_missing_signals_say_nothing() -> None:
    signals, _ = company(3)
    blocks = learn_blocks(signals)
    model = MissionModel(3, 20).fit(encode(signals, blocks), blocks)
    nothing = Signals(["j"], {"value": np.array([np.nan])}, {"category": [None]}, {"topics": [{}]})
    assert model.predict_proba(encode(nothing, blocks))[0] == pytest.approx(model.shares_)


def test_unknown_words_and_extreme_numbers_are_taken_in() -> None:
    signals, _ = company(3)
    blocks = learn_blocks(signals)
    odd = Signals(["j"], {"value": np.array([1e12])}, {"category": ["never seen"]}, {"topics": [{"new": 2.0}]})
    matrix = encode(odd, blocks)
    assert matrix.sum() == 1.0  # the number falls into its last bin; the words are unknown


def test_the_model_is_the_same_after_it_was_kept() -> None:
    signals, _ = company(4)
    blocks = read_blocks(signals, 20)
    matrix = encode(signals, blocks)
    model = choose(matrix, blocks, seed=20).model
    again = MissionModel.from_dict(json.loads(json.dumps(model.as_dict())))
    assert (again.predict_proba(matrix) == model.predict_proba(matrix)).all()


def test_learning_twice_gives_the_same_bytes() -> None:
    signals, _ = company(3)
    blocks = learn_blocks(signals)
    kept = [json.dumps(choose(encode(signals, blocks), blocks, seed=20).model.as_dict()) for _ in range(2)]
    assert kept[0] == kept[1]


def test_words_in_bursts_count_for_less() -> None:
    def scale(burst: float) -> float:
        signals, _ = company(3, burst=burst)
        blocks = learn_blocks(signals)
        matrix = encode(signals, blocks)
        return float(bursts(MissionModel(8, 1).fit(matrix, blocks), matrix)[-1])

    assert scale(1.0) < 0.8
    assert scale(0.0) > 0.9


def test_more_missions_than_journeys_are_refused() -> None:
    signals, _ = company(3, journeys=200)
    blocks = learn_blocks(signals)
    with pytest.raises(ValueError, match="cannot show 300 missions"):
        MissionModel(300, 1).fit(encode(signals, blocks), blocks)


def test_attributes_of_any_shape_become_signals() -> None:
    text = (
        '{"party": "3", "gift": true, "shop": {"city": "Ulm"}, "items": [{"kind": "a", "n": 2}, {"kind": "b", "n": 1}]}'
    )
    numbers, words, bags = flatten(text)
    assert numbers == {"party": 3.0, "items (count)": 2.0, "items.n": 3.0}
    assert words == {"gift": "yes", "shop.city": "Ulm"}
    assert bags == {"items.kind": {"a": 1, "b": 1}}


@pytest.mark.parametrize("text", [None, "", "not json", "[1, 2]", "null", '{"a": null, "b": NaN}'])
def test_attributes_that_say_nothing_give_nothing(text: str | None) -> None:
    assert flatten(text) == ({}, {}, {})


def test_a_field_that_an_order_lacks_is_unknown_there() -> None:
    flat = flatten_all(['{"n": 1}', "{}", '{"w": "x"}'])
    assert np.isnan(flat.numbers["attributes.n"]).tolist() == [False, True, True]
    assert flat.words["attributes.w"] == [None, None, "x"]


def test_plates_and_constants_are_no_signals() -> None:
    rng = np.random.default_rng(1)
    words = {
        "plate": [f"p{i}" for i in range(500)],
        "same": ["x"] * 500,
        "kind": [str(k) for k in rng.integers(0, 3, 500)],
    }
    signals = Signals([str(i) for i in range(500)], {"one": np.ones(500)}, words, {})
    assert [block.name for block in learn_blocks(signals)] == ["kind"]
    assert coverage(signals, "kind") == 1.0
    assert coverage(signals, "absent") == 0.0


def lineage(tonight: list[int], before: list[str | None], newcomers: int = 0) -> Lineage:
    """Of as many missions as `tonight` has; the last `newcomers` journeys came after the earlier ones were learned."""
    taught = [row < len(tonight) - newcomers for row in range(len(tonight))]
    return match(max(tonight) + 1, tonight, before, taught)


def test_missions_keep_their_names_by_the_journeys_they_share() -> None:
    found = lineage([1] * 48 + [0] * 57, ["a"] * 50 + ["b"] * 50 + [None] * 5)
    assert found.names == ["b", "a"]
    assert found.fates == {}


def test_a_split_mission_names_its_origin_and_a_merged_one_its_fate() -> None:
    split = lineage([0] * 60 + [1] * 40 + [2] * 50, ["a"] * 100 + ["b"] * 50)
    assert (split.names, split.origins) == (["a", None, "b"], [None, "a", None])
    merged = lineage([0] * 140, ["a"] * 100 + ["b"] * 40)
    assert (merged.names, merged.fates) == (["a"], {"b": "merged"})


def test_of_two_missions_alike_in_size_that_merge_one_lives_on() -> None:
    found = lineage([0] * 95 + [1] * 5 + [0] * 95 + [1] * 65, ["a"] * 100 + ["b"] * 100 + ["c"] * 60)
    assert (found.names, found.fates) == (["a", "c"], {"b": "merged"})


def test_a_mission_of_journeys_that_were_not_there_to_learn_from_is_born() -> None:
    before: list[str | None] = ["a"] * 100 + ["b"] * 100 + ["a"] * 60
    found = lineage([0] * 98 + [2] * 2 + [1] * 100 + [2] * 60, before, newcomers=60)
    assert (found.names, found.origins) == (["a", "b", None], [None, None, None])


def test_growth_makes_no_split_mission_a_born_one() -> None:
    found = lineage([0] * 30 + [1] * 20 + [0, 0, 0, 1, 1] * 20, ["a"] * 150, newcomers=100)
    assert (found.names, found.origins) == (["a", None], [None, "a"])


def test_a_few_journeys_give_a_large_mission_no_name() -> None:
    found = lineage([0] * 40 + [1] * 60 + [0] * 9 + [1] * 2, ["b"] * 100 + ["a"] * 11)
    assert found.names == [None, "b"]
    assert found.fates == {"a": "merged"}


def test_a_mission_whose_journeys_went_everywhere_is_retired() -> None:
    found = lineage(
        [0] * 100 + [1] * 100 + [2] * 100 + [0, 1, 2] * 10, ["a"] * 100 + ["b"] * 100 + ["c"] * 100 + ["d"] * 30
    )
    assert found.fates == {"d": "retired"}
