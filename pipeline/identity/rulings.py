"""What people decided about records (see decisions.py), as the linker takes it, and what of it is new tonight."""

from collections.abc import Iterator
from dataclasses import dataclass

from pipeline.context import Run
from pipeline.identity.decisions import LINK, Decision, read_decisions, standing_decisions
from pipeline.identity.linking import Rulings
from pipeline.warehouse import Session

Told = tuple[str, str, str, str, str]


@dataclass(frozen=True)
class Ruled:
    """rulings: the decisions on records that are there. standing: all of them. changed: told lines of what is new or
    was taken back since the last night."""

    rulings: Rulings
    standing: tuple[Told, ...]
    changed: tuple[str, ...]


def read_rulings(run: Run, session: Session, before: tuple[Told, ...]) -> Ruled:
    """The decisions in force, by record_id. before: those of the last night; raises IdentityError on a damaged file.

    That the CRM merged two records is a decision too, of the company's own people; what is decided here outweighs it.
    """
    standing = standing_decisions([*_merged(session), *read_decisions(run.settings.data)])
    told = {_plain(decision): decision for decision in standing.values()}
    known = set(before)
    changed = [*(key for key in told if key not in known), *(key for key in before if key not in told)]
    asked = {name for key in (*told, *before) for name in (key[1:3], key[3:5])}
    ids = _record_ids(session, sorted(asked))
    found = Rulings()
    for decision in standing.values():
        pair = ids.get(decision.left), ids.get(decision.right)
        if pair[0] is not None and pair[1] is not None:
            (found.together if decision.action == LINK else found.apart).append((pair[0], pair[1]))
    found.touched = sorted({ids[name] for key in changed for name in (key[1:3], key[3:5]) if name in ids})
    lines = [
        told[key].told if key in told else f"taken back: {key[0]} {':'.join(key[1:3])} {':'.join(key[3:5])}"
        for key in changed
    ]
    return Ruled(found, tuple(told), tuple(lines))


def _merged(session: Session) -> Iterator[Decision]:
    rows = session.connection.execute(
        "select distinct from_id, to_id from ingest.links where kind = 'merged' and from_id <> to_id order by all"
    )
    for old, new in rows.fetchall():
        yield Decision(LINK, ("crm_id", old), ("crm_id", new), "the CRM", "merged there")


def _plain(decision: Decision) -> Told:
    left, right = decision.pair
    return (decision.action, *left, *right)


def _record_ids(session: Session, names: list[tuple[str, ...]]) -> dict[tuple[str, ...], int]:
    import pandas as pd

    asked = pd.DataFrame(names, columns=["kind", "value"], dtype="string")
    session.put("identity.ruled_names", asked, grain=("kind", "value"), keep=False)
    rows = session.connection.execute(
        "select kind, value, record_id from whole.records semi join identity.ruled_names using (kind, value)"
    ).fetchall()
    return {(str(kind), str(value)): int(record_id) for kind, value, record_id in rows}
