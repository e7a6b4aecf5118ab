"""Who is who: which crm_ids, partner numbers, cookies and handles are one customer.

Exact keys first (with a guard on values that unlike people share), then a pair model on what is left, contradictions
that forbid a merge, and ids that last from night to night. Refusals count for the whole customer.
"""

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipeline.context import Run
from pipeline.warehouse import Session

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from pipeline.estimators.identity.pairs import ScoredPairs

    Ints = np.ndarray[Any, np.dtype[np.int64]]
    Floats = np.ndarray[Any, np.dtype[np.float64]]

NEEDS = ("ingest",)
MODEL = "pair_model.json"

# The model is frozen, so that nobody's customer changes because a figure moved in its last digits; a model that was
# learned from less than half of today's records (a company that has just begun) is learned again.
OUTGROWN = 2

# A pair of groups is one person where the model is this sure; on data whose truth is known the model is well calibrated
# and the best cut lies between .8 and .9, so a doubtful pair stays apart.
CUT = 0.8
# A refusal reaches further than a merge: whoever may be a person who refused is left out too. One in ten: leaving
# out some who agreed costs little, showing one who refused breaks a promise.
CUT_OF_REFUSALS = 0.1


@dataclass(frozen=True)
class Decision:
    """labels: the group of each record (by record_id). doubtful: pairs of groups that may well be one person.

    matches: per record its strongest tie to another of its group.
    """

    labels: "Ints"
    doubtful: tuple["Ints", "Ints"]
    matches: "pd.DataFrame"


def build(run: Run, session: Session) -> None:
    """Builds identity.identifiers, refused, customers, counts and blocked_values for the night."""
    _gather(session)
    decision = _decide(session)
    _name(run, session, decision)
    for table in ("device_owners", "device_spans", "handle_owners", "authors"):
        session.model(f"identity.{table}", keep=False)
    for table in ("identifiers", "refused", "customers", "counts"):
        session.model(f"identity.{table}")
    session.log(
        f"identity: {session.count('identity.records')} records are {session.count('identity.customers')} customers,"
        f" {session.count('identity.blocked_values')} shared values stopped"
    )


def _gather(session: Session) -> None:
    """Records and the values that they gave, with shared values stopped."""
    for table in ("crm_ids", "device_ties", "emails", "partner_people"):
        session.model(f"identity.{table}", keep=False)
    _put_spellings(session)
    session.model("identity.records", keep=False)
    _put_phone_readings(session)
    session.model("identity.given_keys", keep=False)
    session.model("identity.blocked_values")
    for table in ("keys", "key_pairs", "nicknames"):
        session.model(f"identity.{table}", keep=False)
    _put_first_roots(session)
    _put_birth_dates(session)
    session.model("identity.profiles", keep=False)


def _put_spellings(session: Session) -> None:
    import pandas as pd

    from pipeline.estimators.identity.spelling import plain_name

    written: list[str] = sorted(_distinct(session, "ingest.customers", "first_name", "last_name"))
    written = sorted({*written, *_distinct(session, "ingest.activities", "first_name", "last_name")})
    plain = [plain_name(name) or None for name in written]
    frame = pd.DataFrame({"written": written, "plain": plain}, dtype="string")
    session.put("identity.spellings", frame.dropna(), grain=("written",), keep=False)


def _distinct(session: Session, table: str, *columns: str) -> set[str]:
    found: set[str] = set()
    for column in columns:
        rows = session.connection.execute(f"select distinct {column} from {table} where {column} is not null")
        found |= {str(row[0]) for row in rows.fetchall()}
    return found


def _put_phone_readings(session: Session) -> None:
    """One reading per written number and country: see spelling.choose_readings."""
    import pandas as pd

    from pipeline.estimators.identity.spelling import choose_readings

    given = session.connection.execute(
        "select phone, coalesce(country, '') as country, count(*) as n from ingest.customers_history"
        " where phone is not null group by all order by all"
    ).fetchall()
    frame = pd.DataFrame(choose_readings(given), columns=["phone", "country", "reading"], dtype="string")
    session.put("identity.phone_readings", frame, grain=("phone", "country"), keep=False)


def _put_first_roots(session: Session) -> None:
    """The one name that stands for a first name and its nicknames: first_name, root."""
    import pandas as pd

    pairs = session.frame("identity.nicknames", "short_name, long_name, people").sort_values(
        ["people", "short_name", "long_name"], ascending=[False, True, True]
    )
    best = pairs.drop_duplicates("short_name")
    roots = pd.DataFrame({"first_name": best["short_name"], "root": best["long_name"]}, dtype="string")
    session.put("identity.first_roots", roots, grain=("first_name",), keep=False)


def _put_birth_dates(session: Session) -> None:
    import pandas as pd

    dates = sorted(_distinct(session, "identity.records", "born"))
    digits = ["".join(sorted(date)) for date in dates]
    frame = pd.DataFrame({"born": dates, "digits": digits}, dtype="string")
    session.put("identity.birth_dates", frame, grain=("born",), keep=False)


