"""landmark identity review: the pairs that a person's answer would help most, best first.

Doubtful are pairs of customers that the pair model cannot tell, ties of the model that alone hold a customer together,
keys that tie people who contradict each other, and what the night cut (identity.review). A pair is worth its
uncertainty (the entropy of its probability) times the records and orders that the answer moves.
"""

import csv
import io
import math
import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.answers import ties
from pipeline.answers.explain import Telling
from pipeline.answers.ties import Tie
from pipeline.catalog import write_bytes
from pipeline.identity.decisions import Decision, read_decisions, standing_decisions
from pipeline.identity.lookup import Standing, reading
from pipeline.settings import Settings

Document = dict[str, Any]

# outside of this span a pair is as good as decided
LEAST_DOUBT, MOST_DOUBT = 0.02, 0.99
KEY_AGAINST_CONTRADICTION = "a key ties them, yet they contradict each other"
UNDECIDED = "the pair model cannot tell"
UNSETTLED = "likely, yet others fit as well, or all their records together fit less"
HELD_BY_MODEL = "only the pair model holds this customer together"
SHOWN = 20


@dataclass(frozen=True)
class Doubt:
    """Two records to look at: why, how probable it is that they are one person (None: a key says so), and both sides.

    The sides are the two customers, or the two parts of one customer that only this pair holds together. moved: the
    records and orders of the smaller side.
    """

    left: int
    right: int
    customers: tuple[str, str]
    probability: float | None
    reason: str
    sides: tuple[tuple[int, ...], tuple[int, ...]]
    moved: int

    @property
    def worth(self) -> float:
        """Bits that an answer gives, times the records and orders that it moves.

        Where the evidence speaks against itself, an answer is worth a whole bit.
        """
        against_itself = self.probability is None or self.reason == UNSETTLED
        p = 0.5 if against_itself else min(max(self.probability or 0.0, 1e-6), 1 - 1e-6)
        return -(p * math.log2(p) + (1 - p) * math.log2(1 - p)) * self.moved


def review(settings: Settings, limit: int = SHOWN, *, plain: bool = False) -> Document:
    """The doubtful pairs of the published night, those first whose answer helps most: what --json prints."""
    with reading(settings) as standing:
        decisions = [*standing_decisions(read_decisions(settings.data)).values()]
        doubts = _doubts(standing, decisions)
        told = [
            _told(standing, decisions, doubt, plain) | {"rivals": rivals_of(doubt, doubts)} for doubt in doubts[:limit]
        ]
        return {"night": standing.night, "doubtful": len(doubts), "pairs": told}


def write_csv(document: Document, path: Path) -> None:
    """The pairs of a review as CSV, one a row, with the commands that decide each."""
    text = io.StringIO()
    writer = csv.writer(text)
    told = ("left", "right", "left_customer_id", "right_customer_id", "probability", "reason")
    sides = ("left_records", "right_records", "left_orders", "right_orders")
    writer.writerow([*told, *sides, "agrees", "differs", "contradictions", "link", "unlink"])
    for pair in document["pairs"]:
        weights = [
            [f"{c['name']} {c['says']}" for c in pair["tie"]["comparisons"] if c["bits"] * s > 0] for s in (1, -1)
        ]
        lists = [", ".join(names) for names in (*weights, pair["contradictions"])]
        writer.writerow([*(pair[name] for name in told), *pair["records"], *pair["orders"], *lists, pair["link"],
                         pair["unlink"]])  # fmt: skip
    write_bytes(path, text.getvalue().encode())


# -- which pairs are doubtful ---------------------------------------------------------------------------------------


