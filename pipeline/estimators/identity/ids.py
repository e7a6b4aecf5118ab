"""Customer ids that last: minted from a customer's oldest identifier, kept from night to night.

The oldest is the one that began first, not the one that was delivered first: an update delivers a record anew, but does
not change since when it is there. On a merge the customer who was minted first stays. On a split the part with more of
the known records keeps the id. A rebuild from the same deliveries mints the same ids, because nothing but the
identifiers goes into them.
"""

import hashlib
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

ANCHOR = ["first_at", "kind", "value"]
ANCHORED = ["anchor_at", "anchor_kind", "anchor_value"]


def mint(kind: str, value: str, attempt: int = 0) -> str:
    """The id of a customer whose oldest identifier this is; another attempt where it is taken (after a split)."""
    seed = f"{kind}|{value}" + (f"|{attempt}" if attempt else "")
    return "C" + hashlib.sha256(seed.encode()).hexdigest()[:16]


def assign(
    records: "pd.DataFrame",
    minted: "pd.DataFrame",
    night: "pd.Timestamp",
    taken: Callable[[list[str]], Collection[str]],
) -> "pd.DataFrame":
    """One row per customer: label, customer_id, minted_night and its anchor (the oldest identifier).

    records: one row per record with label, kind, value, first_at and before, the customer_id of the last night (null:
    new). minted: those customers, as this function returned them. taken: which of the given ids somebody had or has.
    """
    ordered = records.sort_values([*ANCHOR, "label"], kind="stable")
    customers = ordered.drop_duplicates("label")[["label", *ANCHOR]]
    customers = customers.rename(columns=dict(zip(ANCHOR, ANCHORED, strict=True))).reset_index(drop=True)
    customers = customers.merge(_kept(ordered, customers, minted), on="label", how="left")
    fresh = customers["customer_id"].isna()
    anchors = list(customers.loc[fresh, ["anchor_kind", "anchor_value"]].itertuples(index=False, name=None))
    customers["customer_id"] = customers["customer_id"].astype("object")
    customers.loc[fresh, "customer_id"] = _mint_all(anchors, set(customers.loc[~fresh, "customer_id"]), taken)
    customers["minted_night"] = customers["minted_night"].where(~fresh, night)
    return customers


def _mint_all(
    anchors: list[tuple[str, str]], kept: set[str], taken: Callable[[list[str]], Collection[str]]
) -> list[str]:
    ids: list[str | None] = [None] * len(anchors)
    attempt, open_places, used = 0, list(range(len(anchors))), set(kept)
    while open_places:
        wanted = {place: mint(*anchors[place], attempt) for place in open_places}
        gone = set(taken(list(wanted.values())))
        for place, customer_id in wanted.items():
            if customer_id not in used and customer_id not in gone:
                ids[place] = customer_id
                used.add(customer_id)
        open_places = [place for place in open_places if ids[place] is None]
        attempt += 1
    return [str(customer_id) for customer_id in ids]


def _kept(records: "pd.DataFrame", customers: "pd.DataFrame", minted: "pd.DataFrame") -> "pd.DataFrame":
    """The labels that carry an id of the last night on: label, customer_id, minted_night."""
    held = records.dropna(subset=["before"]).rename(columns={"before": "customer_id"})
    votes = held.groupby(["customer_id", "label"], as_index=False).size().merge(customers, on="label")
    votes = votes.sort_values(["size", *ANCHORED], ascending=[False, True, True, True], kind="stable")
    owners = votes.drop_duplicates("customer_id")[["customer_id", "label"]]
    owners = owners.merge(minted[["customer_id", "minted_night", *ANCHORED]], on="customer_id")
    owners = owners.sort_values(["minted_night", *ANCHORED, "customer_id"], kind="stable")
    return owners.drop_duplicates("label")[["label", "customer_id", "minted_night"]]
