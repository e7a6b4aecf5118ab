"""Names of missions: in the company's words, never more than the evidence says, stable, and each its own."""

import re

import numpy as np
import pytest

from pipeline.estimators.mission_lift import Count, lifts, wilson
from pipeline.estimators.mission_names import Name, description_of, names_of, signals_of, slug_of
from pipeline.estimators.mission_profiles import Profile, members, profiles
from pipeline.estimators.mission_signals import Signals

GROUPS = 3


def company(n: int = 900, seed: int = 1, **more: list[str | None]) -> tuple[Signals, np.ndarray]:
    """Three missions, each with its product and topic three times in four, and its size of party; the rest is noise."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, GROUPS, n)
    mine = np.where(rng.random(n) < 0.75, truth, rng.integers(0, GROUPS, n))
    words = {"category": [f"kit_{k}" for k in mine], "attributes.noise": [str(x) for x in rng.integers(0, 5, n)]}
    bags = [{f"topic_{k}": 2.0, f"page_{rng.integers(0, 9)}": 1.0} for k in mine]
    numbers = {"attributes.partySize": truth + 1.0 + rng.integers(0, 2, n), "value": rng.normal(50, 9, n)}
    return Signals([f"j{i:04d}" for i in range(n)], numbers, {**words, **more}, {"topics": bags}), truth


def shown(signals: Signals, truth: np.ndarray, people: int = 400, few: int = 10) -> list[Profile]:
    names = [f"m{k}" for k in range(GROUPS)]
    owners = [f"c{int(row * 7919) % people}" for row in range(len(truth))]
    return profiles(members(names, truth, owners), signals, few)


def fresh(found: list[Profile]) -> list[Name]:
    return names_of(found, [None] * len(found))


def test_a_label_is_what_is_bought_and_read_in_the_companys_words() -> None:
    names = fresh(shown(*company()))
    assert [name.label for name in names] == ["Kit 0, topic 0", "Kit 1, topic 1", "Kit 2, topic 2"]
    assert names[0].rests_on == (("category", "kit_0"), ("topics", "topic_0"))


def test_a_description_is_two_sentences_with_counts_and_no_code() -> None:
    found = shown(*company())
    text = description_of(found[0], "EUR")
    assert text.startswith(f"Of {found[0].journeys} journeys ({found[0].customers} customers), ")
    assert re.search(r"\d+ % buy kit 0 \(others \d+ %\)", text)
    assert re.search(r"\d+ % read about topic 0 \(others \d+ %\)", text)
    assert "Typically party size of 1 (others 3)" in text
    assert text.count(". ") == 1
    assert not re.search(r"[_=]|attributes|\d\.0\b", text)


@pytest.mark.parametrize("seed", range(12))
def test_noise_is_never_said(seed: int) -> None:
    found = shown(*company(seed=seed))
    said = " ".join([description_of(one, "EUR") for one in found] + [name.label for name in fresh(found)])
    assert "noise" not in said
    assert "page" not in said
    assert "value" not in said
    assert {row["signal"] for one in found for row in signals_of(one)} <= {"category", "topics", "attributes.partySize"}


def test_journeys_alike_are_told_to_be_so() -> None:
    signals, truth = company()
    rng = np.random.default_rng(5)
    found = shown(signals, rng.permutation(truth))
    assert [name.label for name in fresh(found)] == [
        "Journeys of no special kind", "Journeys of no special kind 2", "Journeys of no special kind 3",
    ]  # fmt: skip
    assert "Nothing that was recorded" in description_of(found[0], "EUR")
    assert signals_of(found[0]) == []


def test_a_lone_mission_has_no_others_to_differ_from() -> None:
    signals, truth = company()
    found = profiles(members(["only"], np.zeros_like(truth), list(signals.journey_ids)), signals, 10)
    assert {one.lift for one in found[0].words} == {None}
    assert fresh(found)[0].label == "Journeys of no special kind"


def test_a_word_of_few_people_is_not_shown() -> None:
    signals, truth = company()
    guest: list[str | None] = ["Jane Doe" if k == 0 else "someone" for k in truth]
    signals = Signals(signals.journey_ids, signals.numbers, {**signals.words, "attributes.guest": guest}, signals.bags)
    owners = ["jane" if k == 0 else f"c{row}" for row, k in enumerate(truth)]
    found = profiles(members(["m0", "m1", "m2"], truth, owners), signals, 10)
    assert "Jane Doe" not in {one.count.value for profile in found for one in profile.words}
    assert "Jane" not in " ".join([name.label for name in fresh(found)] + [description_of(p, "EUR") for p in found])


def test_a_label_stays_while_what_it_rests_on_holds() -> None:
    before = [Name("Old words", (("category", "kit_0"),)), Name("Gone", (("topics", "page_1"),)), None]
    labels = [name.label for name in names_of(shown(*company()), before)]
    assert labels == ["Old words", "Kit 1, topic 1", "Kit 2, topic 2"]


def test_a_label_on_a_number_stays_only_while_the_number_points_the_same_way() -> None:
    found = shown(*company())
    lower, higher = (Name("Small", (("attributes.partySize", way),)) for way in ("less", "more"))
    assert names_of(found, [lower, None, None])[0].label == "Small"
    assert names_of(found, [higher, None, None])[0].label == "Kit 0, topic 0"


def test_no_two_missions_share_a_label() -> None:
    signals, truth = company()
    alike = Signals(
        signals.journey_ids, {"value": 10.0 + 30.0 * (truth == 2)}, {"category": ["a" if k else "b" for k in truth]}
    )
    assert [name.label for name in fresh(shown(alike, truth))] == ["B", "A", "A, high value"]
    reserved = names_of(shown(signals, truth), [None] * GROUPS, ["KIT 0, topic 0"])
    assert reserved[0].label.casefold() != "kit 0, topic 0"
    assert len({name.label.casefold() for name in reserved}) == GROUPS


def test_yes_and_no_and_numbers_read_as_words() -> None:
    signals, truth = company()
    gift: list[str | None] = ["yes" if k == 0 else "no" for k in truth]
    rooms: list[str | None] = [f"{k + 1}.0" for k in truth]
    words = {"attributes.giftWrap": gift, "attributes.hall.rooms": rooms}
    labels = [name.label for name in fresh(shown(Signals(signals.journey_ids, {}, words), truth))]
    assert labels[0] == "Gift wrap, hall rooms 1"
    assert labels[1:] == ["Hall rooms 2, no gift wrap", "Hall rooms 3, no gift wrap"]


def test_slugs_are_plain_and_unlike() -> None:
    assert slug_of("Kit 0, topic 0", []) == "kit_0_topic_0"
    assert slug_of("Kit 0, topic 0", ["kit_0_topic_0"]) == "kit_0_topic_0_2"
    assert slug_of("ALL", []) == "all_2"
    assert slug_of("'; drop table x --", []) == "drop_table_x"
    assert slug_of("!?", []) == "mission"
    assert slug_of("Ausflüge, Zoo", []) == "ausflüge_zoo"


def test_a_kept_name_is_the_same() -> None:
    name = fresh(shown(*company()))[0]
    assert Name.from_list(name.as_list()) == name


def test_lifts_hold_together_and_count_customers() -> None:
    def one(customers: int) -> Count:
        return Count("m", "f", "v", 60, customers, 100, customers, 30, 100, customers)

    alone, many = lifts([one(100)])[0], lifts([one(100)] * 300)[0]
    assert alone.lift == many.lift == pytest.approx(2.0, abs=0.02)
    assert alone.low and many.low and alone.low > many.low > 1
    few = lifts([one(9)])[0]
    assert few.low is not None and few.low < 1, "sixty journeys of nine customers prove little"


def test_lifts_of_chance_stay_within_their_ranges() -> None:
    rng = np.random.default_rng(8)
    nights = 200
    misses = 0
    for _ in range(nights):
        x, y = rng.binomial(200, 0.3, 40), rng.binomial(500, 0.3, 40)
        found = lifts(
            [
                Count("m", "f", str(i), int(a), 10, 200, 200, int(b), 500, 500)
                for i, (a, b) in enumerate(zip(x, y, strict=True))
            ]
        )
        misses += any(one.is_more or one.is_less for one in found)
    assert misses / nights <= 0.08


def test_wilson_is_the_textbook_s() -> None:
    assert wilson(5, 10, 10) == pytest.approx((0.2366, 0.7634), abs=1e-4)
    assert wilson(0, 20, 20) == pytest.approx((0.0, 0.1611), abs=1e-4)
    assert wilson(0, 0, 0) == (0.0, 1.0)
