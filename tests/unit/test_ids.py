"""Customer ids last: in a rebuild, through merges and splits, and when an older record comes late."""

import pandas as pd

from pipeline.estimators.identity.ids import assign, mint

NIGHTS = [pd.Timestamp("2026-01-01"), pd.Timestamp("2026-01-02")]
NOBODY = pd.DataFrame(
    {name: [] for name in ("customer_id", "minted_night", "anchor_at", "anchor_kind", "anchor_value")}
).astype({"customer_id": object, "anchor_kind": object, "anchor_value": object, "anchor_at": "datetime64[us]"})


def people(*rows: tuple[int, str, int]) -> pd.DataFrame:
    """label, crm_id and the day (0 or 1) on which each record began; nobody was known before."""
    return pd.DataFrame(
        {
            "label": [row[0] for row in rows],
            "kind": "crm_id",
            "value": [row[1] for row in rows],
            "first_at": [NIGHTS[row[2]] for row in rows],
            "before": pd.Series([None] * len(rows), dtype=object),
        }
    )


def known(records: pd.DataFrame, earlier: pd.DataFrame, customers: pd.DataFrame) -> pd.DataFrame:
    """The records with the customer that each belonged to."""
    named = earlier.merge(customers[["label", "customer_id"]], on="label").set_index("value")["customer_id"]
    return records.assign(before=records["value"].map(named).astype(object))


def named(
    records: pd.DataFrame, minted: pd.DataFrame = NOBODY, night: int = 0, taken: tuple[str, ...] = ()
) -> pd.DataFrame:
    return assign(records, minted, NIGHTS[night], lambda asked: [one for one in asked if one in taken])


def ids_of(customers: pd.DataFrame) -> dict[int, str]:
    return dict(zip(customers["label"], customers["customer_id"], strict=True))


def test_an_id_is_the_same_in_a_rebuild() -> None:
    one = named(people((0, "a", 0), (0, "b", 1), (5, "c", 1)))
    other = named(people((9, "c", 1), (7, "b", 1), (7, "a", 0)))
    assert ids_of(one) == {0: mint("crm_id", "a"), 5: mint("crm_id", "c")}
    assert set(ids_of(one).values()) == set(ids_of(other).values())


def test_after_a_merge_the_older_customer_stays() -> None:
    first = people((0, "b", 0))
    minted = named(first)
    second = known(people((0, "b", 0), (1, "a", 1)), first, minted)
    later = named(second, minted, 1)
    merged = named(known(people((0, "a", 1), (0, "b", 0)), second, later), later, 1)
    assert merged["customer_id"].tolist() == [mint("crm_id", "b")]
    assert merged["minted_night"].tolist() == [NIGHTS[0]]


def test_after_a_split_the_part_with_more_keeps_the_id() -> None:
    first = people((0, "a", 0), (0, "b", 0), (0, "c", 0))
    minted = named(first)
    split = ids_of(named(known(people((0, "a", 0), (1, "b", 0), (1, "c", 0)), first, minted), minted, 1))
    assert split[1] == mint("crm_id", "a")
    assert split[0] not in (split[1], mint("crm_id", "b"))


def test_who_was_merged_away_and_is_parted_again_gets_the_old_id_back() -> None:
    first = people((0, "a", 0), (1, "b", 0))
    minted = named(first)
    together = known(people((0, "a", 0), (0, "b", 0)), first, minted)
    merged = named(together, minted, 1)
    parted = named(known(people((0, "a", 0), (1, "b", 0)), together, merged), merged, 1)
    assert ids_of(parted) == ids_of(minted)


def test_an_id_stays_though_an_older_record_arrives_late() -> None:
    first = people((0, "b", 0))
    minted = named(first)
    late = known(people((0, "a", 0), (0, "b", 0)), first, minted)
    assert ids_of(named(late, minted, 1)) == {0: mint("crm_id", "b")}


def test_nobody_gets_an_id_that_is_somebody_elses() -> None:
    found = ids_of(named(people((0, "a", 0)), taken=(mint("crm_id", "a"),)))
    assert found == {0: mint("crm_id", "a", 1)}
