"""Which records are one customer: the linker run on everything, or on what a night touches and all that hangs on it.

What hangs on a record is its component: the records that keys, or a doubt of one in ten, connect. Deciding about whole
components alone gives what deciding about everything gives (see linker.decide).
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.carried import Carried
from pipeline.estimators.identity import linker
from pipeline.estimators.identity.clusters import components
from pipeline.estimators.identity.comparisons import PEOPLE, Ints, ScoredPairs
from pipeline.warehouse import Session

if TYPE_CHECKING:
    import pandas as pd

# A refusal reaches further than a merge: whoever may be a person who refused is left out too. One in ten: leaving
# out some who agreed costs little, showing one who refused breaks a promise.
DOUBT = 0.1
_PAIRS = ("left_id", "right_id")


@dataclass(frozen=True)
class Linked:
    """What was decided about the affected records.

    ids: record_id of each, ascending; every other array has one place a record. own: 1 the company's record, 0 a
    partner's. component: smallest record_id of the records that hang together. keys: left_id, right_id, key_kind.
    pairs: as identity.pairs.
    """

    ids: Ints
    own: Ints
    decision: linker.Decision
    component: Ints
    keys: "pd.DataFrame"
    pairs: "pd.DataFrame"


@dataclass
class Rulings:
    """What people decided: pairs of record_ids that are one person and that are not; whom tonight's changes touch."""

    together: list[tuple[int, int]] = field(default_factory=list)
    apart: list[tuple[int, int]] = field(default_factory=list)
    touched: list[int] = field(default_factory=list)


def learn(session: Session, rulings: Rulings) -> linker.PairModel:
    """The pair model of all records, from identity.profiles and identity.key_pairs."""
    ids, own = _records(session)
    keys = _keys(session, ids, rulings)
    sure = linker.sure_labels(len(ids), keys, _contradictions(session, ids, rulings))
    _put_sure(session, ids, sure)
    session.model("identity.compared", keep=False)
    # the linker counts kinds by place: records numbered without a gap
    return linker.learn(session, "identity.compared", own, sure, PEOPLE)


def link_all(session: Session, carried: Carried, model: linker.PairModel, rulings: Rulings) -> Linked:
    """Decides about every record."""
    ids, own = _records(session)
    _put_sure(
        session, ids, linker.sure_labels(len(ids), _keys(session, ids, rulings), _contradictions(session, ids, rulings))
    )
    session.model("identity.compared", keep=False)
    linker.score(session, "identity.compared", model)
    _take_scored(session, carried)
    return _decide(session, ids, own, model, rulings)


def link_touched(session: Session, carried: Carried, model: linker.PairModel, rulings: Rulings) -> Linked:
    """Decides about the components of what changed; identity.changed, restated, key_pairs and profiles are there."""
    run = session.connection.execute
    run("create table identity.ruled (record_id bigint)")
    for record_id in rulings.touched:
        run("insert into identity.ruled values (?)", [record_id])
    seeds = ["identity.changed", "identity.restated", "identity.ruled"]
    keyed = [f"(select {side} as record_id from fresh.key_pairs)" for side in _PAIRS]
    _put_component(session, "identity.reached", [*seeds, *keyed])
    _show_edges(carried, "identity.reached")
    ids, _ = _records(session, "identity.reached")
    sure = linker.sure_labels(len(ids), _keys(session, ids, rulings), _contradictions(session, ids, rulings))
    _put_sure(session, ids, sure)
    run("""
        create or replace table identity.compared as
        select profiles.*, case when reached.record_id is null then standing.sure else groups.sure end as sure
        from whole.profiles as profiles
        left join identity.reached as reached on profiles.record_id = reached.record_id
        left join identity.sure_groups as groups on profiles.record_id = groups.record_id
        left join standing.members as standing on profiles.record_id = standing.record_id""")
    run("""
        create or replace table identity.scored_anew as
        select record_id from identity.changed
        union
        select record_id from identity.compared where sure in (
            select compared.sure from identity.compared as compared
            semi join identity.changed as changed on compared.record_id = changed.record_id)""")
    linker.score(session, "identity.compared", model, "identity.scored_anew")
    _take_scored(session, carried)
    weighed = " or ".join(f"gamma_{name} >= 0" for name in PEOPLE.names)  # others are known to be unlikely, no more
    scored = [f"(select {side} as record_id from fresh.pairs where {weighed})" for side in _PAIRS]
    _put_component(session, "identity.affected", ["identity.reached", *scored])
    _show_edges(carried, "identity.affected")
    ids, own = _records(session, "identity.affected")
    return _decide(session, ids, own, model, rulings)


