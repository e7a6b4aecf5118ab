"""landmark identity explain: why a customer's records are one, or why two are not, as one plain document.

The document is what --json prints and what words.py tells as text. Records are numbered in it, oldest first.
"""

from collections.abc import Sequence
from typing import Any

from pipeline.answers import ties
from pipeline.answers.masks import shown
from pipeline.answers.ties import Neighbour, Record, Tie
from pipeline.identity.decisions import LINK, UNLINK, Decision, read_decisions, standing_decisions
from pipeline.identity.lookup import Person, Standing, person, reading
from pipeline.settings import Settings

Document = dict[str, Any]

# the columns of a profile that each comparison looks at; a comparison that is not listed shows no values
COLUMNS = {
    "first_name": ("first_name",),
    "last_name": ("last_name",),
    "birth_date": ("born",),
    "address": ("street", "postcode", "city"),
    "phone": ("phones",),
    "email_local": ("email_local",),
    "devices": ("devices",),
}
SHOWN_OF_A_RECORD = ("first_name", "last_name", "born", "street", "postcode", "city", "phones", "loyalty_id")


def explain(settings: Settings, text: str, other: str | None = None, *, plain: bool = False) -> Document:
    """Why the records of whom the text names are one customer; with `other`, why the two are or are not.

    plain: personal data as it is kept, not masked. Raises IdentityError where nobody or several hold a text.
    """
    with reading(settings) as standing:
        decisions = standing_decisions(read_decisions(settings.data))
        one = person(standing, text)
        two = person(standing, other) if other is not None else None
        if two is not None and two.customer_id != one.customer_id:
            return Telling(standing, [*decisions.values()], plain).apart(one, two)
        return Telling(standing, [*decisions.values()], plain).together(one, _ends(one, text, other))


def _ends(one: Person, text: str, other: str | None) -> tuple[int, int] | None:
    """The two records that were asked about, where they are two of one customer."""
    numbers = {f"{kind}:{value}": number for number, kind, value in one.records}
    if other is None or text not in numbers or other not in numbers or text == other:
        return None
    return numbers[text], numbers[other]


