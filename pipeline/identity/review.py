"""What a person may want to look at: clusters cut at a weak bridge or grown too large, and doubtful pairs."""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from pipeline.carried import Carried
from pipeline.estimators.identity.bridges import Cuts, Limits, Ties, cut_bridges
from pipeline.estimators.identity.linker import CUTS
from pipeline.identity.linking import DOUBT, Linked
from pipeline.warehouse import Session

if TYPE_CHECKING:
    import pandas as pd

DOUBTFUL, APART = "doubtful", "alike, but something forbids it"


def ties_of(linked: Linked, reliability: dict[str, float]) -> Ties:
    """Every tie by place of the record: a key is as sure as its kind proved to be, the model as sure as it says."""
    left, right = (np.searchsorted(linked.ids, linked.keys[side]) for side in ("left_id", "right_id"))
    sure = linked.keys["key_kind"].map(reliability | {"decision": 1.0}).astype("float64").fillna(0.5)
    groups = linked.decision.groups
    return Ties(
        np.r_[left, groups.left],
        np.r_[right, groups.right],
        np.r_[sure.to_numpy(np.float64), linked.decision.probability],
        np.r_[linked.keys["key_kind"].to_numpy(object), np.array(["model"] * len(groups.left), dtype=object)],
    )


def learn_limits(linked: Linked, reliability: dict[str, float]) -> Limits:
    """How large a cluster may be, and how sure a lone tie must be, in this company's deliveries."""
    ties, labels = ties_of(linked, reliability), linked.decision.labels
    return Limits.learn(labels, ties.take(labels[ties.left] == labels[ties.right]))


def cut(linked: Linked, reliability: dict[str, float], limits: Limits) -> tuple[Linked, Cuts]:
    """The records with clusters cut where one weak tie alone held them, and what was cut.

    A tie that people decided is never cut.
    """
    cuts = cut_bridges(linked.decision.labels, ties_of(linked, reliability), limits)
    _, strict = np.unique(np.column_stack([linked.decision.strict, cuts.labels]), axis=0, return_inverse=True)
    strict = strict.reshape(-1)
    first = np.full(strict.max(initial=-1) + 1, len(strict), np.int64)
    np.minimum.at(first, strict, np.arange(len(strict)))
    decision = replace(linked.decision, labels=cuts.labels, strict=first[strict])
    return replace(linked, decision=decision), cuts


def keep_review(session: Session, carried: Carried, linked: Linked, cuts: Cuts) -> None:
    """Makes identity.review: pairs of records, each the smallest of its group, of which a person may decide."""
    import pandas as pd

    decision, ids = linked.decision, linked.ids
    groups, apart = decision.groups, decision.labels[decision.groups.left] != decision.labels[decision.groups.right]
    asked = apart & (decision.probability >= DOUBT)
    doubtful = pd.DataFrame({
        "left_id": ids[groups.left[asked]],
        "right_id": ids[groups.right[asked]],
        "probability": decision.probability[asked],
        "reason": np.where(decision.probability[asked] >= CUTS[1], APART, DOUBTFUL),
    })  # fmt: skip
    one, other = ids[cuts.ties.left], ids[cuts.ties.right]
    bridges = pd.DataFrame({
        "left_id": np.minimum(one, other),
        "right_id": np.maximum(one, other),
        "probability": cuts.ties.weight,
        "reason": cuts.reason,
    })  # fmt: skip
    session.put("identity.review", _once(bridges, doubtful), grain=("left_id", "right_id"), keep=False)
    asked_of = " or ".join(f"{side} in (select record_id from identity.asked)" for side in ("left_id", "right_id"))
    carried.take("review", ("left_id", "right_id"), f"where {asked_of}")


def _once(bridges: "pd.DataFrame", doubtful: "pd.DataFrame") -> "pd.DataFrame":
    import pandas as pd

    both = pd.concat([part for part in (bridges, doubtful) if len(part)] or [doubtful])
    both = both.astype({"left_id": "int64", "right_id": "int64", "probability": "float64", "reason": "string"})
    return both.drop_duplicates(["left_id", "right_id"]).sort_values(["left_id", "right_id"], ignore_index=True)
