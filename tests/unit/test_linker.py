"""The linker on small tables: who is one person, a model that lasts, and parts that decide as the whole does."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from pipeline.estimators.identity import linker
from pipeline.estimators.identity.clusters import components
from pipeline.estimators.identity.comparisons import Ints, ScoredPairs
from pipeline.estimators.identity.scoring import value_hash
from pipeline.warehouse import Session

FIRST = "adele bruno clara dorian emilia fabian gisela hubert irene jonas klara leander marta norbert paula".split()
LAST = "abel brandt cordes dietz ebert falk gruber hahn illig jansen kern lorenz maurer nagel ohm pabst reuter".split()
STREETS = [f"{word} street" for word in "oak elm mill lake hill church station garden river bridge".split()]
NOBODY = (np.array([], np.int64), np.array([], np.int64))
NO_KEYS = (*NOBODY, np.array([], object))


def person(dice: random.Random) -> dict[str, Any]:
    return {
        "first_name": dice.choice(FIRST) + dice.choice(["", "", "a", "o"]),
        "last_name": dice.choice(LAST) + dice.choice(["", "er", "mann", "s"]),
        "born": f"{dice.randint(1940, 2000)}-{dice.randint(1, 12):02d}-{dice.randint(1, 28):02d}",
        "street": f"{dice.randint(1, 90)} {dice.choice(STREETS)}",
        "postcode": str(10_000 + dice.randint(0, 60)),
        "city": dice.choice(["oldtown", "newport", "highfield"]),
        "phone": str(dice.randint(10**8, 10**9)),
        "email_local": "".join(dice.choice("abcdefghijklmnop") for _ in range(8)),
    }


def slipped(text: str) -> str:
    return text[:2] + text[3:]


# two records of the case, and whether they are one person
BASE = {
    "first_name": "theodora", "last_name": "quistgaard", "born": "1971-03-14", "street": "7 linden street",
    "postcode": "20001", "city": "newport", "phone": "777001", "email_local": "theo",
}  # fmt: skip
OTHER_MAIL = {"email_local": "other", "phone": None}
CASES: dict[str, tuple[dict[str, Any], bool]] = {
    "transposed": ({"first_name": "quistgaard", "last_name": "theodora"} | OTHER_MAIL, True),
    "mistyped": ({"first_name": "theodroa", "last_name": "quistgard"} | OTHER_MAIL, True),
    "nickname": ({"first_name": "dolly", "first_root": "theodora"} | OTHER_MAIL, True),
    "moved": ({"street": "81 far street", "postcode": "20044", "phone": None, "email_local": None}, True),
    "twin": ({"first_name": "magnus"} | OTHER_MAIL, False),
    "spouse": ({"first_name": "henrik", "born": "1969-11-02", "email_local": "henrik"}, False),
    "namesake": ({"born": "1950-08-21", "street": "3 sea street", "postcode": "20055"} | OTHER_MAIL, False),
}


def told(row: dict[str, Any], number: int) -> dict[str, Any]:
    """The row with values of its case's own, so that cases do not meet."""
    letter = "bcdfghkl"[number]
    names = {name: row[name].replace("quist", f"{letter}uist") for name in ("first_name", "last_name")}
    own = {"street": f"{row['street']} {letter}", "postcode": f"{row['postcode']}{number}"}
    own |= {"born": f"19{3 + number // 3}{number}{row['born'][4:]}" if row["born"] == BASE["born"] else row["born"]}
    return row | names | own | {key: row[key] and f"{row[key]}{letter * 3}" for key in ("phone", "email_local")}


