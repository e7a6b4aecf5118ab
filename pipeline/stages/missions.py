"""Stage missions: which mission each journey was on, found from what was bought and read before it happened."""

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from pipeline.context import Run
from pipeline.estimators.mission_choice import NEW_SHARE, Choice, choose, mean_gain
from pipeline.estimators.mission_matching import Lineage, match
from pipeline.estimators.mission_names import Profile, description_of, label_of, profiles, slug_of
from pipeline.estimators.mission_signals import Signals, coverage, encode, flatten_all, learn_blocks
from pipeline.estimators.missions import MissionModel
from pipeline.journey_map import JourneyMap, compiled
from pipeline.warehouse import Session

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

NEEDS = ("ingest", "identity", "emotion", "journeys")
MODEL_FILE = "missions.json"
SURE = 0.9  # an order-less journey is given a mission only if what was read leaves little doubt
READS = 3  # and if enough was read to say so
SEEN_BY = 0.2  # a signal that a fifth of the journeys carry is worth a new model when it appears or vanishes
CHANGED = 0.01  # share of all that missions explain that a model of as many missions must add to be taken


@dataclass(frozen=True)
class Standing:
    """The model in use: its missions' names and labels, how stable each is, what spoke for their number, and the
    signals that were there when it was learned."""

    model: MissionModel
    names: list[str]
    labels: list[str]
    stability: list[float]
    evidence: list[dict[str, float]]
    heard: list[str]

    def as_bytes(self) -> bytes:
        kept = {**vars(self), "model": self.model.as_dict()}
        return json.dumps(kept, sort_keys=True, ensure_ascii=False).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> "Standing":
        kept = json.loads(data)
        return cls(MissionModel.from_dict(kept.pop("model")), **kept)


@dataclass(frozen=True)
class Placed:
    """Tonight's journeys with their missions: label is the mission's number or -1, probability that mission's."""

    journeys: "pd.DataFrame"
    label: npt.NDArray[np.int64]
    probability: npt.NDArray[np.float64]
    profiles: list[Profile]


def build(run: Run, session: Session) -> None:
    """Makes missions.assignments, missions.missions and missions.evidence, and keeps the model for the next night."""
    with threadpool_limits(limits=1):
        _build(run, session)


def _build(run: Run, session: Session) -> None:
    journeys, signals = _signals(session, run.journey_map)
    ordered = journeys["order_id"].notna().to_numpy()
    kept = session.previous_file("missions", MODEL_FILE)
    last = Standing.from_bytes(kept) if kept else None
    choice = _choice(signals, ordered, last, run.settings.seed)
    if choice is not None:
        placed = _place(choice.model, journeys, signals, ordered)
        lineage = match(choice.model.missions, placed.label.tolist(), _before(session, journeys))
        standing = _named(choice, lineage, placed, last, signals)
    elif last is not None:
        placed, lineage, standing = _place(last.model, journeys, signals, ordered), None, last
    else:
        _nothing(session)
        return
    _put_assignments(session, standing, placed)
    _put_missions(session, _facts(run, standing, lineage, placed), lineage.fates if lineage else {})
    session.put("missions.evidence", _evidence(standing), grain=("missions",))
    session.save(MODEL_FILE, standing.as_bytes())
    _tell(session, standing, choice, placed)


# -- signals --------------------------------------------------------------------------------------------------------


def _signals(session: Session, the_map: JourneyMap) -> "tuple[pd.DataFrame, Signals]":
    """The journeys, sorted by id, and their signals in the same order."""
    whens = " or ".join(compiled(m.when) for _, sub in the_map.sub_steps() for m in sub.moments)
    pages = "select distinct event, coalesce(topic, '') as topic from journeys.touchpoints where source = 'web'"
    session.select("missions.moment_pages", f"{pages} and ({whens})")
    for name in ("order_signals", "visits", "reads", "entries"):
        session.model(f"missions.{name}", keep=False)
    journeys = session.frame("(from missions.order_signals order by journey_id)")
    place = {journey: row for row, journey in enumerate(journeys["journey_id"])}
    flat = flatten_all(journeys["attributes"].tolist())
    numbers = {name: journeys[name].to_numpy(dtype=float) for name in ("value", "lead_hours", "use_hours")}
    words = {"category": _texts(journeys["category"]), "entry": _entries(session, place)} | _clock(journeys)
    bags = {"topics": _reads(session, place)}
    signals = Signals(list(place), numbers | flat.numbers, words | flat.words, bags | flat.bags)
    return journeys, signals