def _put_component(session: Session, table: str, seeds: list[str]) -> None:
    """The records of the seeds, and every record that hung together with one of them last night."""
    every = " union ".join(f"select record_id from {seed}" for seed in seeds)
    session.connection.execute(f"""
        create or replace table {table} as
        with seeds as ({every}),
        parts as (select distinct component from standing.members semi join seeds using (record_id))
        select record_id from standing.members
        semi join parts using (component) semi join whole.records using (record_id)
        union
        select record_id from seeds semi join whole.records using (record_id)""")


def _show_edges(carried: Carried, among: str) -> None:
    """Shows the key pairs and scored pairs within the records of a table."""
    inside = " and ".join(f"{side} in (select record_id from {among})" for side in _PAIRS)
    for table in ("key_pairs", "pairs"):
        if table in carried.grains:
            carried.show(table, f"where {inside}", held=True)


def _records(session: Session, among: str | None = None) -> tuple[Ints, Ints]:
    """record_id, ascending, and whether the record is the company's own (1) or a partner's (0)."""
    clause = f"semi join {among} using (record_id)" if among else ""
    found = session.connection.execute(
        f"select record_id, cast(kind = 'crm_id' as bigint) as own from whole.records {clause} order by record_id"
    ).fetchnumpy()
    return np.asarray(found["record_id"], np.int64), np.asarray(found["own"], np.int64)


def _places(ids: Ints, values: Any) -> Ints:
    return np.searchsorted(ids, np.asarray(values, np.int64)).astype(np.int64)


def _keys(session: Session, ids: Ints, rulings: Rulings) -> tuple[Ints, Ints, np.ndarray[Any, Any]]:
    """The key pairs by place, with the decisions of people among them."""
    keys = session.frame("identity.key_pairs").sort_values(["left_id", "right_id", "key_kind"])
    kinds = keys["key_kind"].to_numpy(object)
    left, right = _places(ids, keys["left_id"]), _places(ids, keys["right_id"])
    ruled = _within(ids, rulings.together)
    return (
        np.r_[left, _places(ids, [one for one, _ in ruled])],
        np.r_[right, _places(ids, [other for _, other in ruled])],
        np.r_[kinds, np.array(["decision"] * len(ruled), dtype=object)],
    )


def _within(ids: Ints, pairs: list[tuple[int, int]]) -> list[tuple[int, int]]:
    known = set(ids.tolist())
    return [(one, other) for one, other in pairs if one in known and other in known]


def _contradictions(session: Session, ids: Ints, rulings: Rulings) -> Callable[[Ints], tuple[Ints, Ints]]:
    """What linker.decide asks: the pairs within components that cannot be one person.

    People who were said to be one do not contradict each other, whatever their records say.
    """
    together = _within(ids, rulings.together)
    united = components(len(ids), _places(ids, [a for a, _ in together]), _places(ids, [b for _, b in together]))
    apart = _within(ids, rulings.apart)
    ruled = _places(ids, [a for a, _ in apart]), _places(ids, [b for _, b in apart])

    def ask(component: Ints) -> tuple[Ints, Ints]:
        import pandas as pd

        frame = pd.DataFrame({"record_id": ids, "component": component})
        frame = frame[frame.duplicated("component", keep=False)]
        session.put("identity.components", frame, grain=("record_id",), keep=False)
        session.model("identity.contradictions", keep=False)
        pairs = session.frame("identity.contradictions", "left_id, right_id").sort_values(list(_PAIRS))
        left, right = _places(ids, pairs["left_id"]), _places(ids, pairs["right_id"])
        real = united[left] != united[right]
        return np.r_[left[real], ruled[0]], np.r_[right[real], ruled[1]]

    return ask


