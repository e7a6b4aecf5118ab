"""Who is who: which crm_ids, partner numbers, cookies and handles are one customer.

Exact keys first (with a guard on values that unlike people share), then a pair model on what is left, contradictions
that forbid a merge, and ids that last from night to night. Refusals count for the whole customer. A night reads the
records that it touches, compares them with all that stand, and decides anew about whatever hangs on them.
"""

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from pipeline.carried import Carried
from pipeline.context import Run
from pipeline.estimators.identity.bridges import Limits
from pipeline.identity import evidence, linking, measures, naming, publishing, review
from pipeline.identity.rulings import read_rulings
from pipeline.warehouse import Session

if TYPE_CHECKING:
    import pandas as pd

    from pipeline.estimators.identity.linker import PairModel

NEEDS = ("ingest",)
MODEL = "pair_model.json"
# What is worth a line in the log and in the mart of runs; the other tables are identity's memory.
OUTWARD = ("blocked_values", "customers", "identifiers", "ledger", "refused", "regrouped", "review")
# What identity keeps from night to night has this form; another one is made anew (customer ids stay).
FORM = 1

# The model is frozen, so that nobody's customer changes because a figure moved in its last digits; a model that was
# learned from less than half of today's records (a company that has just begun) is learned again.
OUTGROWN = 2


@dataclass(frozen=True)
class Frozen:
    """What earlier nights learned: the pair model, nicknames (first name to root), and how sure each kind of key is.

    records: how many there were last night. ruled: the decisions of people that last night knew.
    """

    model: "PairModel"
    learned_night: date
    roots: dict[str, str]
    reliability: dict[str, float]
    limits: Limits
    records: int
    ruled: tuple[Any, ...]


def build(run: Run, session: Session) -> None:
    """Builds the night's identity tables: see publishing.publish for what other stages read."""
    frozen, why = _frozen(run, session)
    carried = Carried(session, renew=True)
    carried.renew = frozen is None or not evidence.can_narrow(session)
    if frozen and not carried.renew and _outgrown(session, frozen):
        frozen, why, carried.renew = None, "there are twice as many records as it was learned from", True
    evidence.read_events(session, carried)
    evidence.gather(session, carried)
    evidence.find_changed(session, carried)
    evidence.profile(session, carried)
    roots = _frame(frozen.roots) if frozen else evidence.learn_roots(session)
    evidence.put_profiles(session, carried, roots)
    ruled = read_rulings(run, session, frozen.ruled if frozen else _ruled_before(session))
    model = frozen.model if frozen else linking.learn(session, ruled.rulings)
    link = linking.link_all if carried.renew else linking.link_touched
    linked = link(session, carried, model, ruled.rulings)
    reliability = frozen.reliability if frozen else naming.reliability_of(linked)
    limits = frozen.limits if frozen else review.learn_limits(linked, reliability)
    linked, cuts = review.cut(linked, reliability, limits)
    naming.keep_pairs(session, carried, linked)
    naming.name(run, session, carried, linked, reliability)
    review.keep_review(session, carried, linked, cuts)
    publishing.publish(run, session, carried)
    publishing.publish_graphs(run, session, carried)
    measures.measure(run, session)
    night = frozen.learned_night if frozen else run.night
    named = dict(roots.itertuples(index=False, name=None))
    learned = Frozen(model, night, named, reliability, limits, session.count("whole.records"), ruled.standing)
    version = _save(session, learned)
    notes = [("model", f"{version}: {why}")] if why else []
    publishing.keep_ledger(run, session, carried, notes + [("decide", line) for line in ruled.changed])
    session.inner |= set(carried.grains) - set(OUTWARD)
    _tell(session, carried, len(linked.ids), why)


def _frozen(run: Run, session: Session) -> tuple[Frozen | None, str]:
    """What last night knew; else None, and why the model is to be learned."""
    from pipeline.estimators.identity.linker import PairModel

    saved = _saved(session)
    if saved is None:
        return None, "nothing was learned before"
    learned = date.fromisoformat(saved["learned_night"])
    age = (run.night - learned).days
    if age >= run.settings.identity_learn_days:
        return None, f"it was learned {age} days ago, on {learned}"
    model = PairModel.from_json(json.dumps(saved["linker"]).encode())
    ruled = tuple(tuple(told) for told in saved["ruled"])
    limits = Limits(**saved["limits"])
    return Frozen(model, learned, saved["roots"], saved["reliability"], limits, saved["records"], ruled), ""


def _saved(session: Session) -> dict[str, Any] | None:
    saved = session.previous_file("identity", MODEL)
    found: dict[str, Any] = json.loads(saved) if saved else {}
    return found if found.get("form") == FORM else None


def _ruled_before(session: Session) -> tuple[Any, ...]:
    saved = _saved(session)
    return tuple(tuple(told) for told in saved["ruled"]) if saved else ()


def _outgrown(session: Session, frozen: Frozen) -> bool:
    row = session.connection.execute(
        "select count(*) from identity.touched_people anti join standing.records using (kind, value)"
    ).fetchone()
    return frozen.records + int((row or (0,))[0]) >= OUTGROWN * frozen.model.records


def _frame(roots: dict[str, str]) -> "pd.DataFrame":
    import pandas as pd

    return pd.DataFrame({"first_name": list(roots), "root": list(roots.values())}, dtype="string")


def _save(session: Session, learned: Frozen) -> str:
    """Keeps what was learned; returns the model's version."""
    linker = json.loads(learned.model.to_json())
    model = {
        "form": FORM,
        "learned_night": learned.learned_night.isoformat(),
        "linker": linker,
        "limits": asdict(learned.limits),
        "records": learned.records,
        "reliability": learned.reliability,
        "roots": learned.roots,
        "ruled": learned.ruled,
    }
    session.save(MODEL, json.dumps(model, sort_keys=True, indent=1).encode())
    return hashlib.sha256(json.dumps(linker, sort_keys=True).encode()).hexdigest()[:12]


def _tell(session: Session, carried: Carried, decided: int, why: str) -> None:
    if why:
        session.log(f"identity: the pair model was learned, because {why}")
    if not carried.renew:
        session.log(
            f"identity: {session.count('fresh.records')} records were touched,"
            f" {session.count('identity.changed')} changed, {decided} were decided about"
        )
    counts = session.connection.execute("select customers, records from identity.counts").fetchone() or (0, 0)
    session.log(
        f"identity: {counts[1]} records are {counts[0]} customers,"
        f" {session.count('whole.blocked_values')} shared values stopped"
    )
    session.rows["in"], session.rows["out"] = session.count("fresh.records"), session.count("whole.identifiers")