def _decide(session: Session) -> Decision:
    from pipeline.estimators.identity.clusters import components, join_sure, link_average

    count = session.count("identity.records")
    keys = session.frame("identity.key_pairs")
    keys = keys.sort_values(["left_id", "right_id", "key_kind"]).reset_index(drop=True)
    left, right = keys["left_id"].to_numpy("int64"), keys["right_id"].to_numpy("int64")
    forbidden = _contradictions(session, components(count, left, right))
    strength = keys.groupby(["left_id", "right_id"])["key_kind"].transform("count").to_numpy("float64")
    sure = join_sure(count, left, right, strength, forbidden)
    _put_compared(session, sure)
    groups, probability = _probabilities(session, sure)
    odds = probability / (1.0 - probability).clip(1e-6)
    near = odds >= 1.0
    forbidden = _contradictions(session, components(count, *_chained(sure, groups.left[near], groups.right[near])))
    labels = link_average(sure, (groups.left, groups.right), odds, forbidden, cut=CUT)
    doubtful = probability >= CUT_OF_REFUSALS
    return Decision(
        labels,
        (labels[groups.left[doubtful]], labels[groups.right[doubtful]]),
        _matches(keys, groups, probability, sure, labels),
    )


def _chained(sure: "Ints", left: "Ints", right: "Ints") -> tuple["Ints", "Ints"]:
    """The pairs of groups, and every record's tie to its group."""
    import numpy as np

    return np.r_[left, np.arange(len(sure))], np.r_[right, sure]


def _contradictions(session: Session, component: "Ints") -> tuple["Ints", "Ints"]:
    """The pairs of records within the components that cannot be one person."""
    import numpy as np
    import pandas as pd

    frame = pd.DataFrame({"record_id": np.arange(len(component)), "component": component})
    frame = frame[frame.duplicated("component", keep=False)]
    session.put("identity.components", frame, grain=("record_id",), keep=False)
    session.model("identity.contradictions", keep=False)
    pairs = session.frame("identity.contradictions", "left_id, right_id").sort_values(["left_id", "right_id"])
    return pairs["left_id"].to_numpy("int64"), pairs["right_id"].to_numpy("int64")


def _put_compared(session: Session, sure: "Ints") -> None:
    """What the pair model compares: the profiles, with the groups of several records that keys tie."""
    import numpy as np
    import pandas as pd

    frame = pd.DataFrame({"record_id": np.arange(len(sure)), "sure": sure})
    frame = frame[frame.duplicated("sure", keep=False)]
    session.put("identity.sure_groups", frame, grain=("record_id",), keep=False)
    session.model("identity.compared", keep=False)


def _probabilities(session: Session, sure: "Ints") -> tuple["ScoredPairs", "Floats"]:
    """The compared pairs of groups and the probability that each is one person, by the models in force."""
    from pipeline.estimators.identity import pairs
    from pipeline.estimators.identity.clusters import between_groups
    from pipeline.estimators.identity.mixture import HouseholdMixture

    frozen = _frozen(session, len(sure))
    parameters = frozen["pairs"] if frozen else pairs.learn(session)
    groups = between_groups(pairs.score(session, parameters), sure)
    kinds, sizes = _kinds(session, groups, sure)
    mixture = HouseholdMixture(parameters)
    if frozen:
        mixture.restore(frozen["household"])
    else:
        mixture.fit(groups.weights, groups.levels, kinds, sizes)
    model = {
        "records": frozen["records"] if frozen else len(sure),
        "pairs": parameters,
        "household": mixture.learned(),
    }
    session.save(MODEL, json.dumps(model, sort_keys=True, indent=1).encode())
    return groups, mixture.predict(groups.weights, groups.levels, kinds, sizes)


def _frozen(session: Session, records: int) -> "dict[str, Any] | None":
    """The model that last night used; None where there is none or the records have outgrown it."""
    from pipeline.estimators.identity.mixture import levels_from_json

    saved = session.previous_file("identity", MODEL)
    model: dict[str, Any] = json.loads(saved) if saved else {}
    if not model or records >= OUTGROWN * model["records"]:
        session.log(f"identity: the pair model was learned from {records} records")
        return None
    return model | {"pairs": levels_from_json(model["pairs"])}


def _kinds(session: Session, groups: "ScoredPairs", sure: "Ints") -> "tuple[np.ndarray[Any, Any], tuple[int, int]]":
    """The kind of each pair of groups (see HouseholdMixture), and how many groups hold own records and how many not."""
    import numpy as np

    kinds = session.frame("identity.records", "record_id, kind").sort_values("record_id")["kind"]
    own = np.zeros(len(sure), bool)
    own[sure[(kinds == "crm_id").to_numpy()]] = True
    labels = np.unique(sure)
    pair_kinds = 2 - own[groups.left].astype(np.int8) - own[groups.right].astype(np.int8)
    return pair_kinds, (int(own[labels].sum()), int((~own[labels]).sum()))


