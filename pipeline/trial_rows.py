"""The followed-up journeys as matrices: the rows of all trials, from the ranking stage's tables.

A row is a journey as the main graph of who is who has it. The journeys of people whom another graph groups differently
follow as further rows, as that graph has them.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from pipeline.estimators.trials import Bools, Floats, Ints, Trials
from pipeline.estimators.verdicts import FEWEST
from pipeline.journey_map import JourneyMap
from pipeline.warehouse import Session

if TYPE_CHECKING:
    import pandas as pd

HISTORY = (
    "prior_orders", "prior_return_share", "previous_retained", "days_since_order", "tenure_days", "previous_value",
)  # fmt: skip
FEELINGS = ("prior_rating", "prior_valence")
PLAN = ("value", "lead_days", "length_days", "mission_probability")
WORDS = ("category", "region", "entry_medium")
SAYS_THE_PAST = frozenset(("prior_return_share", "tenure_days"))  # they imply the past outcome
COMMON_FIELD = 0.01  # an attribute on fewer journeys than this share is left out
MOST_FIELDS = 30
ORDERED = 0.95  # a moment is known before another of its sub-step where it came first in this share of journeys


@dataclass(frozen=True)
class Told:
    """What one graph of who is who tells of n followed-up journeys, as Trials has it; customers by their id."""

    journey: "np.ndarray"
    customer: "np.ndarray"
    outcome: Floats
    value: Floats
    past_outcome: Floats
    covariates: dict[str, "np.ndarray"]
    reached: Bools
    happened: Bools


def read_told(session: Session, journey_map: JourneyMap) -> Told:
    """What the stage's scratch tables tell of each followed-up journey, in the order of journey_id."""
    return _told(session, journey_map, _followed(session))


def read_trials(
    session: Session, journey_map: JourneyMap, others: Mapping[str, Told]
) -> tuple[Trials, dict[str, Bools]]:
    """The main graph's trials, followed by the journeys that `others` have in their place; each graph's rows marked."""
    followed = _followed(session)
    told = _told(session, journey_map, followed)
    alive = session.frame("(from missions.missions where journeys > 0)", "mission")["mission"]
    missions = tuple(sorted(set(alive) | set(followed["mission"].dropna())))
    moments = journey_map.moments()
    trials = Trials(
        outcome=told.outcome,
        past_outcome=told.past_outcome,
        customer=_codes(told.customer),
        mission=np.array(
            [missions.index(m) if isinstance(m, str) else -1 for m in followed["mission"]], dtype=np.int64
        ),
        missions=missions,
        covariates=_covariates(session, followed, told),
        past_covariates=SAYS_THE_PAST,
        reached=told.reached,
        happened=told.happened,
        sub_step_of=np.array([row.position for row in moments], dtype=np.int64),
        precedes=_precedes(session.frame("ranking.orderings"), [m.moment for m in moments]),
        value=told.value,
    )
    return with_versions(trials, told, others)


def with_versions(trials: Trials, told: Told, others: Mapping[str, Told]) -> tuple[Trials, dict[str, Bools]]:
    """The trials with the journeys of other graphs as further rows, and by graph which rows make up its trials.

    What an order says by itself (mission, plan, surroundings) is the same on every graph.
    """
    if not others:
        return trials, {}
    place = {journey: row for row, journey in enumerate(told.journey)}
    versions = [np.array([place[journey] for journey in other.journey], dtype=np.int64) for other in others.values()]
    own = np.arange(len(trials))
    version_of = np.concatenate([own, *versions])
    graph_of = np.repeat(np.arange(len(others) + 1), [len(own), *(len(part) for part in versions)])
    all_told = [told, *others.values()]
    covariates = {
        name: np.concatenate([t.covariates[name] for t in all_told]) if name in told.covariates else values[version_of]
        for name, values in trials.covariates.items()
    }
    stacked = replace(
        trials,
        outcome=np.concatenate([t.outcome for t in all_told]),
        past_outcome=np.concatenate([t.past_outcome for t in all_told]),
        customer=_codes(np.concatenate([t.customer for t in all_told])),
        mission=trials.mission[version_of],
        covariates=covariates,
        reached=np.concatenate([t.reached for t in all_told]),
        happened=np.concatenate([t.happened for t in all_told]),
        value=np.concatenate([t.value for t in all_told]),
        version_of=version_of,
    )
    among = {}
    for nth, (graph, part) in enumerate(zip(others, versions, strict=True), start=1):
        among[graph] = ((graph_of == 0) & ~np.isin(version_of, part)) | (graph_of == nth)
    return stacked, among


def _followed(session: Session) -> "pd.DataFrame":
    keyed = session.frame("ranking.followed").set_index("journey_id")
    for part in ("felt_before", "entries", "members"):
        keyed = keyed.join(session.frame(f"ranking.{part}").set_index("journey_id"))
    return keyed.sort_index()