def _put_sure(session: Session, ids: Ints, sure: Ints) -> None:
    """identity.sure_groups: the groups of several records that keys tie, named by their smallest record."""
    import pandas as pd

    frame = pd.DataFrame({"record_id": ids, "sure": ids[sure]})
    session.put("identity.sure_groups", frame[frame.duplicated("sure", keep=False)], grain=("record_id",), keep=False)


def _take_scored(session: Session, carried: Carried) -> None:
    """identity.scored becomes tonight's rows of identity.pairs; their probability is told later."""
    session.connection.execute(
        "create or replace table identity.pairs as select record_id_l as left_id, record_id_r as right_id,"
        " cast(null as double) as probability, * exclude (record_id_l, record_id_r) from identity.scored"
    )
    session.drop("identity.scored")
    either = " or ".join(f"{side} in (select record_id from identity.scored_anew)" for side in _PAIRS)
    carried.take("pairs", _PAIRS, f"where {either}")


def _decide(session: Session, ids: Ints, own: Ints, model: linker.PairModel, rulings: Rulings) -> Linked:
    pairs = session.frame("identity.pairs").sort_values(list(_PAIRS)).reset_index(drop=True)
    left, right = _places(ids, pairs["left_id"]), _places(ids, pairs["right_id"])
    names = PEOPLE.names
    levels = np.column_stack([pairs[f"gamma_{name}"].to_numpy(np.int8) for name in names])
    weights = np.column_stack([pairs[f"weight_{name}"].to_numpy(np.float64) for name in names])
    scored = ScoredPairs(left, right, weights, levels)
    keys = _keys(session, ids, rulings)
    decision = linker.decide(len(ids), keys, scored, _contradictions(session, ids, rulings), kinds=own, model=model)
    return Linked(
        ids, own, decision, _hanging(ids, keys, decision), _as_frame(ids, keys), _told(pairs, left, right, decision)
    )


def _hanging(ids: Ints, keys: tuple[Ints, Ints, Any], decision: linker.Decision) -> Ints:
    """The component of each record: keys, what was decided, and every doubt of one in ten connect."""
    doubt = decision.probability >= DOUBT
    records = np.arange(len(ids))
    return ids[
        components(
            len(ids),
            np.r_[keys[0], records, records, decision.groups.left[doubt]],
            np.r_[keys[1], decision.labels, decision.loose, decision.groups.right[doubt]],
        )
    ]


def _as_frame(ids: Ints, keys: tuple[Ints, Ints, Any]) -> "pd.DataFrame":
    import pandas as pd

    return pd.DataFrame({"left_id": ids[keys[0]], "right_id": ids[keys[1]], "key_kind": keys[2]})


def _told(pairs: "pd.DataFrame", left: Ints, right: Ints, decision: linker.Decision) -> "pd.DataFrame":
    """The pairs with the probability of their groups; pairs that keys have made one group meanwhile are left out."""
    import pandas as pd

    one, other = decision.sure[left], decision.sure[right]
    place = pd.DataFrame({"one": np.minimum(one, other), "other": np.maximum(one, other)})
    known = pd.DataFrame({"one": decision.groups.left, "other": decision.groups.right, "p": decision.probability})
    told = place.merge(known, on=["one", "other"], how="left")["p"].to_numpy(np.float64)
    kept: pd.DataFrame = pairs.assign(probability=told)[one != other]
    return kept
