"""The ledger tells what became of customers, and alone gives the map of any night."""

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.estimators.identity.ledger import MAPPED, events, replay


def members(**customers: str) -> pd.DataFrame:
    """customer -> its record numbers; an r in front says that they refuse."""
    rows = [(int(n), name, text.startswith("r")) for name, text in customers.items() for n in text.lstrip("r")]
    return pd.DataFrame(rows, columns=["record_id", "customer_id", "is_refused"]).astype({"is_refused": bool})


def told(before: pd.DataFrame, after: pd.DataFrame) -> list[tuple[object, ...]]:
    found = events(before, after).astype(object)
    return [tuple(row) for row in found.where(found.notna(), None).itertuples(index=False)]


def test_who_is_new_is_minted() -> None:
    assert told(members(), members(A="1")) == [("mint", "A", None, None)]


def test_who_went_into_another_is_merged() -> None:
    assert told(members(A="12", B="3"), members(A="123")) == [("merge", "B", "A", "1 record")]


def test_who_left_another_is_split_off() -> None:
    assert told(members(A="123"), members(A="12", B="3")) == [
        ("mint", "B", None, None),
        ("split", "B", "A", "1 record"),
    ]


def test_a_record_that_changes_sides_moves() -> None:
    assert told(members(A="12", B="3"), members(A="1", B="23")) == [("move", "B", "A", "1 record")]


def test_who_refuses_and_who_agrees_again() -> None:
    assert told(members(A="1", B="2"), members(A="r1", B="2")) == [("refuse", "A", None, None)]
    assert told(members(A="r1"), members(A="1")) == [("return", "A", None, None)]


def test_nothing_happened_to_whom_nothing_happened() -> None:
    assert told(members(A="12", B="r3"), members(A="12", B="r3")) == []


MAPS = st.lists(
    st.dictionaries(st.sampled_from("abcdef"), st.sampled_from(["A", "B", "C"]), max_size=6), min_size=1, max_size=6
)


@settings(deadline=None, max_examples=40)
@given(MAPS)
def test_the_ledger_alone_gives_the_map_of_any_night(maps: list[dict[str, str]]) -> None:
    rows, before = [], {}
    for day, now in enumerate(maps, 1):
        gone, new = before.items() - now.items(), now.items() - before.items()
        changes = [("untie", *one) for one in sorted(gone)] + [("tie", *one) for one in sorted(new)]
        rows += [
            (pd.Timestamp(2026, 1, day), nth, event, customer, "crm_id", value, None, None)
            for nth, (event, value, customer) in enumerate(changes, 1)
        ]
        before = now
    columns = ["night", "nth", "event", "customer_id", "identifier_kind", "identifier_value", "valid_from", "valid_to"]
    ledger = pd.DataFrame(rows, columns=columns)
    for day, now in enumerate(maps, 1):
        found = replay(ledger, f"2026-01-{day:02d}")
        assert dict(zip(found["identifier_value"], found["customer_id"], strict=True)) == now
        assert list(found.columns) == list(MAPPED)