class Telling:
    """Puts evidence into a document, masked as asked for."""

    def __init__(self, standing: Standing, decisions: Sequence[Decision], plain: bool) -> None:
        self.standing, self.decisions, self.plain = standing, decisions, plain
        self.followed = ties.followed(standing, decisions)
        self.links = ties.linked(standing, self.followed)
        self.numbers: dict[int, int] = {}
        self.records: dict[int, Record] = {}

    def together(self, who: Person, ends: tuple[int, int] | None) -> Document:
        ids = self._number(who.records)
        tree = ties.strongest_tree(ids, ties.ties(self.standing, ids, ids, self.links))
        path = ties.path_between(tree, *ends) if ends else tree
        return {
            "night": who.night,
            "customer_id": who.customer_id,
            "is_one": True,
            "is_refused": self._refuses(who.customer_id),
            "between": [self.numbers[end] for end in ends] if ends else None,
            "records": [self.record(self.records[number]) for number in ids],
            "path": [self.tie(tie) for tie in path],
            "pieces": len(ids) - len(tree),
            "weakest": round(min((tie.strength for tie in path), default=1.0), 6),
            "identifiers": self._identifiers(who.customer_id),
            "stopped": self._stopped(ids),
            "kept_out": [self._neighbour(found) for found in ties.neighbours(self.standing, who.customer_id, ids)],
            "decisions": self._decided(ids),
        }

    def apart(self, one: Person, two: Person) -> Document:
        ids, others = self._number(one.records), self._number(two.records)
        found = ties.between(self.standing, ids, others)
        return {
            "night": one.night,
            "customer_id": one.customer_id,
            "other_customer_id": two.customer_id,
            "is_one": False,
            "is_refused": self._refuses(one.customer_id) or self._refuses(two.customer_id),
            "records": [self.record(self.records[number]) for number in [*ids, *others]],
            "kept_out": [self._neighbour(found)],
            "stopped": self._stopped([*ids, *others]),
            "decisions": self._decided([*ids, *others]),
        }

    def _number(self, records: Sequence[tuple[int, str, str]]) -> list[int]:
        ids = [number for number, _, _ in records]
        self.add(ties.records_of(self.standing, ids))
        return ids

    def add(self, records: dict[int, Record]) -> None:
        for number, record in records.items():
            self.records[number] = record
            self.numbers.setdefault(number, len(self.numbers) + 1)

    def _refuses(self, customer_id: str) -> bool:
        found = self.standing.rows(
            "select 1 from identity.members where customer_id = ? and is_refused limit 1", [customer_id]
        )
        return bool(found)

    def record(self, record: Record) -> Document:
        known = {name: record.known[name] for name in SHOWN_OF_A_RECORD if name in record.known}
        return {
            "n": self.numbers[record.record_id],
            "kind": record.kind,
            "value": record.value,
            "customer_id": record.customer_id,
            "since": record.since,
            "matched_by": record.matched_by,
            "match_probability": record.match_probability,
            "known": {name: shown(name, value, plain=self.plain) for name, value in known.items()},
        }

    def tie(self, tie: Tie) -> Document:
        start, ends = tie.start_bits, self._ends(tie)
        return {
            "left": self.numbers[ends[0]],
            "right": self.numbers[ends[1]],
            "strength": round(tie.strength, 6),
            "keys": [{"kind": k.kind, "holders": k.holders, "reliability": round(k.reliability, 4)} for k in tie.keys],
            "decision": self._decision(tie),
            "probability": tie.probability,
            "start_bits": None if start is None else round(start, 2),
            "comparisons": [self._comparison(tie, one) for one in tie.comparisons],
        }

    def _ends(self, tie: Tie) -> tuple[int, int]:
        """The tie's records in the order of their numbers in the document."""
        return (tie.left, tie.right) if self.numbers[tie.left] < self.numbers[tie.right] else (tie.right, tie.left)

    def _comparison(self, tie: Tie, comparison: ties.Comparison) -> Document:
        left, right = (self.records[end].known for end in self._ends(tie))
        columns = COLUMNS.get(comparison.name, ())
        return {
            "name": comparison.name,
            "says": _says(comparison, left, right),
            "bits": comparison.bits,
            "left": self._values(columns, left),
            "right": self._values(columns, right),
        }

    def _values(self, columns: Sequence[str], known: dict[str, Any]) -> str:
        return ", ".join(shown(name, known[name], plain=self.plain) for name in columns if name in known)

    def _decision(self, tie: Tie) -> str | None:
        pair = {self.records[tie.left].name, self.records[tie.right].name}
        known = (d.told for d in self.followed if d.action == LINK and pair == set(d.names))
        return next(known) if tie.is_decided else None

    def _decided(self, ids: Sequence[int]) -> list[Document]:
        """The decisions on any of the records; is_pending: the published night did not know of it yet."""
        names = {self.records[number].name for number in ids}
        return [
            {"told": d.told, "action": d.action, "left": d.names[0], "right": d.names[1], "is_pending": self._pends(d)}
            for d in self.decisions
            if not names.isdisjoint(d.names)
        ]

    def _pends(self, decision: Decision) -> bool:
        rows = self.standing.rows(
            "select count(distinct customer_id) from identity.records inner join identity.members using (record_id)"
            " where kind || ':' || value in (?, ?)",
            list(decision.names),
        )
        is_one = bool(rows[0][0] == 1)
        return decision not in self.followed or is_one != (decision.action == LINK)

    def _identifiers(self, customer_id: str) -> list[Document]:
        """What else hangs on the customer: cookies, handles and the like, with what ties them."""
        rows = self.standing.rows(
            "select identifier_kind, identifier_value, matched_by, match_probability, cast(valid_from as varchar),"
            " cast(valid_to as varchar) from identity.identifiers where customer_id = ?"
            " and identifier_kind not in (select kind from identity.records) order by all",
            [customer_id],
        )
        names = ("kind", "value", "matched_by", "match_probability", "valid_from", "valid_to")
        found = [dict(zip(names, row, strict=True)) for row in rows]
        return [one | {"value": shown(_masked_as(one["kind"]), one["value"], plain=self.plain)} for one in found]

    def _stopped(self, ids: Sequence[int]) -> list[Document]:
        return [
            {
                "kind": one.kind,
                "value": shown(one.kind, one.value, plain=self.plain),
                "people": one.people,
                "records": [self.numbers[number] for number in one.record_ids],
            }
            for one in ties.stopped(self.standing, ids)
        ]

    def _neighbour(self, found: Neighbour) -> Document:
        self.add({record.record_id: record for record in found.records})
        known = [d for d in self.followed if self._parts(d, found)]
        return {
            "customer_id": found.customer_id,
            "records": [self.record(record) for record in found.records],
            "probability": found.tie.probability,
            "tie": self.tie(found.tie) if found.tie.keys or found.tie.comparisons else None,
            "contradictions": self._contradictions(found),
            "decision": known[0].told if known else None,
        }

    def _contradictions(self, found: Neighbour) -> list[Document]:
        numbered = [(sorted((self.numbers[one], self.numbers[two])), what) for one, two, what in found.contradictions]
        return [{"left": ends[0], "right": ends[1], "what": list(what)} for ends, what in sorted(numbered)]

    def _parts(self, decision: Decision, found: Neighbour) -> bool:
        """Whether a person decided that this neighbour is somebody else."""
        theirs = {record.name for record in found.records}
        mine = {record.name for record in self.records.values() if record.customer_id != found.customer_id}
        left, right = decision.names
        return decision.action == UNLINK and ((left in theirs and right in mine) or (right in theirs and left in mine))


def _masked_as(kind: str) -> str:
    return "email" if kind == "phone" else kind  # a keyed hash has no digits to show


def _says(comparison: ties.Comparison, left: dict[str, Any], right: dict[str, Any]) -> str:
    """How alike the two are: the same, alike or unlike; of an address, which parts are the same."""
    columns = COLUMNS.get(comparison.name, ())
    same = [name for name in columns if _is_same(left.get(name), right.get(name))]
    if comparison.level == 0:
        return "unlike"
    if len(columns) > 1 and same:
        return f"same {' and '.join(same[:2])}"
    return "the same" if same else "alike"


def _is_same(left: Any, right: Any) -> bool:
    if isinstance(left, list) and isinstance(right, list):
        return not set(left).isdisjoint(right)
    return left is not None and bool(left == right)
