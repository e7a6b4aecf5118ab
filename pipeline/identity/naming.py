"""Customers of what was linked: their ids, who of them refuses, what became of whom, and the two other graphs."""

from typing import TYPE_CHECKING

import numpy as np

from pipeline.carried import Carried
from pipeline.context import Run
from pipeline.estimators.identity import ids, ledger
from pipeline.identity.linking import DOUBT, Linked
from pipeline.warehouse import Session

if TYPE_CHECKING:
    import pandas as pd

GRAPHS = ("strict", "loose")


def name(run: Run, session: Session, carried: Carried, linked: Linked, reliability: dict[str, float]) -> None:
    """Makes members and minted of the affected records, and identity.happened: what became of customers."""
    import pandas as pd

    session.put("identity.linked", pd.DataFrame({"record_id": linked.ids}), grain=("record_id",), keep=False)
    columns = "record_id, kind, value, first_at, is_refusal"
    records = session.frame("whole.records semi join identity.linked using (record_id) order by record_id", columns)
    records = records.assign(label=linked.decision.labels)
    before = _before(session, carried)
    records = records.merge(before[["record_id", "customer_id"]], on="record_id", how="left")
    records = records.rename(columns={"customer_id": "before"})
    customers = ids.assign(records, _minted(session), pd.Timestamp(run.night), lambda asked: _taken(session, asked))
    named = records.drop(columns="before").merge(
        customers[["label", "customer_id", "anchor_kind", "anchor_value"]], on="label"
    )
    members = _members(linked, named.sort_values("record_id", ignore_index=True), reliability)
    session.put("identity.members", members, grain=("record_id",), keep=False)
    session.put("identity.minted", customers.drop(columns="label"), grain=("customer_id",), keep=False)
    carried.take("members", ("record_id",), "where record_id in (select record_id from identity.asked)")
    asked = "where customer_id in (select customer_id from identity.asked_customers)"
    carried.take("minted", ("customer_id",), asked)
    happened = ledger.events(before, members)
    session.put("identity.happened", happened, grain=("event", "customer_id"), keep=False)


def _before(session: Session, carried: Carried) -> "pd.DataFrame":
    """Last night's members of the affected records, and of those that are gone: identity.asked has them all."""
    run = session.connection.execute
    member = "0::bigint as record_id, '' as customer_id, false as is_refused"
    carried.stand_empty("members", f"select 0::bigint as row_id, {member} limit 0")
    anchor = (
        "date '1970-01-01' as minted_night, timestamp '1970-01-01' as anchor_at, '' as anchor_kind, '' as anchor_value"
    )
    carried.stand_empty("minted", f"select 0::bigint as row_id, '' as customer_id, {anchor} limit 0")
    if carried.renew:
        run("create table identity.asked as select record_id from standing.members")
    else:
        run(
            "create table identity.asked as select record_id from identity.affected"
            " union select record_id from identity.changed"
        )
    run(
        "create table identity.asked_customers as"
        " select distinct customer_id from standing.members semi join identity.asked using (record_id)"
    )
    return session.frame(
        "standing.members semi join identity.asked using (record_id) order by record_id",
        "record_id, customer_id, is_refused",
    )


def _minted(session: Session) -> "pd.DataFrame":
    import pandas as pd

    minted = session.frame("standing.minted semi join identity.asked_customers using (customer_id)")
    for column in ("minted_night", "anchor_at"):
        minted[column] = pd.to_datetime(minted[column])
    return minted


def _taken(session: Session, asked: list[str]) -> set[str]:
    """Which of the ids are those of people whom the night does not touch."""
    import pandas as pd

    session.connection.register("asked_ids", pd.DataFrame({"customer_id": asked}, dtype="string"))
    found = session.connection.execute(
        "select customer_id from standing.minted semi join asked_ids using (customer_id)"
        " anti join identity.asked_customers using (customer_id)"
    )
    taken = {str(row[0]) for row in found.fetchall()}
    session.connection.unregister("asked_ids")
    return taken


