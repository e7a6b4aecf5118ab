"""Stage missions: which mission each journey was on, found from what was bought and read before it happened."""

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.context import Run
from pipeline.estimators.mission_matching import Lineage, match
from pipeline.estimators.mission_names import Name, description_of, names_of, signals_of, slug_of
from pipeline.estimators.mission_profiles import Profile
from pipeline.estimators.mission_renewal import Renewal, renew
from pipeline.estimators.mission_signals import Signals
from pipeline.estimators.mission_standing import Settled, Standing
from pipeline.estimators.threads import one_thread
from pipeline.missions import macro, personas
from pipeline.missions.labels import called, unknown
from pipeline.stages.mission_reading import read_signals
from pipeline.warehouse import Session

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

NEEDS = ("ingest", "identity", "emotion", "journeys")
MODEL_FILE = "missions.json"


def build(run: Run, session: Session) -> None:
    """Makes missions.assignments, missions.missions and missions.evidence, and keeps the model for the next night."""
    with one_thread():
        _build(run, session)


def _build(run: Run, session: Session) -> None:
    journeys, signals = read_signals(session, run.journey_map, run.settings.time_zone)
    kept = session.previous_file("missions", MODEL_FILE)
    last = Standing.from_bytes(kept) if kept else None
    rows = np.flatnonzero(journeys["order_id"].notna().to_numpy())
    known, since = signals.take(rows), last.tried_on if last else run.night.isoformat()
    fresh = (journeys["ordered_at"].iloc[rows] >= since).to_numpy(dtype=bool)
    renewal = renew(known, fresh, last, run.settings.seed, run.settings.missions)
    standing = _standing(run, renewal, last, len(known))
    if standing is None:
        _nothing(session)
        _describe(run, session, None, [])
        return
    settled = _settled(session, standing, last, journeys, signals)
    shown = personas.profiled(run, settled)
    settled = _named(run, session, settled, shown, last)
    _put_assignments(session, settled)
    _put_missions(run, session, _facts(run, settled, shown), settled.lineage.fates if settled.lineage else {})
    session.put("missions.evidence", _evidence(settled.standing), grain=("missions",))
    _describe(run, session, settled, shown)
    session.save(MODEL_FILE, settled.standing.as_bytes())
    _tell(run, session, settled, renewal)


# -- which model ----------------------------------------------------------------------------------------------------


def _standing(run: Run, renewal: Renewal, last: Standing | None, known: int) -> Standing | None:
    """The model to use tonight: what was learned, else last night's; None where there is neither. known: journeys with
    an order."""
    standing = last
    if renewal.choice:
        choice = renewal.choice
        evidence = [one.as_dict() for one in choice.evidence]
        stability = [round(x, 4) for x in choice.stability]
        fixed, night = run.settings.missions, run.night.isoformat()
        standing = Standing(choice.model, [], [], stability, evidence, fixed, renewal.gain, night, [], 0, "")
    if standing is None or not renewal.due:
        return standing
    return replace(standing, heard=renewal.heard, tried_from=known, tried_on=run.night.isoformat())


def _settled(
    session: Session, standing: Standing, last: Standing | None, journeys: "pd.DataFrame", signals: Signals
) -> Settled:
    """Tonight's journeys, each with its mission; a model without names yet is matched with last night's missions, by
    the journeys that missions are learned from: those with an order."""
    ordered = journeys["order_id"].notna().to_numpy()
    label, probability = standing.place(signals, ordered)
    lineage = None
    if not standing.names:
        known, nothing = np.where(ordered, label, -1).tolist(), len(journeys) * [False]
        taught = (journeys["ordered_at"] < last.learned_on).tolist() if last else nothing
        lineage = match(standing.model.missions, known, _before(session, journeys), taught)
    return Settled(standing, journeys, signals, label, probability, lineage)


# -- names and numbers ----------------------------------------------------------------------------------------------


def _before(session: Session, journeys: "pd.DataFrame") -> list[str | None]:
    """The mission that each journey had on the last finished night."""
    past = session.previous("missions", "assignments")
    if past is None:
        return [None] * len(journeys)
    had = dict(zip(past["journey_id"].to_pylist(), past["mission"].to_pylist(), strict=True))
    return [had.get(journey) for journey in journeys["journey_id"]]


def _named(run: Run, session: Session, settled: Settled, shown: list[Profile], last: Standing | None) -> Settled:
    """A slug for every mission, the earlier one's where it is the same mission; and a label that holds tonight."""
    known = _known(session)
    standing, lineage = settled.standing, settled.lineage
    slugs = lineage.names if lineage else standing.names
    labels = dict(zip(last.names, last.labels, strict=True)) if last else {}
    before = [Name.from_list(labels[slug]) if slug in labels else None for slug in slugs]
    gone = [row["label"] for slug, row in known.items() if slug not in slugs]
    labelled = names_of(shown, before, [*gone, *(one.label for one in run.journey_map.missions)])
    names: list[str] = []
    for slug, name in zip(slugs, labelled, strict=True):
        names.append(slug or slug_of(name.label, [*known, *names]))
    return replace(settled, standing=replace(standing, names=names, labels=[name.as_list() for name in labelled]))


