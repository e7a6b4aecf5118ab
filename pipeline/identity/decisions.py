"""What people decided about identity: two records are one person (link), or never are (unlink).

    DATA/identity/decisions.jsonl    one decision a line, oldest first; the last one on a pair of records stands

A decision is on records, not on customers: what a customer holds can change, a record stays what it is. Every night
reads the file anew, so that a decision outlasts all later nights.
"""

import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from pipeline.catalog import Store
from pipeline.errors import IdentityError
from pipeline.identity.lookup import person, reading
from pipeline.privacy.tombstones import write_private
from pipeline.settings import Settings
from pipeline.words import clean

LINK, UNLINK = "link", "unlink"
_OPPOSITE = {LINK: UNLINK, UNLINK: LINK}
_FIELDS = ("action", "by", "left", "right", "why")
LONGEST_REASON = 500

Name = tuple[str, str]
Pair = tuple[Name, Name]


@dataclass(frozen=True)
class Decision:
    """One decision on two records, each its kind (crm_id, partner:NAME) and value."""

    action: str
    left: Name
    right: Name
    by: str
    why: str

    @property
    def pair(self) -> Pair:
        """The two records in a fixed order: a decision has no direction."""
        return (self.left, self.right) if self.left <= self.right else (self.right, self.left)

    @property
    def names(self) -> tuple[str, str]:
        """The two records as they are given on the command line."""
        return named(self.left), named(self.right)

    @property
    def told(self) -> str:
        """The decision in one line."""
        verb = "linked" if self.action == LINK else "unlinked"
        return clean(f"{self.names[0]} and {self.names[1]} were {verb} by {self.by}: {self.why}")


@dataclass(frozen=True)
class Outcome:
    """What deciding did. before: the decision on the same pair that it replaces or repeats; None where none stood."""

    decision: Decision
    before: Decision | None
    is_new: bool
    night: str


def named(name: Name) -> str:
    return f"{name[0]}:{name[1]}"


def decisions_path(data: Path) -> Path:
    """Where the decisions of a data folder are kept."""
    return data / "identity" / "decisions.jsonl"


def read_decisions(data: Path) -> list[Decision]:
    """Every decision, oldest first; raises IdentityError with the line where one cannot be read."""
    path = decisions_path(data)
    try:
        lines = path.read_bytes().split(b"\n")
    except FileNotFoundError:
        return []
    return [_parsed(path, number, line) for number, line in enumerate(lines, 1) if line.strip()]


def _parsed(path: Path, number: int, line: bytes) -> Decision:
    try:
        raw = json.loads(line.decode("utf-8"))
        sides = [tuple(raw[side]) for side in ("left", "right")]
        texts = [raw["action"], raw["by"], raw["why"], *sides[0], *sides[1]]
        well_formed = (
            sorted(raw) == sorted(_FIELDS)
            and [len(side) for side in sides] == [2, 2]
            and all(isinstance(text, str) for text in texts)
            and raw["action"] in _OPPOSITE
            and sides[0] != sides[1]
        )
    except (ValueError, TypeError, KeyError, RecursionError):
        well_formed = False
    if not well_formed:
        raise IdentityError(
            "a decision cannot be read",
            where=f"{path}, line {number}",
            value=line[:80].decode("utf-8", "replace"),
            fix="Correct or remove the line; no night is built on decisions that are only half read",
        )
    return Decision(raw["action"], sides[0], sides[1], raw["by"], raw["why"])


def standing_decisions(decisions: Iterable[Decision]) -> dict[Pair, Decision]:
    """The decision that stands on each pair of records: the last one."""
    return {decision.pair: decision for decision in decisions}


def listing(data: Path) -> list[dict[str, object]]:
    """Every decision as a document, oldest first; `stands` unless a later one on the same pair replaced it."""
    decisions = read_decisions(data)
    standing = standing_decisions(decisions).values()
    return [asdict(decision) | {"stands": any(decision is one for one in standing)} for decision in decisions]