def _members(linked: Linked, named: "pd.DataFrame", reliability: dict[str, float]) -> "pd.DataFrame":
    """One row a record: see the stage's members."""
    import pandas as pd

    decision = linked.decision
    sure = pd.Series(linked.ids[decision.sure])
    members = pd.DataFrame({
        "record_id": linked.ids,
        "customer_id": named["customer_id"].astype("string"),
        "component": linked.component,
        "sure": sure.where(sure.duplicated(keep=False)).astype("Int64"),
        "is_refused": named["label"].isin(_refusing(named, linked)),
        "strict_group": linked.ids[decision.strict],
        "loose_group": linked.ids[decision.loose],
    })  # fmt: skip
    members = members.merge(_matches(linked, reliability), on="record_id", how="left")
    own = members["matched_by"].isna() | (
        (named["kind"] == named["anchor_kind"]) & (named["value"] == named["anchor_value"])
    )
    members["matched_by"] = members["matched_by"].where(~own, "own").astype("string")
    members["match_probability"] = members["match_probability"].where(~own, 1.0).astype("float64")
    return members


def _refusing(named: "pd.DataFrame", linked: Linked) -> set[int]:
    """The groups that hold a refusal, and those that may well be a person who refused."""
    groups, labels = linked.decision.groups, linked.decision.labels
    doubt = linked.decision.probability >= DOUBT
    own = set(named.loc[named["is_refusal"], "label"].tolist())
    pairs = zip(labels[groups.left[doubt]].tolist(), labels[groups.right[doubt]].tolist(), strict=True)
    return own | {group for pair in pairs if not own.isdisjoint(pair) for group in pair}


def reliability_of(linked: Linked) -> dict[str, float]:
    """How sure a key is, by its kind: one less the share of its pairs that ended in different customers."""
    import pandas as pd

    held = _held(linked)
    counts = pd.DataFrame({"kind": linked.keys["key_kind"], "held": held}).groupby("kind")["held"].agg(["sum", "count"])
    return {str(kind): round((row["sum"] + 1) / (row["count"] + 2), 6) for kind, row in counts.iterrows()}


def _held(linked: Linked) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
    left, right = (np.searchsorted(linked.ids, linked.keys[side]) for side in ("left_id", "right_id"))
    labels = linked.decision.labels
    held: np.ndarray[tuple[int], np.dtype[np.bool_]] = labels[left] == labels[right]
    return held


def _matches(linked: Linked, reliability: dict[str, float]) -> "pd.DataFrame":
    """Per record the strongest tie to another of its customer: record_id, matched_by, match_probability."""
    import pandas as pd

    tied = linked.keys[_held(linked)]
    sides = [tied[[side, "key_kind"]].set_axis(["record_id", "matched_by"], axis=1) for side in ("left_id", "right_id")]
    exact = pd.concat(sides)
    exact["match_probability"] = exact["matched_by"].map(reliability | {"decision": 1.0}).astype("float64").fillna(0.5)
    groups, labels = linked.decision.groups, linked.decision.labels
    linked_pairs = labels[groups.left] == labels[groups.right]
    group = np.r_[groups.left[linked_pairs], groups.right[linked_pairs]]
    chance = linked.decision.probability[linked_pairs]
    twice = pd.DataFrame({"group": group, "match_probability": np.r_[chance, chance]})
    best = twice.sort_values("match_probability", ascending=False, kind="stable").drop_duplicates("group")
    model = pd.DataFrame({"record_id": linked.ids, "group": linked.decision.sure}).merge(best, on="group")
    model = model.assign(matched_by="model")[["record_id", "matched_by", "match_probability"]]
    ties: pd.DataFrame = pd.concat([part for part in (exact, model) if len(part)] or [model])
    order = ["record_id", "match_probability", "matched_by"]
    return ties.sort_values(order, ascending=[True, False, True], kind="stable").drop_duplicates("record_id")


def keep_pairs(session: Session, carried: Carried, linked: Linked) -> None:
    """Makes pairs of the affected records, and review: the doubtful ones between customers."""
    session.put("identity.pairs", linked.pairs, grain=("left_id", "right_id"), keep=False)
    inside = " and ".join(f"{side} in (select record_id from identity.affected)" for side in ("left_id", "right_id"))
    anew = " or ".join(f"{side} in (select record_id from identity.scored_anew)" for side in ("left_id", "right_id"))
    carried.take("pairs", ("left_id", "right_id"), f"where ({inside}) or {anew}")