def _texts(column: "pd.Series[Any]") -> list[str | None]:
    return [text if isinstance(text, str) and text else None for text in column]


def _clock(journeys: "pd.DataFrame") -> dict[str, list[str | None]]:
    """The weekday and the part of the day (UTC) of the order."""
    days = journeys["ordered_at"].dt.day_of_week
    hours = journeys["ordered_at"].dt.hour
    names = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
    return {
        "weekday": [names[int(day)] if day >= 0 else None for day in days],
        "hour": [f"{4 * (int(hour) // 4):02d}:00" if hour >= 0 else None for hour in hours],
    }


def _entries(session: Session, place: dict[str, int]) -> list[str | None]:
    words: list[str | None] = [None] * len(place)
    entries = session.arrow("missions.entries")
    for journey, medium in zip(entries["journey_id"].to_pylist(), entries["medium"].to_pylist(), strict=True):
        words[place[journey]] = medium
    return words


def _reads(session: Session, place: dict[str, int]) -> list[dict[str, float]]:
    bags: list[dict[str, float]] = [{} for _ in place]
    reads = session.arrow("missions.reads")
    rows = (reads[name].to_pylist() for name in ("journey_id", "topic", "reads"))
    for journey, topic, count in zip(*rows, strict=True):
        bags[place[journey]][topic] = count
    return bags


# -- which model ----------------------------------------------------------------------------------------------------


def _choice(signals: Signals, ordered: npt.NDArray[np.bool_], last: Standing | None, seed: int) -> Choice | None:
    """A new model of the journeys with an order; None where the standing one is as good or nothing can be learned."""
    known = signals.take(np.flatnonzero(ordered))
    fresh = learn_blocks(known)
    if not fresh or not len(known):
        return None
    if last is None or _other_signals(known, last):
        return choose(encode(known, fresh), fresh, seed)
    matrix = encode(known, last.model.blocks_)
    choice = choose(matrix, last.model.blocks_, seed, last.model.scales_)
    gain = mean_gain(choice.model, last.model, matrix)
    total = choice.evidence[choice.model.missions - 1].total_gain
    more = choice.model.missions - last.model.missions
    enough = NEW_SHARE if more > 0 else CHANGED if more == 0 else -NEW_SHARE / 2
    return choice if gain > enough * total else None


def _other_signals(known: Signals, last: Standing) -> bool:
    """Whether a signal that many journeys carry is new, or one that the model reads is gone."""
    new = [name for name in known.names() if name not in last.heard and coverage(known, name) >= SEEN_BY]
    return bool(new) or any(coverage(known, block.name) == 0.0 for block in last.model.blocks_)


def _place(model: MissionModel, journeys: "pd.DataFrame", signals: Signals, ordered: npt.NDArray[np.bool_]) -> Placed:
    """Every journey with an order gets its likeliest mission; one without, only if what was read leaves no doubt."""
    matrix = encode(signals, model.blocks_)
    chance = model.predict_proba(matrix)
    read = np.array([sum(bag.values()) for bag in signals.bags["topics"]])
    sure = ordered | ((chance.max(axis=1) >= SURE) & (read >= READS))
    label = np.where(sure, chance.argmax(axis=1), -1)
    shown = profiles(model.missions, label, matrix, model.blocks_, signals)
    return Placed(journeys, label, chance.max(axis=1).round(4), shown)


# -- names and numbers ----------------------------------------------------------------------------------------------


def _before(session: Session, journeys: "pd.DataFrame") -> list[str | None]:
    """The mission that each journey had on the last finished night."""
    past = session.previous("missions", "assignments")
    if past is None:
        return [None] * len(journeys)
    had = dict(zip(past["journey_id"].to_pylist(), past["mission"].to_pylist(), strict=True))
    return [had.get(journey) for journey in journeys["journey_id"]]


