"""Connected moments for the stage ranking: the pairs' times from the stage's tables, and what was found as rows."""

from typing import TYPE_CHECKING

import numpy as np

from pipeline.estimators.connections import (
    NOTHING_SEEN,
    Z95,
    Clocked,
    Connection,
    connections,
    q_values,
    taken,
    verdict,
)
from pipeline.estimators.trials import Floats, Trials
from pipeline.journey_map import JourneyMap
from pipeline.warehouse import Session

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

ALL = "ALL"
DAY = np.timedelta64(86_400_000_000, "us")


def connect(session: Session, trials: Trials, journey_map: JourneyMap, seed: int) -> None:
    """Makes ranking.connected_moments: one row a mission (or ALL) and pair of moments that could be tried.

    `trials` are those of the stage: their first rows, from which is learned, are ranking.followed by journey_id.
    """
    session.model("ranking.moment_scenes", keep=False)
    found = connections(_clocked(session, trials, journey_map), seed)
    table = _rows(session, trials, journey_map, found)
    session.put("ranking.connected_moments", table, grain=("mission", "moment", "next_moment"))
    named = sum(said != NOTHING_SEEN for said in table["verdict"].to_pylist())
    session.log(f"{named} of {len(table)} connections between moments named")


def _clocked(session: Session, trials: Trials, journey_map: JourneyMap) -> Clocked:
    journeys = session.frame("(from ranking.followed order by journey_id)", "journey_id")["journey_id"]
    moments = session.frame("journeys.moments", "journey_id, moment, occurred_at")
    sub_steps = session.frame("journeys.sub_steps", "journey_id, sub_step, reached_at")
    reached_at = _times(journeys, sub_steps, [sub.name for _, sub in journey_map.sub_steps()])
    happened_at = _times(journeys, moments, [row.moment for row in journey_map.moments()])
    return Clocked(taken(trials, np.arange(trials.learned)), happened_at, reached_at)


def _times(journeys: "pd.Series", events: "pd.DataFrame", names: list[str]) -> Floats:
    """Rows of journey, name and time as days since 1970, (journeys, names); nan where there is none."""
    import pandas as pd

    rows = pd.Index(journeys).get_indexer(pd.Index(events.iloc[:, 0]))
    columns = pd.Index(names).get_indexer(pd.Index(events.iloc[:, 1]))
    known = (rows >= 0) & (columns >= 0)
    days = (events.iloc[:, 2].to_numpy("datetime64[us]") - np.datetime64(0, "us")) / DAY
    out = np.full((len(journeys), len(names)), np.nan)
    out[rows[known], columns[known]] = days[known]
    return out


def _rows(session: Session, trials: Trials, journey_map: JourneyMap, found: list[Connection]) -> "pa.Table":
    import pyarrow as pa

    names = [row.moment for row in journey_map.moments()]
    groups = [*trials.missions, ALL]
    scenes = {row["moment"]: row for row in session.arrow("ranking.moment_scenes").to_pylist()}
    table = [
        {
            "mission": groups[one.group],
            "moment": names[one.moment],
            "next_moment": names[one.later],
            **{name: scenes[names[one.moment]][name] for name in ("brand", "channel")},
            **{f"next_{name}": scenes[names[one.later]][name] for name in ("brand", "channel")},
            "is_only_way": one.leads,
            "journeys": one.journeys,
            "exposed": one.exposed,
            "both_journeys": one.both,
            "share": one.exposed / one.journeys,
            "chance_without": one.without,
            "effect": one.effect,
            "ci_low": one.effect - Z95 * one.error,
            "ci_high": one.effect + Z95 * one.error,
            "q_value": float(q_value),
            "verdict": verdict(one.effect, q_value),
        }
        for one, q_value in zip(found, q_values(found), strict=True)
    ]
    return pa.Table.from_pylist(table, _schema())


def _schema() -> "pa.Schema":
    import pyarrow as pa

    texts = ("mission", "moment", "next_moment", "brand", "channel", "next_brand", "next_channel")
    counts = ("journeys", "exposed", "both_journeys")
    shares = ("share", "chance_without", "effect", "ci_low", "ci_high", "q_value")
    return pa.schema(
        [(name, pa.string()) for name in texts] + [("is_only_way", pa.bool_())]
        + [(name, pa.int64()) for name in counts] + [(name, pa.float64()) for name in shares]
        + [("verdict", pa.string())]
    )  # fmt: skip