def _known(session: Session) -> dict[str, dict[str, Any]]:
    """The missions of the last finished night, those that were gone by then as well, by slug."""
    past = session.previous("missions", "missions")
    return {row["mission"]: row for row in past.to_pylist()} if past is not None else {}


def _describe(run: Run, session: Session, settled: Settled | None, shown: list[Profile]) -> None:
    """Persona cards, who was on which mission when and what follows what, and missions outside the customer base."""
    few = run.settings.small_group
    personas.build(run, session, settled, shown)
    session.model("missions.flow_history")
    session.model("missions.flow_steps", small_group=few)
    macro.build(session, settled.standing.names if settled else [], few)


def _put_assignments(session: Session, settled: Settled) -> None:
    import pyarrow as pa

    names, nothing = settled.standing.names, settled.label < 0
    columns = {
        "journey_id": pa.array(settled.journeys["journey_id"], pa.string()),
        "mission": pa.array([names[k] if k >= 0 else None for k in settled.label], pa.string()),
        "mission_probability": pa.array(settled.probability, pa.float64(), mask=nothing),
    }
    session.put("missions.assignments", pa.table(columns), grain=("journey_id",))


def _facts(run: Run, settled: Settled, shown: list[Profile]) -> list[dict[str, Any]]:
    """One row a mission of tonight."""
    standing, label = settled.standing, settled.label
    sizes = np.bincount(label[label >= 0], minlength=len(standing.names))
    rows = []
    for k, (name, profile) in enumerate(zip(standing.names, shown, strict=True)):
        rows.append(
            {
                "mission": name,
                "label": Name.from_list(standing.labels[k]).label,
                "description": description_of(profile, run.journey_map.currency),
                "share": round(float(sizes[k] / max(1, sizes.sum())), 6),
                "journeys": int(sizes[k]),
                "customers": profile.customers,
                "stability": standing.stability[k],
                "first_night": run.night,
                "status": _status(k, settled.lineage),
                "signals": json.dumps(signals_of(profile), ensure_ascii=False),
            }
        )
    return rows


def _status(k: int, lineage: Lineage | None) -> str:
    if lineage is None or lineage.names[k] is not None:
        return "kept"
    return "split" if lineage.origins[k] is not None else "born"


def _put_missions(run: Run, session: Session, facts: list[dict[str, Any]], fates: dict[str, str]) -> None:
    """Tonight's missions, and those of earlier nights that are no more, as they were last seen; under the journey map's
    labels where it gives any."""
    import pyarrow as pa

    known = _known(session)
    for row in facts:
        if row["mission"] in known:
            row["first_night"] = known[row["mission"]]["first_night"]
    gone = [_gone(row, fates) for name, row in known.items() if name not in {fact["mission"] for fact in facts}]
    rows = [called(row, run.journey_map.missions) for row in facts + gone]
    session.put("missions.missions", pa.Table.from_pylist(rows, _schema()), grain=("mission",))
    for warning in unknown(run.journey_map.missions, [row["mission"] for row in rows]):
        session.log(warning)


def _schema() -> "pa.Schema":
    import pyarrow as pa

    text, number, count = pa.string(), pa.float64(), pa.int64()
    return pa.schema(
        [("mission", text), ("label", text), ("description", text), ("share", number), ("journeys", count),
         ("customers", count), ("stability", number), ("first_night", pa.date32()), ("status", text), ("signals", text)]
    )  # fmt: skip


def _gone(row: dict[str, Any], fates: dict[str, str]) -> dict[str, Any]:
    status = row["status"] if row["status"] in ("merged", "retired") else fates.get(row["mission"], "retired")
    return {**row, "share": 0.0, "journeys": 0, "customers": 0, "status": status}


def _evidence(standing: Standing | None) -> "pa.Table":
    import pyarrow as pa

    names = ("likelihood", "gain", "total_gain", "found_again", "told_apart")
    schema = pa.schema(
        [("missions", pa.int64()), *((name, pa.float64()) for name in names), ("smallest", pa.int64()),
         ("admissible", pa.bool_())]
    )  # fmt: skip
    return pa.Table.from_pylist(standing.evidence if standing else [], schema)


def _nothing(session: Session) -> None:
    """Too few orders to learn from: every journey is without a mission."""
    import pyarrow as pa

    columns = "journey_id, cast(null as varchar) as mission, cast(null as double) as mission_probability"
    session.put("missions.assignments", session.arrow("missions.order_signals", columns), grain=("journey_id",))
    session.put("missions.missions", pa.Table.from_pylist([], _schema()), grain=("mission",))
    session.put("missions.evidence", _evidence(None), grain=("missions",))
    session.log("too few journeys have an order yet: no missions")


def _tell(run: Run, session: Session, settled: Settled, renewal: Renewal) -> None:
    count, total = int((settled.label >= 0).sum()), len(settled.label)
    if renewal.choice:
        how = f"learned tonight ({renewal.due})"
    else:
        how = f"of the standing model{f', not bettered ({renewal.due})' if renewal.due else ''}"
    missions, wanted = settled.standing.model.missions, run.settings.missions
    session.log(f"{missions} missions, {how}; {count:,} of {total:,} journeys placed")
    if wanted and missions < wanted:
        session.log(f"the setting missions asks for {wanted}: so many cannot be learned from so few journeys")
