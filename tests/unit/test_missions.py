"""The mission model on made-up companies whose missions are known."""

import json

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from pipeline.estimators.mission_choice import choose, mean_gain
from pipeline.estimators.mission_matching import match
from pipeline.estimators.mission_names import description_of, label_of, profiles, slug_of
from pipeline.estimators.mission_signals import Signals, coverage, encode, flatten, flatten_all, learn_blocks
from pipeline.estimators.missions import MissionModel, bursts


def company(missions: int, journeys: int = 900, seed: int = 1, burst: float = 0.0) -> tuple[Signals, np.ndarray]:
    """Journeys of a made-up company: a mission has its product, topics and lead time; other signals are noise."""
    rng = np.random.default_rng(seed)
    truth = rng.choice(missions, journeys, p=rng.dirichlet(np.full(missions, 8.0)))
    product = np.where(rng.random(journeys) < 0.7, truth, rng.integers(0, missions, journeys))
    topics = rng.dirichlet(np.full(8, 0.4), missions)
    shares = [rng.dirichlet(topics[k] * burst + 1e-3) if burst else topics[k] for k in truth]
    counts = [rng.multinomial(rng.poisson(8), share) for share in shares]
    lead = np.exp(rng.normal(2 + 0.6 * truth, 0.5, journeys)) * 24
    return Signals(
        [f"j{i:05d}" for i in range(journeys)],
        {"lead_hours": lead, "attributes.wait": np.round(lead / 24), "value": np.exp(rng.normal(4, 0.4, journeys))},
        {"category": [f"product_{k}" for k in product], "weekday": [str(d) for d in rng.integers(0, 7, journeys)]},
        {"topics": [{f"topic_{t}": float(n) for t, n in enumerate(row) if n} for row in counts]},
    ), truth


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


def test_a_number_told_twice_is_one_signal() -> None:
    names = [block.name for block in learn_blocks(company(3)[0])]
    assert "attributes.wait" in names
    assert "lead_hours" not in names


def test_missing_signals_say_nothing() -> None:
    signals, _ = company(3)
    blocks = learn_blocks(signals)
    model = choose(encode(signals, blocks), blocks, seed=20).model
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
    blocks = learn_blocks(signals)
    matrix = encode(signals, blocks)
    model = choose(matrix, blocks, seed=20).model
    again = MissionModel.from_dict(json.loads(json.dumps(model.as_dict())))
    assert (again.predict_proba(matrix) == model.predict_proba(matrix)).all()
    assert mean_gain(again, model, matrix) == 0.0


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


def test_missions_keep_their_names_by_the_journeys_they_share() -> None:
    before = ["a"] * 50 + ["b"] * 50 + [None] * 5
    lineage = match(2, [1] * 48 + [0] * 57, before)
    assert lineage.names == ["b", "a"]
    assert lineage.fates == {}


def test_a_split_mission_names_its_origin_and_a_merged_one_its_fate() -> None:
    split = match(3, [0] * 60 + [1] * 40 + [2] * 50, ["a"] * 100 + ["b"] * 50)
    assert (split.names, split.origins) == (["a", None, "b"], [None, "a", None])
    merged = match(1, [0] * 140, ["a"] * 100 + ["b"] * 40)
    assert (merged.names, merged.fates) == (["a"], {"b": "merged"})


def test_a_mission_whose_journeys_went_everywhere_is_retired() -> None:
    lineage = match(
        3, [0] * 100 + [1] * 100 + [2] * 100 + [0, 1, 2] * 10, ["a"] * 100 + ["b"] * 100 + ["c"] * 100 + ["d"] * 30
    )
    assert lineage.fates == {"d": "retired"}


def test_names_come_from_the_companys_own_words() -> None:
    signals, truth = company(3)
    blocks = learn_blocks(signals)
    shown = profiles(3, truth, encode(signals, blocks), blocks, signals)
    label = label_of(shown[0])
    assert "product 0" in label.lower()
    assert slug_of(label, []) == label.lower().replace(", ", "_").replace(" ", "_")
    assert slug_of(label, [slug_of(label, [])]).endswith("_2")
    assert "product 0" in description_of(shown[0], "EUR")
    assert json.loads(json.dumps(shown[0].as_list()))[0]["lift"] >= 1.5


def test_journeys_alike_are_told_to_be_so() -> None:
    signals = Signals(["a", "b"], {}, {"category": ["x", "x"]}, {})
    shown = profiles(1, np.zeros(2, dtype=np.int64), encode(signals, []), [], signals)
    assert label_of(shown[0]) == "Journeys of no special kind"
    assert "Nothing that was recorded" in description_of(shown[0], "EUR")