def table() -> pd.DataFrame:
    """Two hundred people, half of them twice, a third with a spouse; then the cases, two records each."""
    dice, rows = random.Random(4), []
    for place in range(200):
        one = person(dice)
        rows.append(one)
        if place % 2 == 0:
            slip = {"first_name": slipped(one["first_name"])} if place % 3 == 0 else {"phone": None}
            rows.append(one | slip | ({"born": None} if place % 5 == 0 else {}))
        if place % 3 == 0:
            at_home = {key: one[key] for key in ("last_name", "street", "postcode", "city", "phone")}
            rows.append(person(dice) | at_home)
    for number, (changed, _) in enumerate(CASES.values()):
        rows += [told(BASE, number), told(BASE | changed, number)]
    frame = pd.DataFrame(rows).reset_index(names="record_id")
    frame["first_root"] = frame.get("first_root", pd.Series(dtype=object)).fillna(frame["first_name"])
    frame["birth_digits"] = ["".join(sorted(born)) if isinstance(born, str) else None for born in frame["born"]]
    texts = [column for column in frame if column != "record_id"]
    return frame.astype(dict.fromkeys(texts, "string"))


@dataclass(frozen=True)
class Limits:
    memory_limit: str = "1GB"
    threads: int = 2


@dataclass(frozen=True)
class Linked:
    """What the linker made of table()."""

    session: Session
    model: linker.PairModel
    scored: ScoredPairs
    decision: linker.Decision
    kinds: Ints


@pytest.fixture(scope="module")
def linked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Linked]:
    folder: Path = tmp_path_factory.mktemp("linker")
    with Session(Limits(), "identity", folder, folder / "spill") as session:  # type: ignore[arg-type]
        put(session, table())
        count = session.count("identity.compared")
        kinds = np.ones(count, np.int64)
        model = linker.learn(session, "identity.compared", kinds, np.arange(count))
        scored = linker.score(session, "identity.compared", model)
        decision = linker.decide(count, NO_KEYS, scored, lambda _: NOBODY, kinds=kinds, model=model)
        yield Linked(session, model, scored, decision, kinds)


def put(session: Session, frame: pd.DataFrame) -> None:
    session.put("identity.given_table", frame, grain=("record_id",), keep=False)
    session.connection.execute(
        "create or replace table identity.compared as select *, [phone] as phones,"
        " case when street is not null and postcode is not null then [street || ', ' || postcode] end as homes,"
        " case when postcode is not null then [postcode] end as postcodes,"
        " least(first_name, last_name) || ', ' || greatest(first_name, last_name) as both_names,"
        " cast(null as varchar[]) as devices, cast(null as bigint) as sure from identity.given_table"
    )


@pytest.mark.parametrize("case", CASES)
def test_who_is_one_person(linked: Linked, case: str) -> None:
    first = len(table()) - 2 * len(CASES) + 2 * list(CASES).index(case)
    one, other = linked.decision.labels[[first, first + 1]]
    assert bool(one == other) == CASES[case][1]


def test_a_model_is_the_same_after_it_was_kept(linked: Linked) -> None:
    kept = linked.model.to_json()
    again = linker.PairModel.from_json(kept)
    assert again.to_json() == kept
    scored = linker.score(linked.session, "identity.compared", again)
    assert scored.left.tolist() == linked.scored.left.tolist()
    np.testing.assert_array_equal(scored.weights, linked.scored.weights)


def test_a_model_names_nobody(linked: Linked) -> None:
    kept = linked.model.to_json().decode()
    frame = table()
    for column in ("last_name", "street", "phone", "email_local", "born"):
        assert not [value for value in frame[column].dropna().unique() if f'"{value}"' in kept]


def likely(pairs: ScoredPairs) -> dict[tuple[int, int], list[float]]:
    """The pairs that have weights."""
    weighed = (pairs.levels >= 0).any(axis=1)
    rows = zip(pairs.left[weighed].tolist(), pairs.right[weighed].tolist(), strict=True)
    return dict(zip(rows, np.nan_to_num(pairs.weights[weighed]).tolist(), strict=True))


