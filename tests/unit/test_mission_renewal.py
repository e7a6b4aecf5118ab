"""Missions that last: learned anew when it is due, taken when it is better, the same ones from night to night."""

import json
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from pipeline.estimators.mission_renewal import Renewal, renew
from pipeline.estimators.mission_signals import Signals
from pipeline.estimators.mission_standing import Standing
from tests.unit.mission_company import company

SEED = 20


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """As in the stage: small matrices are slower on several threads."""
    with threadpool_limits(limits=1):
        yield


def first(journeys: Signals, fixed: int | None = None) -> Standing:
    """The standing model after a first night with these journeys."""
    renewal = renew(journeys, np.zeros(len(journeys), dtype=bool), None, SEED, fixed)
    assert renewal.choice
    model, gain = renewal.choice.model, renewal.gain
    names, day = [f"m{k}" for k in range(model.missions)], "2026-01-01"
    return Standing(model, names, [], [], [], fixed, gain, day, renewal.heard, len(journeys), day)


def again(journeys: Signals, last: Standing, new: int = 0, fixed: int | None = None) -> Renewal:
    """A later night; the last `new` journeys are those ordered since the last trial."""
    return renew(journeys, np.arange(len(journeys)) >= len(journeys) - new, last, SEED, fixed)


def part(signals: Signals, start: int, end: int) -> Signals:
    return signals.take(np.arange(start, end))


def test_a_night_like_the_one_before_learns_nothing() -> None:
    signals, _ = company(3, journeys=1200)
    assert again(signals, first(part(signals, 0, 1000)), 200).due == ""


def test_half_as_many_journeys_again_are_a_trial_that_has_to_be_better() -> None:
    signals, _ = company(3, journeys=1600)
    renewal = again(signals, first(part(signals, 0, 1000)), 600)
    assert renewal.due == "more journeys"
    assert renewal.choice is None


def test_a_better_model_is_taken() -> None:
    signals, _ = company(4, journeys=2000)
    poor = first(signals, fixed=2)
    renewal = again(signals, replace(poor, fixed=None, tried_from=1000))
    assert renewal.choice and renewal.choice.model.missions == 4


def test_another_number_in_the_settings_is_taken_the_same_night() -> None:
    signals, _ = company(3, journeys=900)
    renewal = again(signals, first(signals), fixed=2)
    assert renewal.due == "another number is set"
    assert renewal.choice and renewal.choice.model.missions == 2


def test_journeys_that_are_explained_less_are_a_reason_to_learn() -> None:
    signals, _ = company(3, journeys=1500, seed=1)
    strange, _ = company(3, journeys=1500, seed=9)
    both = Signals(
        [f"j{i:05d}" for i in range(1500)],
        {n: np.concatenate([v[:1100], strange.numbers[n][:400]]) for n, v in signals.numbers.items()},
        {n: [*v[:1100], *strange.words[n][:400]] for n, v in signals.words.items()},
        {n: [*v[:1100], *strange.bags[n][:400]] for n, v in signals.bags.items()},
    )
    last = first(part(signals, 0, 1100))
    assert again(both, last, 400).due == "new journeys are explained less"
    assert again(part(signals, 0, 1500), last, 400).due == ""


def test_a_new_signal_is_tried_once() -> None:
    signals, _ = company(3, journeys=900)
    last = first(signals)
    signals.words["colour"] = [f"c{x}" for x in np.random.default_rng(1).integers(0, 3, 900)]
    renewal = again(signals, last)
    assert renewal.due == "other signals"
    assert renewal.choice is None  # the colour tells nothing
    assert again(signals, replace(last, heard=renewal.heard)).due == ""


def test_the_order_of_the_rows_changes_nothing() -> None:
    signals, _ = company(3, journeys=800)
    other = signals.take(np.random.default_rng(3).permutation(800))
    kept = [json.dumps(first(rows).model.as_dict()) for rows in (signals, other)]
    assert kept[0] == kept[1]


def test_journeys_keep_their_missions_while_the_company_grows() -> None:
    signals, _ = company(4, journeys=3000)
    last = first(part(signals, 0, 800))
    for end in (1000, 1400, 2200, 3000):
        rows = part(signals, 0, end)
        renewal = again(rows, last, end - last.tried_from)
        if renewal.choice:
            everyone = np.ones(len(rows), dtype=bool)
            new = replace(last, model=renewal.choice.model, tried_from=end)
            before, now = last.place(rows, everyone)[0], new.place(rows, everyone)[0]
            same = max_agreement(before, now)
            assert same >= 0.97
            last = new


def max_agreement(before: np.ndarray, now: np.ndarray) -> float:
    both = (before >= 0) & (now >= 0)
    table = np.zeros((10, 10))
    np.add.at(table, (before[both], now[both]), 1)
    return float(table.max(axis=1).sum() / both.sum())


def test_a_model_is_the_same_after_it_was_kept() -> None:
    signals, _ = company(3, journeys=600)
    last = first(signals)
    restored = Standing.from_bytes(last.as_bytes())
    assert restored
    assert restored.as_bytes() == last.as_bytes()
    assert (restored.classify(signals) == last.classify(signals)).all()


def test_a_model_that_another_version_kept_is_no_model() -> None:
    assert Standing.from_bytes(b'{"names": ["m0"], "words": [[0.5, 0.5]]}') is None


def test_what_is_no_journey_is_told_a_type_by_what_it_read() -> None:
    signals, _ = company(3, journeys=1500)
    last = first(signals)
    readers = Signals(signals.journey_ids, {}, {}, {"topics": signals.bags["topics"]})
    chance = last.classify(readers)
    label = last.classify(signals).argmax(axis=1)
    assert chance.sum(axis=1) == pytest.approx(1.0)
    assert (chance.argmax(axis=1) == label).mean() > 0.6
    nothing = last.classify(Signals(["x"], {}, {}, {"topics": [{}]}))
    assert nothing[0] == pytest.approx(last.model.shares_)


def test_a_journey_that_would_be_a_wonder_on_every_mission_is_left_over() -> None:
    signals, _ = company(3, journeys=3000)
    last = first(signals)
    everyone = np.ones(3000, dtype=bool)
    assert (last.place(signals, everyone)[0] < 0).mean() < 0.005
    odd = Signals(["x"], {}, {}, {"topics": [dict.fromkeys(rarest(last), 12.0)]})
    assert last.place(odd, everyone[:1])[0].tolist() == [-1]


def rarest(last: Standing) -> list[str]:
    """Of each mission, the topic that its journeys read least."""
    block, part = last.model.blocks_[-1], last.model.slices()[-1]
    return [block.levels[int(place)] for place in last.model.words_[:, part].argmin(axis=1)]


def test_a_journey_of_which_nothing_is_known_has_no_mission() -> None:
    signals, _ = company(3, journeys=600)
    nothing = Signals(["x"], {"value": np.array([np.nan])}, {"category": [None]}, {"topics": [{}]})
    assert first(signals).place(nothing, np.ones(1, dtype=bool))[0].tolist() == [-1]


def test_order_less_journeys_have_a_mission_only_if_what_was_read_leaves_little_doubt() -> None:
    signals, _ = company(3, journeys=1500)
    last = first(signals)
    readers = Signals(signals.journey_ids, {}, {}, {"topics": signals.bags["topics"]})
    label, chance = last.place(readers, np.zeros(1500, dtype=bool))
    read = np.array([sum(bag.values()) for bag in signals.bags["topics"]])
    assert 0 < (label >= 0).sum() < 1500
    assert chance[label >= 0].min() >= 0.9
    assert read[label >= 0].min() >= 3
