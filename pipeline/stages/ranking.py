"""Stage ranking: which moments change whether customers come back, per mission, and how sure that is.

The trials' rows come from sql/ranking/; here they become matrices, and what was found becomes the mart's rows.
"""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from pipeline.context import Run
from pipeline.estimators.moment_effects import MomentEffects
from pipeline.estimators.pooling import pooled_draws
from pipeline.estimators.trials import Bools, Floats, Measured, Trials, measure
from pipeline.estimators.verdicts import FEWEST, Verdicts, e_value, enough, judge, placebo_fails
from pipeline.journey_map import JourneyMap
from pipeline.warehouse import Session

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

NEEDS = ("ingest", "identity", "emotion", "journeys", "missions")

ALL = "ALL"
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
Z95 = 1.959964


def build(run: Run, session: Session) -> None:
    """Makes ranking.moment_ranking: one row a mission (and ALL) and moment of the map."""
    session.model("ranking.followed", keep=False, horizon_days=run.journey_map.horizon_days)
    for part in ("felt_before", "entries", "members", "surroundings", "orderings"):
        session.model(f"ranking.{part}", keep=False)
    trials = read_trials(session, run.journey_map)
    measured, verdicts = rank(trials, run.settings.seed)
    table = rows(run.journey_map, trials.missions, measured, verdicts)
    session.put("ranking.moment_ranking", table, grain=("mission", "moment"))
    named = int(np.isin(verdicts.verdict, ["drives", "harms"]).sum())
    session.log(
        f"{len(trials.outcome)} journeys followed up, {len(trials.sub_step_of)} moments, {len(trials.missions)} "
        f"missions: {named} of {len(table)} effects named"
    )


def rank(trials: Trials, seed: int) -> tuple[Measured, Verdicts]:
    """From trials to what is said of each moment (rows) and group (columns: missions, then all)."""
    k = len(trials.missions)
    if len(trials.outcome):
        fitted = MomentEffects(seed).fit(trials)
        measured = measure(trials, fitted.influences_, fitted.placebos_)
    else:
        none: list[None] = [None] * len(trials.sub_step_of)
        measured = measure(trials, none, none)
    useful = enough(measured)
    effect = np.where(useful, measured.effect, np.nan)
    draws = pooled_draws(effect[:, : k + 1], measured.error[:, : k + 1], seed)
    shares = measured.eligible[:, : k + 1] / np.maximum(1, measured.eligible[:, -1:])
    overall = (draws * shares[:, :, None]).sum(axis=1, keepdims=True)
    shown = np.r_[0:k, k + 1]
    draws = np.concatenate([draws[:, :k], overall], axis=1)
    draws[~useful[:, shown]] = np.nan  # only what the other missions say: not this one's effect
    return _shown(measured, shown), judge(draws, (useful & ~placebo_fails(measured))[:, shown])


def _shown(measured: Measured, columns: "np.ndarray[tuple[int, ...], np.dtype[np.int64]]") -> Measured:
    return Measured(**{name: table[:, columns] for name, table in vars(measured).items()})


def read_trials(session: Session, journey_map: JourneyMap) -> Trials:
    """The stage's scratch tables as matrices, one row a journey, in the order of journey_id."""
    followed = session.frame("ranking.followed").sort_values("journey_id", ignore_index=True)
    sub_steps = [sub.name for _, sub in journey_map.sub_steps()]
    moments = journey_map.moments()
    sub_step_of = np.array([row.position for row in moments], dtype=np.int64)
    happened = _marks(session.frame("journeys.moments", "journey_id, moment"), followed, [m.moment for m in moments])
    reached = _marks(session.frame("journeys.sub_steps", "journey_id, sub_step"), followed, sub_steps)
    for moment, position in enumerate(sub_step_of):
        reached[:, position] |= happened[:, moment]
    missions = tuple(
        sorted(set(session.frame("missions.missions", "mission")["mission"]) | set(followed["mission"].dropna()))
    )
    return Trials(
        outcome=followed["retained"].to_numpy(np.float64),
        past_outcome=followed["earlier_retained"].to_numpy(np.float64),
        customer=np.unique(followed["customer_id"].to_numpy(str), return_inverse=True)[1].astype(np.int64),
        mission=np.array(
            [missions.index(m) if isinstance(m, str) else -1 for m in followed["mission"]], dtype=np.int64
        ),
        missions=missions,
        covariates=_covariates(session, followed),
        past_covariates=SAYS_THE_PAST,
        reached=reached,
        happened=happened,
        sub_step_of=sub_step_of,
        precedes=_precedes(session.frame("ranking.orderings"), [m.moment for m in moments]),
    )


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

    rows_ = pd.Index(followed["journey_id"]).get_indexer(pd.Index(pairs.iloc[:, 0]))
    columns = pd.Index(list(names)).get_indexer(pd.Index(pairs.iloc[:, 1]))
    known = (rows_ >= 0) & (columns >= 0)
    marks = np.zeros((len(followed), len(names)), dtype=bool)
    marks[rows_[known], columns[known]] = True
    return marks