def _matches(
    keys: "pd.DataFrame", groups: "ScoredPairs", probability: "Floats", sure: "Ints", labels: "Ints"
) -> "pd.DataFrame":
    """Per record the strongest tie to another of its customer: record_id, matched_by, match_probability.

    A key is as sure as its kind proved to be: one less the share of its pairs that ended in different customers.
    """
    import numpy as np
    import pandas as pd

    held = labels[keys["left_id"]] == labels[keys["right_id"]]
    by_kind = pd.DataFrame({"kind": keys["key_kind"], "held": held}).groupby("kind")["held"].agg(["sum", "count"])
    reliability = ((by_kind["sum"] + 1) / (by_kind["count"] + 2)).round(6)
    tied = keys[held]
    ends = [tied[["left_id", "key_kind"]].set_axis(["record_id", "matched_by"], axis=1)]
    ends.append(tied[["right_id", "key_kind"]].set_axis(["record_id", "matched_by"], axis=1))
    exact = pd.concat(ends)
    exact["match_probability"] = exact["matched_by"].map(reliability)
    linked = labels[groups.left] == labels[groups.right]
    group = np.r_[groups.left[linked], groups.right[linked]]
    twice = pd.DataFrame({"group": group, "match_probability": np.r_[probability[linked], probability[linked]]})
    best = twice.sort_values("match_probability", ascending=False, kind="stable").drop_duplicates("group")
    model = pd.DataFrame({"record_id": np.arange(len(sure)), "group": sure}).merge(best, on="group")
    model = model.assign(matched_by="model")[["record_id", "matched_by", "match_probability"]]
    ties: pd.DataFrame = pd.concat([exact, model])
    order = ["record_id", "match_probability", "matched_by"]
    return ties.sort_values(order, ascending=[True, False, True], kind="stable").drop_duplicates("record_id")


def _name(run: Run, session: Session, decision: Decision) -> None:
    """Gives every group its customer_id and every record its membership; hashes e-mail and phone values."""
    import pandas as pd

    from pipeline.estimators.identity import ids

    records = session.frame("identity.records", "record_id, kind, value, first_at, is_refusal")
    records = records.sort_values("record_id", kind="stable").reset_index(drop=True)
    records["label"] = decision.labels
    known, minted = _previous(session)
    customers = ids.assign(records, known, minted, pd.Timestamp(run.night))
    records["is_refused"] = records["label"].isin(_refusing(records, decision))
    members = records.merge(customers[["label", "customer_id", "anchor_kind", "anchor_value"]], on="label")
    members = members.merge(decision.matches, on="record_id", how="left")
    own = members["matched_by"].isna() | (
        (members["kind"] == members["anchor_kind"]) & (members["value"] == members["anchor_value"])
    )
    members["matched_by"] = members["matched_by"].where(~own, "own").astype("string")
    members["match_probability"] = members["match_probability"].where(~own, 1.0).astype("float64")
    columns = ["record_id", "customer_id", "matched_by", "match_probability", "is_refused"]
    session.put("identity.members", members[columns], grain=("record_id",), keep=False)
    session.put("identity.minted", customers.drop(columns="label"), grain=("customer_id",), keep=False)
    _put_hashes(run, session)


def _refusing(records: "pd.DataFrame", decision: Decision) -> set[int]:
    """The groups that hold a refusal, and those that may well be a person who refused."""
    own = set(records.loc[records["is_refusal"], "label"].tolist())
    pairs = zip(*(side.tolist() for side in decision.doubtful), strict=True)
    return own | {group for pair in pairs if not own.isdisjoint(pair) for group in pair}


def _previous(session: Session) -> "tuple[pd.DataFrame | None, pd.DataFrame | None]":
    import pandas as pd

    known, minted = session.previous("identity", "identifiers"), session.previous("identity", "customers")
    if known is None or minted is None:
        return None, None
    before = minted.to_pandas()
    for column in ("minted_night", "anchor_at"):
        before[column] = pd.to_datetime(before[column])
    return known.to_pandas(), before


def _put_hashes(run: Run, session: Session) -> None:
    import pandas as pd

    from pipeline.estimators.identity.spelling import keyed_hashes

    emails = sorted(_distinct(session, "identity.emails", "plain"))
    phones = sorted(_distinct(session, "identity.phone_readings", "reading"))
    key = run.settings.hash_key
    frame = pd.DataFrame(
        {
            "kind": ["email"] * len(emails) + ["phone"] * len(phones),
            "value": [*emails, *phones],
            "hashed": [*keyed_hashes(emails, key), *keyed_hashes(phones, key)],
        },
        dtype="string",
    )
    session.put("identity.keyed_values", frame, grain=("kind", "value"), keep=False)
