"""Why records are, or are not, one customer: the ties between them, the strongest tree of ties, what keeps others out.

A tie is a decision, keys that both gave, or what the pair model says of two records. Everything is read from the
published night's tables, so that an answer tells what the night saw.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pipeline.identity.decisions import LINK, Decision
from pipeline.identity.lookup import Standing

DECISION = "decision"
# probabilities are kept to six decimals: at either end the odds are only known to be beyond these
LEAST, MOST = 0.000001, 0.999999
# how many neighbours are told of, and how probable it is at the least that they are the same
NEAREST, NEAR = 5, 0.05

# two records, and what of them contradicts: the columns of identity.contradictions that are true
Contradiction = tuple[int, int, tuple[str, ...]]


def the_cut() -> float:
    """How sure the pair model is at the least of two groups that are made one customer."""
    from pipeline.estimators.identity.linker import CUTS

    return CUTS[1]


@dataclass(frozen=True)
class Record:
    """One record. known: what the pair model compares of it (column -> value), nothing where it gave nothing."""

    record_id: int
    kind: str
    value: str
    customer_id: str
    since: str | None
    matched_by: str | None
    match_probability: float | None
    known: dict[str, Any]

    @property
    def name(self) -> str:
        return f"{self.kind}:{self.value}"


@dataclass(frozen=True)
class Key:
    """A kind of value that both records gave.

    holders: how many records gave the value. reliability: of all pairs tied by this kind, the share in one customer.
    """

    kind: str
    holders: int | None
    reliability: float


@dataclass(frozen=True)
class Comparison:
    """How the model weighs one comparison. level: 0 is unlike, higher is more alike. bits: log2 of the Bayes factor."""

    name: str
    level: int
    bits: float


@dataclass(frozen=True)
class Tie:
    """What two records say of each other. probability: the model's, of their groups; None where it was not compared."""

    left: int
    right: int
    keys: tuple[Key, ...] = ()
    probability: float | None = None
    comparisons: tuple[Comparison, ...] = ()

    @property
    def is_decided(self) -> bool:
        return any(key.kind == DECISION for key in self.keys)

    @property
    def strength(self) -> float:
        """The probability that the two are one person by this tie alone: keys first, as the night takes them."""
        if self.is_decided:
            return 1.0
        if self.keys:
            return 1.0 - math.prod(1.0 - key.reliability for key in self.keys)
        return self.probability or 0.0

    @property
    def bits(self) -> float:
        return sum(comparison.bits for comparison in self.comparisons)

    @property
    def start_bits(self) -> float | None:
        """What the comparisons leave of the odds: how likely any two are one person, and what a household shares.

        None where the probability is at the end of its scale (or of records that keys tie): the odds are not known.
        """
        if self.probability is None or not LEAST < self.probability < MOST:
            return None
        return math.log2(self.probability / (1.0 - self.probability)) - self.bits

    def rank(self) -> tuple[Any, ...]:
        """Strongest first: decisions, keys, then the model."""
        return (not self.is_decided, not self.keys, -self.strength, -self.bits, self.left, self.right)


@dataclass(frozen=True)
class Neighbour:
    """A customer that is nearly, or by a key, the same. contradictions: left, right and what forbids it."""

    customer_id: str
    records: tuple[Record, ...]
    tie: Tie
    contradictions: tuple[Contradiction, ...]


@dataclass(frozen=True)
class Stopped:
    """A value that records gave and the guard stopped: too many unlike people share it."""

    kind: str
    value: str
    people: int
    record_ids: tuple[int, ...]


def records_of(standing: Standing, ids: Sequence[int]) -> dict[int, Record]:
    """The records with these numbers, oldest first, by number."""
    rows = standing.rows(
        "select record_id, kind, value, customer_id, cast(first_at as varchar), matched_by, match_probability"
        " from identity.records inner join identity.members using (record_id)"
        " where record_id in (select unnest(?)) order by first_at nulls last, kind, value",
        [list(ids)],
    )
    known = _profiles(standing, ids)
    return {
        int(number): Record(int(number), kind, value, customer, since, by, probability, known.get(int(number), {}))
        for number, kind, value, customer, since, by, probability in rows
    }