def _covariates(session: Session, followed: "pd.DataFrame") -> dict[str, "np.ndarray"]:
    """What was known when the order was placed, by name: floats with nan, or objects with None."""
    keyed = followed.set_index("journey_id")
    for part in ("felt_before", "entries", "members"):
        keyed = keyed.join(session.frame(f"ranking.{part}").set_index("journey_id"))
    around = session.frame("ranking.surroundings").pivot(index="journey_id", columns="factor", values="value")
    out = {name: keyed[name].to_numpy(np.float64) for name in (*HISTORY, *FEELINGS, *PLAN)}
    out["is_member"] = keyed["is_member"].fillna(0).to_numpy(np.float64)
    out |= {
        f"factor:{name}": around[name].reindex(keyed.index).to_numpy(np.float64) for name in sorted(map(str, around))
    }
    out |= {name: _objects(keyed[name]) for name in WORDS}
    ordered = keyed["ordered_at"]
    out["ordered_on"] = (ordered - ordered.min()).dt.total_seconds().to_numpy(np.float64) / 86400
    out["month"] = _objects(ordered.dt.strftime("%m"))
    out["weekday"] = ordered.dt.day_of_week.to_numpy(np.float64)
    return out | fields(keyed["attributes"])


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


def rows(journey_map: JourneyMap, missions: Sequence[str], measured: Measured, verdicts: Verdicts) -> "pa.Table":
    """The mart's rows, one a mission (ALL first) and moment of the map."""
    import pyarrow as pa

    moments = journey_map.moments()
    order = [(m, g) for g in (len(missions), *range(len(missions))) for m in range(len(moments))]
    at = tuple(np.array(order, dtype=np.int64).reshape(-1, 2).T)
    names = [*missions, ALL]
    columns = {"mission": pa.array([names[g] for _, g in order], pa.string())}
    for name in ("step", "sub_step", "moment", "type", "micro_moment"):
        columns[name] = pa.array([getattr(moments[m], name) for m, _ in order], pa.string())
    columns |= {name: pa.array(getattr(measured, name)[at], pa.int64()) for name in ("eligible", "exposed")}
    figures = _figures(measured, verdicts)
    columns |= {name: pa.array(x[at], pa.float64(), from_pandas=True) for name, x in figures.items()}
    columns["verdict"] = pa.array(verdicts.verdict[at].tolist(), pa.string())
    for name in ("rank", "rank_low", "rank_high"):
        columns[name] = pa.array(getattr(verdicts, name)[at], pa.int64(), from_pandas=True)
    return pa.table(columns)


def _figures(measured: Measured, verdicts: Verdicts) -> dict[str, Floats]:
    """The mart's figures by name; nan where there is none."""
    reach = Z95 * measured.error
    told = verdicts.verdict != "cannot_tell"
    nothing = np.full(measured.effect.shape, np.nan)
    return {
        "effect": verdicts.effect,
        "ci_low": verdicts.low,
        "ci_high": verdicts.high,
        "effect_unpooled": measured.effect,
        "ci_low_unpooled": measured.effect - reach,
        "ci_high_unpooled": measured.effect + reach,
        "p_value": measured.p_value(),
        "q_value": verdicts.q_value,
        "naive_difference": measured.naive,
        "smallest_detectable_effect": measured.detectable(),
        "overlap": measured.overlap,
        "placebo_effect": measured.placebo,
        "sensitivity": np.where(told, e_value(verdicts.effect, measured.control), np.nan),
        "retained_customers": nothing,  # what a feasible change is worth: not estimated yet
        "retained_value": nothing,
    }
