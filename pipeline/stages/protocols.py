"""Each moment's trial written down as one, for the stage ranking: so that a figure can be questioned and made again.

The parts are those of a target trial's protocol (Hernán & Robins 2016, Am. J. Epidemiol. 183).
"""

import hashlib
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.context import Run
from pipeline.estimators.trials import Trials
from pipeline.journey_map import JourneyMap
from pipeline.warehouse import Session

if TYPE_CHECKING:
    import pyarrow as pa

TABLE = "ranking.trials"
DELIVERED = (
    "source, table_name, cast(night as varchar) as night, file,"
    " arrived, accepted, superseded, quarantined, not_ours, erased"
)


def build(run: Run, session: Session, trials: Trials) -> None:
    """Makes ranking.trials, one row a moment of the map: who is eligible, the arms, what adjusts, and of which data."""
    span = "min(ordered_at) as first_ordered_at, max(ordered_at) as last_ordered_at"
    shared = session.arrow("ranking.followed", span).to_pylist()[0] | {
        "night": run.night,
        "horizon_days": run.journey_map.horizon_days,
        "seed": run.settings.seed,
        "landmark_version": landmark_version(),
        "map_version": map_version(run.journey_map),
        "data_version": _data_version(session),
    }
    rows = [_protocol(run.journey_map, trials, moment) | shared for moment in range(len(trials.sub_step_of))]
    session.put(TABLE, _table(rows), grain=("moment",))


def landmark_version() -> str:
    """The version of this package; 'unknown' where it was not installed."""
    try:
        return version("landmark-journeys")
    except PackageNotFoundError:
        return "unknown"


def map_version(journey_map: JourneyMap) -> str:
    """What the journey map says, as 12 hexadecimal digits: comments and order of keys do not count, nor do labels."""
    said = [getattr(journey_map, name) for name in vars(journey_map) if name != "missions"]
    return _digest(repr(said))


def _data_version(session: Session) -> str:
    """What was delivered up to the night and stands, file by file, as 12 hexadecimal digits."""
    files = session.arrow("(from ingest.files order by source, table_name, night, file)", DELIVERED).to_pylist()
    return _digest(repr([list(row.values()) for row in files]))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:12]


def _protocol(journey_map: JourneyMap, trials: Trials, moment: int) -> dict[str, Any]:
    row = journey_map.moments()[moment]
    sub_step = journey_map.sub_steps()[row.position][1]
    names = [each.moment for each in journey_map.moments()]
    reached = trials.reached[: trials.learned, row.position]
    return {
        **{name: getattr(row, name) for name in ("moment", "step", "sub_step", "type", "micro_moment")},
        "sub_step_when": sub_step.when,
        "moment_when": next(each.when for each in sub_step.moments if each.name == row.moment),
        "eligible": int(reached.sum()),
        "customers": len(np.unique(trials.customer[: trials.learned][reached])),
        "adjusted_for": sorted(trials.covariates),
        "earlier_sub_steps": [sub.name for _, sub in journey_map.sub_steps()[: row.position]],
        "earlier_moments": [names[other] for other in np.flatnonzero(trials.earlier(moment))],
    }


def _table(rows: list[dict[str, Any]]) -> "pa.Table":
    import pyarrow as pa

    texts = ("moment", "step", "sub_step", "type", "micro_moment", "sub_step_when", "moment_when")
    lists = ("adjusted_for", "earlier_sub_steps", "earlier_moments")
    schema = pa.schema(
        [(name, pa.string()) for name in texts] + [("eligible", pa.int64()), ("customers", pa.int64())]
        + [(name, pa.list_(pa.string())) for name in lists] + [("night", pa.date32())]
        + [(name, pa.timestamp("us")) for name in ("first_ordered_at", "last_ordered_at")]
        + [("horizon_days", pa.int64()), ("seed", pa.int64())]
        + [(name, pa.string()) for name in ("landmark_version", "map_version", "data_version")]
    )  # fmt: skip
    return pa.Table.from_pylist(rows, schema=schema)