def _named(choice: Choice, lineage: Lineage, placed: Placed, last: Standing | None, signals: Signals) -> Standing:
    """The new model with a name for every mission: the earlier one's where it is the same mission."""
    old = dict(zip(last.names, last.labels, strict=True)) if last else {}
    names: list[str] = []
    labels: list[str] = []
    for profile, name in zip(placed.profiles, lineage.names, strict=True):
        label = old[name] if name in old else label_of(profile, [*old.values(), *labels])
        names.append(name if name in old else slug_of(label, [*old, *names]))
        labels.append(label)
    evidence = [one.as_dict() for one in choice.evidence]
    heard = [name for name in signals.names() if coverage(signals, name) >= SEEN_BY]
    return Standing(choice.model, names, labels, [round(x, 4) for x in choice.stability], evidence, heard)


def _put_assignments(session: Session, standing: Standing, placed: Placed) -> None:
    import pyarrow as pa

    nothing = placed.label < 0
    columns = {
        "journey_id": pa.array(placed.journeys["journey_id"], pa.string()),
        "mission": pa.array([standing.names[k] if k >= 0 else None for k in placed.label], pa.string()),
        "mission_probability": pa.array(placed.probability, pa.float64(), mask=nothing),
    }
    session.put("missions.assignments", pa.table(columns), grain=("journey_id",))


def _facts(run: Run, standing: Standing, lineage: Lineage | None, placed: Placed) -> list[dict[str, Any]]:
    """One row a mission of tonight; lineage is None where the standing model was kept."""
    sizes = np.bincount(placed.label[placed.label >= 0], minlength=len(standing.names))
    rows = []
    for k, (name, profile) in enumerate(zip(standing.names, placed.profiles, strict=True)):
        rows.append(
            {
                "mission": name,
                "label": standing.labels[k],
                "description": description_of(profile, run.journey_map.currency),
                "share": round(float(sizes[k] / max(1, sizes.sum())), 6),
                "journeys": int(sizes[k]),
                "customers": int(placed.journeys.loc[placed.label == k, "customer_id"].nunique()),
                "stability": standing.stability[k],
                "first_night": run.night,
                "status": _status(k, lineage),
                "signals": json.dumps(profile.as_list(), ensure_ascii=False),
            }
        )
    return rows


def _status(k: int, lineage: Lineage | None) -> str:
    if lineage is None or lineage.names[k] is not None:
        return "kept"
    return "split" if lineage.origins[k] is not None else "born"


def _put_missions(session: Session, facts: list[dict[str, Any]], fates: dict[str, str]) -> None:
    """Tonight's missions, and those of earlier nights that are no more, as they were last seen."""
    import pyarrow as pa

    past = session.previous("missions", "missions")
    known = {row["mission"]: row for row in past.to_pylist()} if past is not None else {}
    for row in facts:
        if row["mission"] in known:
            row["first_night"] = known[row["mission"]]["first_night"]
    gone = [_gone(row, fates) for name, row in known.items() if name not in {fact["mission"] for fact in facts}]
    session.put("missions.missions", pa.Table.from_pylist(facts + gone, _schema()), grain=("mission",))


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


def _evidence(standing: Standing) -> "pa.Table":
    import pyarrow as pa

    names = ("gain", "total_gain", "found_again", "told_apart")
    schema = pa.schema(
        [("missions", pa.int64()), *((name, pa.float64()) for name in names), ("smallest", pa.int64()),
         ("admissible", pa.bool_())]
    )  # fmt: skip
    return pa.Table.from_pylist(standing.evidence, schema)


def _nothing(session: Session) -> None:
    """No order to learn from: every journey is without a mission."""
    import pyarrow as pa

    empty = Standing(MissionModel(1, 0), [], [], [], [], [])
    columns = "journey_id, cast(null as varchar) as mission, cast(null as double) as mission_probability"
    session.put("missions.assignments", session.arrow("missions.order_signals", columns), grain=("journey_id",))
    session.put("missions.missions", pa.Table.from_pylist([], _schema()), grain=("mission",))
    session.put("missions.evidence", _evidence(empty), grain=("missions",))
    session.log("no journey has an order yet: no missions")


def _tell(session: Session, standing: Standing, choice: Choice | None, placed: Placed) -> None:
    count, total = int((placed.label >= 0).sum()), len(placed.label)
    how = "learned tonight" if choice else "of the standing model, which a refit does not better"
    session.log(f"{len(standing.names)} missions, {how}; {count:,} of {total:,} journeys placed")