def decide(settings: Settings, action: str, one: str, other: str, *, why: str, by: str = "") -> Outcome:
    """Adds a decision on two records, given as KIND:VALUE; it counts from the next night that is run.

    A decision on the same pair is replaced (or repeated: then nothing is written). Raises IdentityError where a record
    is unknown, both are the same, or decisions on other pairs say otherwise.
    """
    night, (left, right) = _records(settings, one, other)
    decision = Decision(action, left, right, reason_of(by or user_name(), "by"), reason_of(why, "why"))
    store = Store(settings.data)
    with store.lock(settings.lock_wait_seconds):
        decisions = read_decisions(settings.data)
        before = standing_decisions(decisions).get(decision.pair)
        if before is not None and before.action == action:
            return Outcome(before, before, False, night)
        _refuse_contradiction(standing_decisions([*decisions, decision]), decision)
        _write(decisions_path(settings.data), [*decisions, decision])
    return Outcome(decision, before, True, night)


def forget(settings: Settings, one: str, other: str) -> Outcome:
    """Takes back what was decided on two records: from the next night on the evidence decides again."""
    with Store(settings.data).lock(settings.lock_wait_seconds):
        decisions = read_decisions(settings.data)
        found = [d for d in decisions if set(d.names) == {one, other}]
        if not found:
            raise IdentityError(
                "nothing was decided on these two records",
                where=str(decisions_path(settings.data)),
                value=(one, other),
                fix="landmark identity decisions lists what was",
            )
        _write(decisions_path(settings.data), [d for d in decisions if d not in found])
    published = Store(settings.data).read().published
    return Outcome(found[-1], found[-1], True, published or "")


def _records(settings: Settings, one: str, other: str) -> tuple[str, tuple[Name, Name]]:
    with reading(settings) as standing:
        names = []
        for text in (one, other):
            holder = person(standing, text)
            own = [(kind, value) for _, kind, value in holder.records]
            exact = [name for name in own if named(name) == text]
            if not exact:
                raise IdentityError(
                    "a decision is on two records, crm_id:… or partner:NAME:…",
                    value=text,
                    fix=f"This customer's records are {', '.join(named(name) for name in own[:10])}",
                )
            names.append(exact[0])
        if names[0] == names[1]:
            raise IdentityError("a decision is on two records, and this is the same one twice", value=one)
        return standing.night, (names[0], names[1])


def reason_of(text: str, name: str) -> str:
    """Who decides, or why, as it is kept; raises IdentityError where that is no text or too long."""
    told = clean(text)
    if not told or len(told) > LONGEST_REASON:
        raise IdentityError(
            f"--{name} is text of 1 to {LONGEST_REASON} characters",
            value=text[:LONGEST_REASON],
            fix="Whoever reads the decision next year has only this to go by",
        )
    return told.encode("utf-8", "replace").decode()


def user_name() -> str:
    """Who runs this process."""
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"user {os.getuid()}"


def _refuse_contradiction(standing: dict[Pair, Decision], new: Decision) -> None:
    """Raises where links, one after another, join two records that an unlink parts."""
    links = [d for d in standing.values() if d.action == LINK]
    for parted in (d for d in standing.values() if d.action == UNLINK):
        chain = _chain(links, parted.left, parted.right)
        if chain and new in (*chain, parted):
            others = [d for d in (parted, *chain) if d is not new]
            raise IdentityError(
                "other decisions say otherwise: " + "; ".join(d.told for d in others),
                value=f"{new.action} {named(new.left)} {named(new.right)}",
                fix="Take back what is wrong first: landmark identity forget A B",
            )


def _chain(links: Sequence[Decision], start: Name, end: Name) -> list[Decision]:
    """The fewest links that lead from one record to the other; none where none do."""
    came: dict[Name, list[Decision]] = {start: []}
    reached = [start]
    for place in reached:
        for link in links:
            if place in (link.left, link.right):
                onward = link.right if place == link.left else link.left
                if onward not in came:
                    came[onward] = [*came[place], link]
                    reached.append(onward)
    return came.get(end, [])


def _write(path: Path, decisions: Sequence[Decision]) -> None:
    """Replaces the file whole; nobody but its owner may read whose records were decided on."""
    write_private(path, "".join(json.dumps(asdict(decision), sort_keys=True) + "\n" for decision in decisions))