def _profiles(standing: Standing, ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    found = standing.table("select * from identity.profiles where record_id in (select unnest(?))", [list(ids)])
    return {
        int(row["record_id"]): {name: value for name, value in row.items() if name != "record_id" and value}
        for row in found
    }


def followed(standing: Standing, decisions: Iterable[Decision]) -> list[Decision]:
    """The decisions that the published night followed: those that its ledger tells."""
    if not standing.has("ledger"):
        return []
    told = {row[0] for row in standing.rows("select evidence from identity.ledger where event = 'decide'")}
    return [decision for decision in decisions if decision.told in told]


def linked(standing: Standing, decisions: Iterable[Decision]) -> set[tuple[int, int]]:
    """The pairs of records that these decisions link, the smaller number first."""
    links = [decision for decision in decisions if decision.action == LINK]
    rows = standing.rows(
        "select kind || ':' || value, record_id from identity.records where kind || ':' || value in (select unnest(?))",
        [sorted({name for decision in links for name in decision.names})],
    )
    ids = {name: int(number) for name, number in rows}
    pairs = [sorted(ids[name] for name in decision.names if name in ids) for decision in links]
    return {(pair[0], pair[1]) for pair in pairs if len(pair) == 2}


def ties(
    standing: Standing, lefts: Sequence[int], rights: Sequence[int], links: Iterable[tuple[int, int]] = ()
) -> list[Tie]:
    """All ties between records of the one side and of the other (the same records: within them), strongest first.

    links: the pairs that people decided to be one.
    """
    sides = [list(lefts), list(rights)]
    found: dict[tuple[int, int], Tie] = {}
    standing.session.connection.execute(_RELIABILITY)
    one, other = set(lefts), set(rights)
    for left, right in links:
        if (left in one and right in other) or (left in other and right in one):
            found[left, right] = Tie(left, right, (Key(DECISION, None, 1.0),))
    for left, right, kind, holders, reliability in standing.rows(_KEY_TIES, sides):
        tie = found.get((left, right), Tie(left, right))
        found[left, right] = replace(tie, keys=(*tie.keys, Key(kind, holders, reliability)))
    for row in standing.table(_MODEL_TIES, sides):
        place = int(row["left_id"]), int(row["right_id"])
        tie = found.get(place, Tie(*place))
        probability = None if row["probability"] is None else float(row["probability"])
        found[place] = replace(tie, probability=probability, comparisons=comparisons(row))
    return sorted(found.values(), key=Tie.rank)


_BETWEEN = (
    "((left_id in (select unnest($1)) and right_id in (select unnest($2)))"
    " or (left_id in (select unnest($2)) and right_id in (select unnest($1))))"
)
_MODEL_TIES = f"select * from identity.pairs where {_BETWEEN}"
_KEY_TIES = f"""
with tied as (
    select left_id, right_id, key_kind from identity.key_pairs where {_BETWEEN}
),
usable as (
    select given_keys.record_id, given_keys.key_kind, given_keys.key_value from identity.given_keys as given_keys
    anti join identity.blocked_values using (key_kind, key_value)
),
shared as (
    select tied.left_id, tied.right_id, tied.key_kind, lefts.key_value
    from tied
    inner join usable as lefts on tied.left_id = lefts.record_id and tied.key_kind = lefts.key_kind
    inner join usable as rights
        on tied.right_id = rights.record_id and tied.key_kind = rights.key_kind and lefts.key_value = rights.key_value
),
holders as (
    select key_kind, key_value, count(*) as n
    from usable semi join shared using (key_kind, key_value)
    group by key_kind, key_value
),
fewest as (
    select shared.left_id, shared.right_id, shared.key_kind, cast(min(holders.n) as integer) as holders
    from shared inner join holders using (key_kind, key_value)
    group by shared.left_id, shared.right_id, shared.key_kind
)
select tied.left_id, tied.right_id, tied.key_kind, fewest.holders, reliability.share
from tied
left join fewest using (left_id, right_id, key_kind)
inner join identity.reliability as reliability using (key_kind)
order by tied.left_id, tied.right_id, tied.key_kind
"""
# of all pairs that a kind of key ties, the share that ended in one customer
_RELIABILITY = """
create table if not exists identity.reliability as
select
    key_kind,
    cast((count(*) filter (where ones.customer_id = others.customer_id) + 1.0) / (count(*) + 2.0) as double) as share
from identity.key_pairs
inner join identity.members as ones on left_id = ones.record_id
inner join identity.members as others on right_id = others.record_id
group by key_kind
"""


def comparisons(row: dict[str, Any]) -> tuple[Comparison, ...]:
    """The comparisons of a row of identity.pairs, those that speak loudest for one person first."""
    names = [column.removeprefix("weight_") for column in row if column.startswith("weight_")]
    found = [
        Comparison(name, int(row[f"gamma_{name}"]), round(row[f"weight_{name}"] / math.log(2), 2))
        for name in names
        if row[f"weight_{name}"] is not None and not math.isnan(row[f"weight_{name}"])
    ]
    return tuple(sorted(found, key=lambda one: (-one.bits, one.name)))


def strongest_tree(ids: Iterable[int], found: Iterable[Tie]) -> list[Tie]:
    """The ties that hold the records together with the most strength: a maximum spanning tree (Kruskal 1956)."""
    owner = {record_id: record_id for record_id in ids}
    tree = []
    for tie in sorted(found, key=Tie.rank):
        one, other = owner[tie.left], owner[tie.right]
        if one != other:
            owner = {place: one if group == other else group for place, group in owner.items()}
            tree.append(tie)
    return tree


def path_between(tree: Sequence[Tie], start: int, end: int) -> list[Tie]:
    """The ties of the tree that lead from one record to the other; none where they are not joined."""
    walks: list[tuple[int, list[Tie]]] = [(start, [])]
    while walks:
        place, walked = walks.pop()
        if place == end:
            return walked
        onward = [tie for tie in tree if place in (tie.left, tie.right) and tie not in walked]
        walks += [(tie.left + tie.right - place, [*walked, tie]) for tie in onward]
    return []


def stopped(standing: Standing, ids: Sequence[int]) -> list[Stopped]:
    """The values that these records gave and the guard stopped, most shared first."""
    rows = standing.rows(
        "select key_kind, key_value, names, list_sort(list(record_id)) from identity.given_keys"
        " inner join identity.blocked_values using (key_kind, key_value)"
        " where record_id in (select unnest(?)) group by all order by names desc, key_kind, key_value",
        [list(ids)],
    )
    return [Stopped(kind, value, int(people), tuple(held)) for kind, value, people, held in rows]


def neighbours(standing: Standing, customer_id: str, ids: Sequence[int], limit: int = NEAREST) -> list[Neighbour]:
    """The customers that are nearest to being the same one, nearest first."""
    where = {int(record_id): other for record_id, other in standing.rows(_NEAR, [list(ids), customer_id])}
    best: dict[str, Tie] = {}
    for tie in (tie for tie in ties(standing, ids, sorted(where)) if tie.strength >= NEAR):
        best.setdefault(where[tie.left] if tie.left in where else where[tie.right], tie)
    return [
        between(standing, ids, [record_id for record_id, _, _ in standing.records_of(other)])
        for other in list(best)[:limit]
    ]


_NEAR = """
with near as (
    select left_id as mine, right_id as other from identity.pairs
    union all
    select right_id as mine, left_id as other from identity.pairs
    union all
    select left_id as mine, right_id as other from identity.key_pairs
    union all
    select right_id as mine, left_id as other from identity.key_pairs
)
select distinct near.other, members.customer_id
from near
inner join identity.members as members on near.other = members.record_id
where near.mine in (select unnest($1)) and members.customer_id <> $2
"""


def between(standing: Standing, ids: Sequence[int], others: Sequence[int]) -> Neighbour:
    """What ties and what parts two customers, given by their records."""
    records = tuple(records_of(standing, others).values())
    found = ties(standing, ids, others)
    nothing = Tie(min(ids[0], others[0]), max(ids[0], others[0]))
    (parted,) = contradictions(standing, [(ids, others)])
    return Neighbour(records[0].customer_id, records, found[0] if found else nothing, tuple(parted))


def contradictions(
    standing: Standing, sides: Sequence[tuple[Sequence[int], Sequence[int]]]
) -> list[list[Contradiction]]:
    """Per pair of sides the records across it that cannot be one person, by the night's own rules."""
    import pandas as pd

    rows = [(number, place) for place, both in enumerate(sides) for side in both for number in side]
    together = pd.DataFrame(rows, columns=["record_id", "component"], dtype="int64")
    standing.session.put("identity.components", together, grain=("record_id",), keep=False)
    standing.session.model("identity.contradictions", keep=False)
    rows_found = standing.table("select * from identity.contradictions")
    among = {(int(row["left_id"]), int(row["right_id"])): row for row in rows_found}
    found = [
        (left, right, tuple(n for n, value in row.items() if value is True)) for (left, right), row in among.items()
    ]
    by_record: dict[int, list[Contradiction]] = {}
    for one in found:
        by_record.setdefault(one[0], []).append(one)
        by_record.setdefault(one[1], []).append(one)
    return [sorted({one for number in lefts for one in by_record.get(number, []) if one[0] + one[1] - number in rights})
            for lefts, rights in sides]  # fmt: skip