def _doubts(standing: Standing, decisions: list[Decision]) -> list[Doubt]:
    """All doubts, the worthiest first; of two sides the first pair speaks for all."""
    rows = _rows(standing)
    decided = {frozenset(decision.names) for decision in decisions}
    rows = [row for row in rows if frozenset((row["left_name"], row["right_name"])) not in decided]
    customers = sorted({row[side] for row in rows for side in ("left_customer", "right_customer")})
    inside = {row["left_customer"] for row in rows if row["left_customer"] == row["right_customer"]}
    members, orders = _members(standing, customers), orders_of(standing, customers)
    links = ties.linked(standing, decisions)
    bridges = _bridges(standing, {customer: members[customer] for customer in sorted(inside)}, links)
    found: dict[tuple[tuple[int, ...], ...], Doubt] = {}
    for row in rows:
        doubt = _doubt(row, members, orders, bridges)
        if doubt is not None:
            found.setdefault(tuple(sorted(doubt.sides)), doubt)
    doubts = sorted(found.values(), key=lambda d: (-d.worth, d.left, d.right))
    return _open(standing, doubts)


def _open(standing: Standing, doubts: list[Doubt]) -> list[Doubt]:
    """The doubts without those of the model alone that a contradiction settles."""
    settled = (UNDECIDED, UNSETTLED)
    parted = ties.contradictions(standing, [doubt.sides for doubt in doubts])
    return [doubt for doubt, found in zip(doubts, parted, strict=True) if doubt.reason not in settled or not found]


def _doubt(
    row: Document,
    members: dict[str, tuple[int, ...]],
    orders: dict[int, int],
    bridges: dict[tuple[int, int], tuple[tuple[int, ...], tuple[int, ...]]],
) -> Doubt | None:
    """The doubt of a row; None where the customer would stay one without this pair."""
    one, other = row["left_customer"], row["right_customer"]
    place = int(row["left_id"]), int(row["right_id"])
    sides = (members[one], members[other]) if one != other else bridges.get(place)
    if sides is None:
        return None
    open_reason = UNSETTLED if (row["probability"] or 0.0) >= ties.the_cut() else UNDECIDED
    reason = row["reason"] or (HELD_BY_MODEL if one == other else open_reason)
    moved = min(sum(1 + orders.get(number, 0) for number in side) for side in sides)
    return Doubt(*place, (one, other), row["probability"], reason, sides, moved)


def _rows(standing: Standing) -> list[Document]:
    """Every pair that may be asked about, with the customers and names of both.

    Of identity.review only what the night cut: its doubtful pairs are told here by the records that were compared.
    """
    from pipeline.identity.review import APART, DOUBTFUL

    asked: list[object] = [LEAST_DOUBT, MOST_DOUBT, KEY_AGAINST_CONTRADICTION]
    cut = "select 0 as left_id, 0 as right_id, 0.0 as probability, '' as reason where false"
    if standing.has("review"):
        cut = "select left_id, right_id, probability, reason from identity.review where reason not in ($4, $5)"
        asked += [DOUBTFUL, APART]
    return standing.table(_DOUBTFUL.format(cut=cut), asked)


_DOUBTFUL = """
with found as (
    select left_id, right_id, probability, reason, 0 as place from ({cut}) as cut
    union all
    select pairs.left_id, pairs.right_id, pairs.probability, null as reason, 1 as place
    from identity.pairs as pairs
    anti join identity.key_pairs as key_pairs
        on pairs.left_id = key_pairs.left_id and pairs.right_id = key_pairs.right_id
    where pairs.probability between $1 and $2
    union all
    select left_id, right_id, null as probability, $3 as reason, 0 as place
    from identity.key_pairs
)
select
    found.left_id, found.right_id, found.probability, found.reason,
    ones.customer_id as left_customer, others.customer_id as right_customer,
    one.kind || ':' || one.value as left_name, other.kind || ':' || other.value as right_name
from found
inner join identity.members as ones on found.left_id = ones.record_id
inner join identity.members as others on found.right_id = others.record_id
inner join identity.records as one on found.left_id = one.record_id
inner join identity.records as other on found.right_id = other.record_id
where found.reason is distinct from $3 or ones.customer_id <> others.customer_id
order by found.place, abs(coalesce(found.probability, 0.5) - 0.5), found.left_id, found.right_id
"""


def _members(standing: Standing, customers: list[str]) -> dict[str, tuple[int, ...]]:
    rows = standing.rows(
        "select customer_id, list_sort(list(record_id)) from identity.members"
        " where customer_id in (select unnest(?)) group by customer_id",
        [customers],
    )
    return {customer: tuple(int(number) for number in records) for customer, records in rows}