def _told(session: Session, journey_map: JourneyMap, followed: "pd.DataFrame") -> Told:
    sub_steps = [sub.name for _, sub in journey_map.sub_steps()]
    moments = journey_map.moments()
    happened = _marks(session.frame("journeys.moments", "journey_id, moment"), followed, [m.moment for m in moments])
    reached = _marks(session.frame("journeys.sub_steps", "journey_id, sub_step"), followed, sub_steps)
    for moment, row in enumerate(moments):
        reached[:, row.position] |= happened[:, moment]
    covariates = {name: followed[name].to_numpy(np.float64) for name in (*HISTORY, *FEELINGS)}
    covariates["is_member"] = followed["is_member"].fillna(0).to_numpy(np.float64)
    covariates["entry_medium"] = _objects(followed["entry_medium"])
    return Told(
        journey=followed.index.to_numpy(str),
        customer=followed["customer_id"].to_numpy(str),
        outcome=followed["retained"].to_numpy(np.float64),
        value=followed["value_after"].to_numpy(np.float64),
        past_outcome=followed["earlier_retained"].to_numpy(np.float64),
        covariates=covariates,
        reached=reached,
        happened=happened,
    )


def _codes(customers: "np.ndarray") -> Ints:
    return np.unique(customers, return_inverse=True)[1].astype(np.int64)


def _precedes(orderings: "pd.DataFrame", names: Sequence[str]) -> Bools:
    """Which moment (rows) comes before which other one of its sub-step (columns), in nearly all journeys with both."""
    clear = (orderings["journeys"] >= FEWEST) & (orderings["earlier_journeys"] >= ORDERED * orderings["journeys"])
    before = np.zeros((len(names), len(names)), dtype=bool)
    for first, second in orderings.loc[clear, ["moment", "later_moment"]].itertuples(index=False):
        before[names.index(first), names.index(second)] = True
    return before


def _marks(pairs: "pd.DataFrame", followed: "pd.DataFrame", names: Sequence[str]) -> Bools:
    """Pairs of journey and name as a table of journeys by names."""
    import pandas as pd

    rows_ = followed.index.get_indexer(pd.Index(pairs.iloc[:, 0]))
    columns = pd.Index(list(names)).get_indexer(pd.Index(pairs.iloc[:, 1]))
    known = (rows_ >= 0) & (columns >= 0)
    marks = np.zeros((len(followed), len(names)), dtype=bool)
    marks[rows_[known], columns[known]] = True
    return marks


def _covariates(session: Session, followed: "pd.DataFrame", told: Told) -> dict[str, "np.ndarray"]:
    """What was known when the order was placed, by name: floats with nan, or objects with None."""
    around = session.frame("ranking.surroundings").pivot(index="journey_id", columns="factor", values="value")
    out = {name: told.covariates[name] for name in (*HISTORY, *FEELINGS)}
    out |= {name: followed[name].to_numpy(np.float64) for name in PLAN}
    out["is_member"] = told.covariates["is_member"]
    out |= {
        f"factor:{name}": around[name].reindex(followed.index).to_numpy(np.float64) for name in sorted(map(str, around))
    }
    out |= {name: _objects(followed[name]) for name in WORDS}
    ordered = followed["ordered_at"]
    out["ordered_on"] = (ordered - ordered.min()).dt.total_seconds().to_numpy(np.float64) / 86400
    out["month"] = _objects(ordered.dt.strftime("%m"))
    out["weekday"] = ordered.dt.day_of_week.to_numpy(np.float64)
    return out | fields(followed["attributes"])


def _objects(column: "pd.Series") -> "np.ndarray":
    values = column.astype(object)
    return values.where(values.notna(), None).to_numpy(object)


def fields(attributes: "pd.Series") -> dict[str, "np.ndarray"]:
    """The company's own fields of an order, from JSON objects: numbers where nearly all are, words otherwise.

    Fields on few journeys, and fields that are lists or objects, are left out.
    """
    parsed = [_object(text) for text in attributes]
    counts: dict[str, int] = {}
    for entry in parsed:
        for name in entry:
            counts[name] = counts.get(name, 0) + 1
    least = max(1.0, COMMON_FIELD * len(parsed))
    common = sorted((name for name in counts if counts[name] >= least), key=lambda name: (-counts[name], name))
    out = {}
    for name in sorted(common[:MOST_FIELDS]):
        values = [entry.get(name) for entry in parsed]
        numbers = np.array([_number(value) for value in values])
        wordy = sum(value is not None for value in values) - int((~np.isnan(numbers)).sum())
        out[f"order:{name}"] = (
            numbers
            if wordy <= 0.1 * counts[name]
            else np.array([None if value is None else str(value) for value in values], dtype=object)
        )
    return out


def _object(text: object) -> dict[str, object]:
    try:
        parsed = json.loads(text) if isinstance(text, str) else {}
    except ValueError:
        return {}
    plain = parsed.items() if isinstance(parsed, dict) else ()
    return {str(k): v for k, v in plain if v is not None and not isinstance(v, list | dict)}


def _number(value: object) -> float:
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return float("nan")
    return number if np.isfinite(number) else float("nan")
