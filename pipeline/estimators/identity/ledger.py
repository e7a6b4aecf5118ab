"""The ledger: every change of who is whom, night after night; replayed, it gives the map of any night.

mint     a customer is new
merge    customer_id went into other_customer_id
split    customer_id left other_customer_id
move     a record went from other_customer_id to customer_id, both of which go on
refuse   the customer refuses analytics from this night on, and has no identifiers; return: no longer
erase    the customer was erased
model    the pair model was learned anew (evidence: what it is)
untie    an identifier is not (or no longer for this span) the customer's
tie      it is, from valid_from to valid_to (null: always), by the evidence named
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = (
    "night", "nth", "event", "customer_id", "other_customer_id", "identifier_kind", "identifier_value", "valid_from",
    "valid_to", "evidence",
)  # fmt: skip
MAPPED = ("identifier_kind", "identifier_value", "customer_id", "valid_from", "valid_to")


def replay(ledger: "pd.DataFrame", night: object) -> "pd.DataFrame":
    """The map of a night, from the ledger alone: identifier_kind, identifier_value, customer_id, valid_from, valid_to.

    night: a date, or its text; what happened later is left out. Of people who were erased nothing is told.
    """
    import pandas as pd

    told = ledger[pd.to_datetime(ledger["night"]) <= pd.Timestamp(str(night))]
    told = told[told["event"].isin(["tie", "untie"]) & told["identifier_value"].notna()].sort_values(
        ["night", "nth"], kind="stable"
    )
    last = told.drop_duplicates(list(MAPPED), keep="last")
    standing = last.loc[last["event"] == "tie", list(MAPPED)]
    return standing.sort_values(list(MAPPED), kind="stable").reset_index(drop=True)


def events(before: "pd.DataFrame", after: "pd.DataFrame") -> "pd.DataFrame":
    """What happened to customers: event, customer_id, other_customer_id, evidence.

    before, after: record_id, customer_id, is_refused of the same part of all records, last night and tonight; a
    customer of either is in it with all records.
    """
    import pandas as pd

    old, new = set(before["customer_id"]), set(after["customer_id"])
    both = before.merge(after, on="record_id", suffixes=("_before", "_after"))
    moved = both[both["customer_id_before"] != both["customer_id_after"]]
    pairs = moved.groupby(["customer_id_before", "customer_id_after"], as_index=False).size()
    rows: list[tuple[str, str, str | None, str | None]] = [("mint", new_id, None, None) for new_id in sorted(new - old)]
    pairs = pairs.sort_values(["customer_id_before", "size", "customer_id_after"], ascending=[True, False, True])
    for one, other, size in pairs.itertuples(index=False, name=None):
        records = f"{size} record" + ("s" if size > 1 else "")
        if one not in new:
            rows.append(("merge", one, other, records))
        else:
            rows.append(("move" if other in old else "split", other, one, records))
    rows += _refusals(before, after)
    return pd.DataFrame(rows, columns=["event", "customer_id", "other_customer_id", "evidence"], dtype="string")


def _refusals(before: "pd.DataFrame", after: "pd.DataFrame") -> list[tuple[str, str, str | None, str | None]]:
    was, now = (set(frame.loc[frame["is_refused"], "customer_id"]) for frame in (before, after))
    told: list[tuple[str, str, str | None, str | None]] = []
    told += [("refuse", customer, None, None) for customer in sorted(now - was)]
    told += [("return", customer, None, None) for customer in sorted((was - now) & set(after["customer_id"]))]
    return told
