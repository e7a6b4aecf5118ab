"""Customer ids that last: minted from a customer's oldest identifier, kept from night to night.

The oldest is the one that began first, not the one
that was delivered first: an update delivers a record anew, but does not change since when it is there. On a merge the
customer who was minted first stays. On a split the part with more of the known identifiers keeps the
id. A rebuild from the same deliveries mints the same ids, because nothing but the identifiers goes into them.
"""

import hashlib
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

ANCHOR = ["first_at", "kind", "value"]
ANCHORED = ["anchor_at", "anchor_kind", "anchor_value"]


def mint(kind: str, value: str, taken: Iterable[str] = ()) -> str:
    """The id of a customer whose oldest identifier this is; where it is taken (after a split), the next free one."""
    used = set(taken)
    for attempt in range(len(used) + 1):
        seed = f"{kind}|{value}" + (f"|{attempt}" if attempt else "")
        customer_id = "C" + hashlib.sha256(seed.encode()).hexdigest()[:16]
        if customer_id not in used:
            return customer_id
    raise AssertionError("there is one more attempt than ids that are taken")


def assign(
    records: "pd.DataFrame", known: "pd.DataFrame | None", minted: "pd.DataFrame | None", night: object
) -> "pd.DataFrame":
    """One row per customer: label, customer_id, minted_night and its anchor (the oldest identifier).

    records: one row per record with label, kind, value, first_at. known: identifier_kind,
    identifier_value, customer_id of the last night. minted: that night's customers, as this function returned them.
    """
    ordered = records.sort_values([*ANCHOR, "label"], kind="stable")
    customers = ordered.drop_duplicates("label")[["label", *ANCHOR]]
    customers = customers.rename(columns=dict(zip(ANCHOR, ANCHORED, strict=True))).reset_index(drop=True)
    kept = _kept(ordered, customers, known, minted)
    customers = customers.merge(kept, on="label", how="left")
    fresh = customers["customer_id"].isna()
    taken = set(customers.loc[~fresh, "customer_id"]) | (set() if known is None else set(known["customer_id"]))
    ids = []
    for kind, value in customers.loc[fresh, ["anchor_kind", "anchor_value"]].itertuples(index=False):
        own = mint(kind, value)
        ids.append(own if own not in taken else mint(kind, value, taken))
        taken.add(ids[-1])
    customers.loc[fresh, "customer_id"] = ids
    customers["minted_night"] = customers["minted_night"].where(~fresh, night)
    return customers


def _kept(
    records: "pd.DataFrame",
    customers: "pd.DataFrame",
    known: "pd.DataFrame | None",
    minted: "pd.DataFrame | None",
) -> "pd.DataFrame":
    """The labels that carry an id of the last night on: label, customer_id, minted_night."""
    import pandas as pd

    if known is None or minted is None or known.empty:
        return pd.DataFrame({"label": [], "customer_id": [], "minted_night": []}).astype(
            {"label": records["label"].dtype, "customer_id": object, "minted_night": object}
        )
    names = {"identifier_kind": "kind", "identifier_value": "value"}
    held = records.merge(known.rename(columns=names)[["kind", "value", "customer_id"]], on=["kind", "value"])
    votes = held.groupby(["customer_id", "label"], as_index=False).size().merge(customers, on="label")
    votes = votes.sort_values(["size", *ANCHORED], ascending=[False, True, True, True], kind="stable")
    owners = votes.drop_duplicates("customer_id")[["customer_id", "label"]]
    owners = owners.merge(minted[["customer_id", "minted_night", *ANCHORED]], on="customer_id")
    owners = owners.sort_values(["minted_night", *ANCHORED, "customer_id"], kind="stable")
    return owners.drop_duplicates("label")[["label", "customer_id", "minted_night"]]