def test_fresh_records_score_as_they_do_among_all(linked: Linked) -> None:
    session = linked.session
    fresh = {1, 7, 50, 120, 301, 302}
    session.put("identity.fresh", pd.DataFrame({"record_id": sorted(fresh)}), grain=("record_id",), keep=False)
    found = likely(linker.score(session, "identity.compared", linked.model, "identity.fresh"))
    among_all = {pair: weights for pair, weights in likely(linked.scored).items() if fresh & set(pair)}
    assert found == among_all
    assert found


def test_records_score_alike_in_a_smaller_table(linked: Linked) -> None:
    session, frame = linked.session, table()
    put(session, frame[frame["record_id"] >= len(frame) - 2 * len(CASES)])
    found = likely(linker.score(session, "identity.compared", linked.model))
    put(session, frame)
    among_all = {pair: w for pair, w in likely(linked.scored).items() if pair[0] >= len(frame) - 2 * len(CASES)}
    assert found == among_all


def test_a_part_that_hangs_together_decides_as_the_whole_does(linked: Linked) -> None:
    count, groups = len(linked.kinds), linked.decision.groups
    near = linked.decision.probability >= 0.01
    parts = components(count, groups.left[near], groups.right[near])
    chosen = np.flatnonzero(np.isin(parts, np.unique(parts)[::3]))
    inside = np.isin(linked.scored.left, chosen) & np.isin(linked.scored.right, chosen)
    pairs = ScoredPairs(
        np.searchsorted(chosen, linked.scored.left[inside]),
        np.searchsorted(chosen, linked.scored.right[inside]),
        linked.scored.weights[inside],
        linked.scored.levels[inside],
    )
    own = linked.kinds[chosen]
    part = linker.decide(len(chosen), NO_KEYS, pairs, lambda _: NOBODY, kinds=own, model=linked.model)
    for name in ("labels", "strict", "loose"):
        assert chosen[getattr(part, name)].tolist() == getattr(linked.decision, name)[chosen].tolist()


def test_a_stricter_cut_lies_within_a_looser_one(linked: Linked) -> None:
    decision = linked.decision
    for inner, outer in ((decision.strict, decision.labels), (decision.labels, decision.loose)):
        assert all(len(set(outer[inner == label])) == 1 for label in np.unique(inner))


def test_a_name_never_seen_is_as_rare_as_the_rarest(linked: Linked) -> None:
    known = linked.model.frequencies["last_name"]
    assert value_hash("quistgaardsen") not in known["shares"]
    assert known["rest"] <= min(known["shares"].values())
    session, frame = linked.session, table()
    cases = frame.tail(2 * len(CASES))
    put(session, cases.head(2).assign(last_name="quistgaardsen", first_name="theodora"))
    found = linker.score(session, "identity.compared", linked.model)
    put(session, frame)
    levels = linked.model.parameters["last_name"]
    place = linked.model.spec.names.index("last_name")
    assert found.weights[0, place] == pytest.approx(np.log(levels[max(levels)]["m"] / known["rest"]), abs=1e-4)


def test_keys_tie_and_contradictions_part(linked: Linked) -> None:
    left, right = np.array([0, 2]), np.array([2, 4])
    keys = (left, right, np.array(["email", "email"], object))

    def contradiction(component: Ints) -> tuple[Ints, Ints]:
        assert component[0] == component[4]
        return np.array([0]), np.array([4])

    sure = linker.sure_labels(len(linked.kinds), keys, contradiction)
    assert sure[0] == sure[2] != sure[4]
    free = linker.sure_labels(len(linked.kinds), keys, lambda _: NOBODY)
    assert free[0] == free[2] == free[4]


def test_two_records_or_none_are_no_trouble(linked: Linked) -> None:
    for rows in (0, 1, 2):
        put(linked.session, table().head(rows))
        model = linker.learn(linked.session, "identity.compared", np.ones(rows, np.int64), np.arange(rows))
        scored = linker.score(linked.session, "identity.compared", model)
        kinds = np.ones(rows, np.int64)
        found = linker.decide(rows, NO_KEYS, scored, lambda _: NOBODY, kinds=kinds, model=model)
        assert len(found.labels) == rows
    put(linked.session, table())