def _bridges(
    standing: Standing, members: dict[str, tuple[int, ...]], links: set[tuple[int, int]]
) -> dict[tuple[int, int], tuple[tuple[int, ...], tuple[int, ...]]]:
    """The pairs of the model that alone hold a customer together, with the two parts that each of them joins."""
    owner = {number: customer for customer, numbers in members.items() for number in numbers}
    within: dict[str, list[Tie]] = {customer: [] for customer in members}
    for tie in ties.ties(standing, list(owner), list(owner), links):
        if owner[tie.left] == owner[tie.right]:
            within[owner[tie.left]].append(tie)
    found = {}
    for customer, numbers in members.items():
        tree = ties.strongest_tree(numbers, within[customer])
        for tie in (tie for tie in tree if not tie.keys):
            rest = [one for one in tree if one is not tie]
            part = tuple(
                number for number in numbers if number == tie.left or ties.path_between(rest, tie.left, number)
            )
            found[tie.left, tie.right] = (part, tuple(number for number in numbers if number not in part))
    return found


def orders_of(standing: Standing, customers: Iterable[str]) -> dict[int, int]:
    """The orders of each record of these customers that has any."""
    folders = sorted(path for path in (standing.folder.parent / "ingest").glob("*") if path.is_dir())
    standing.session.attach("ingest", folders)
    if not standing.rows("select 1 from duckdb_views() where schema_name = 'ingest' and view_name = 'orders'"):
        return {}
    rows = standing.rows(
        "select record_id, count(*) from identity.members inner join identity.records as records using (record_id)"
        " inner join ingest.orders as orders on records.kind = 'crm_id' and records.value = orders.crm_id"
        " where customer_id in (select unnest(?)) group by record_id",
        [sorted(customers)],
    )
    return {int(number): int(count) for number, count in rows}


# -- what is told of a pair -----------------------------------------------------------------------------------------


def _told(standing: Standing, decisions: list[Decision], doubt: Doubt, plain: bool) -> Document:
    telling = Telling(standing, decisions, plain)
    telling.add(ties.records_of(standing, [doubt.left, doubt.right]))
    found = ties.ties(standing, [doubt.left], [doubt.right])
    tie = telling.tie(found[0] if found else Tie(doubt.left, doubt.right, probability=doubt.probability))
    ends = sorted((doubt.left, doubt.right), key=lambda number: telling.numbers[number])
    records = [telling.records[number] for number in ends]
    sides = doubt.sides if ends[0] in doubt.sides[0] else doubt.sides[::-1]
    orders = orders_of(standing, doubt.customers)
    names = [record.name for record in records]
    return {
        "left": names[0],
        "right": names[1],
        "left_customer_id": records[0].customer_id,
        "right_customer_id": records[1].customer_id,
        "is_one": doubt.customers[0] == doubt.customers[1],
        "probability": doubt.probability,
        "reason": doubt.reason,
        "worth": round(doubt.worth, 3),
        "records": [len(side) for side in sides],
        "orders": [sum(orders.get(number, 0) for number in side) for side in sides],
        "sides": [telling.record(record) for record in records],
        "tie": tie,
        "contradictions": _contradictions(standing, doubt),
        "link": command("link", names),
        "unlink": command("unlink", names),
    }


def rivals_of(doubt: Doubt, doubts: list[Doubt]) -> list[str]:
    """The other customers that are as likely the same as one of the two sides."""
    if doubt.reason != UNSETTLED:
        return []
    near = [one for one in doubts if one.reason == UNSETTLED and not set(one.customers).isdisjoint(doubt.customers)]
    return sorted({customer for one in near for customer in one.customers} - set(doubt.customers))


def _contradictions(standing: Standing, doubt: Doubt) -> list[str]:
    (found,) = ties.contradictions(standing, [doubt.sides])
    return sorted({name for _, _, names in found for name in names})


def command(action: str, names: list[str]) -> str:
    """What decides it, to be pasted into a shell with the reason after it: whatever stands in the names is quoted."""
    return f"landmark identity {action} {' '.join(shlex.quote(name) for name in names)} --why"
