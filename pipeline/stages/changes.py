"""Yesterday's ranking beside today's, for the stage ranking: what changed by more than noise.

Two nights share most of their journeys, so the error of a change is not that of two figures by themselves. Customers
are put into BUCKETS by their id, the same every night. What a bucket adds to the error of a night's mean is kept; what
it adds to the error of a change is the difference, and as buckets share no customer, the sum of squares over buckets is
the change's variance: journeys that both nights have cancel out as far as they still say the same (random groups:
Wolter 2007, Introduction to Variance Estimation).
"""

from typing import TYPE_CHECKING
from zlib import crc32

import numpy as np
from scipy.special import ndtr

from pipeline.estimators.connections import adjusted
from pipeline.estimators.trials import Floats, Influence, Ints, Trials
from pipeline.estimators.verdicts import BUDGET
from pipeline.journey_map import JourneyMap
from pipeline.warehouse import Session

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

ALL = "ALL"
BUCKETS = 256
COMPARED = ("effect", "ci_low", "ci_high", "effect_unpooled", "rank", "rank_low", "rank_high", "verdict")
SAME = ("sub_step_when", "moment_when", "horizon_days", "landmark_version")


def build(session: Session, trials: Trials, journey_map: JourneyMap, influences: tuple[Influence | None, ...]) -> None:
    """Makes ranking.influence_sums, which the next night reads, and ranking.ranking_changes."""
    session.put("ranking.influence_sums", _sums(session, trials, journey_map, influences), grain=("moment", "mission"))
    session.inner.add("influence_sums")
    _compare(session)


def _compare(session: Session) -> None:
    """ranking.ranking_changes, from tonight's tables and those of the last finished night."""
    session.put("ranking.previous_ranking", _previous(session), grain=("mission", "moment"), keep=False)
    session.put("ranking.shifts", _shifts(session), grain=("mission", "moment"), keep=False)
    session.model("ranking.ranking_changes", budget=BUDGET)
    changed = session.frame("ranking.ranking_changes", "has_changed")["has_changed"]
    if changed.notna().any():
        session.log(
            f"{int(changed.fillna(value=False).sum())} of {int(changed.notna().sum())} effects changed beyond noise"
        )


def _sums(
    session: Session, trials: Trials, journey_map: JourneyMap, influences: tuple[Influence | None, ...]
) -> "pa.Table":
    """One row a moment and mission (and ALL): journeys and the sum of influence values, bucket by bucket, as lists."""
    import pyarrow as pa

    bucket = _buckets(session)
    rows = []
    for moment, influence in zip(journey_map.moments(), influences, strict=True):
        parts = {} if influence is None else {ALL: influence}
        for g, mission in enumerate(trials.missions if influence is not None else ()):
            parts[mission] = parts[ALL].among(trials.mission == g)
        rows += [
            {"moment": moment.moment, "mission": mission} | _summed(part, bucket) for mission, part in parts.items()
        ]
    kinds = [("journeys", pa.list_(pa.int64())), ("sums", pa.list_(pa.float64()))]
    return pa.Table.from_pylist(rows, pa.schema([("moment", pa.string()), ("mission", pa.string()), *kinds]))


def _summed(influence: Influence, bucket: Ints) -> dict[str, list[float]]:
    own = bucket[influence.rows]
    journeys, sums = (np.bincount(own, weights, minlength=BUCKETS) for weights in (None, influence.values))
    return {"journeys": journeys.tolist(), "sums": sums.tolist()}


def _buckets(session: Session) -> Ints:
    """The bucket of each row of the trials that is learned from: ranking.followed by journey_id."""
    customers = session.frame("(from ranking.followed order by journey_id)", "customer_id")["customer_id"]
    people, codes = np.unique(customers.to_numpy(str), return_inverse=True)
    return np.array([crc32(person.encode("utf-8")) % BUCKETS for person in people], dtype=np.int64)[codes]


def _previous(session: Session) -> "pa.Table":
    """The ranking as of the last finished night; no rows where there is none that can be compared."""
    import pyarrow as pa

    texts = [(name, pa.string()) for name in ("mission", "moment", "verdict")]
    kinds = dict([*texts, *((name, pa.int64()) for name in ("rank", "rank_low", "rank_high"))])
    schema = pa.schema([(name, kinds.get(name, pa.float64())) for name in ("mission", "moment", *COMPARED)])
    schema = schema.append(pa.field("night", pa.date32())).append(pa.field("is_same_trial", pa.bool_()))
    table, protocols = (session.previous("ranking", name) for name in ("moment_ranking", "trials"))
    if table is None or protocols is None or set(COMPARED) - set(table.column_names):
        return schema.empty_table()
    now = {row["moment"]: row for row in session.arrow("ranking.trials").to_pylist()}
    then = {row["moment"]: row for row in protocols.to_pylist()}
    rows = [
        {name: row[name] for name in ("mission", "moment", *COMPARED)}
        | {
            "night": then[row["moment"]]["night"],
            "is_same_trial": is_same(then[row["moment"]], now.get(row["moment"])),
        }
        for row in table.to_pylist()
    ]
    return pa.Table.from_pylist(rows, schema)


def is_same(then: dict[str, object], now: dict[str, object] | None) -> bool:
    """Whether two rows of ranking.trials ask the same: the map's conditions, the horizon and the version."""
    return now is not None and all(then[name] == now[name] for name in SAME)


def _shifts(session: Session) -> "pd.DataFrame":
    """How far each effect that both nights tell moved, as measured, its error, and the q-value of no move at all.

    What cannot be told is not compared: the error of so few journeys is too rough for that.
    """
    import pandas as pd

    before = session.previous("ranking", "influence_sums")
    known = {} if before is None else {(row["moment"], row["mission"]): row for row in before.to_pylist()}
    told = _told(session, "ranking.moment_ranking") & _told(session, "ranking.previous_ranking")
    rows = []
    for row in session.arrow("(from ranking.influence_sums order by moment, mission)").to_pylist():
        then = known.get((row["moment"], row["mission"]))
        if then is not None and (row["moment"], row["mission"]) in told:
            rows.append((row["mission"], row["moment"], *shift(counts(row), counts(then))))
    table = pd.DataFrame(rows, columns=["mission", "moment", "change", "change_error"])
    table = table.astype({"mission": "str", "moment": "str", "change": "float64", "change_error": "float64"})
    beyond = table["change"].abs() / table["change_error"].clip(lower=1e-12)
    return table.assign(q_value=adjusted(2 * ndtr(-beyond.to_numpy(np.float64))))


def _told(session: Session, table: str) -> set[tuple[str, str]]:
    """The moments and missions of which something can be said."""
    rows = session.arrow(f"{table} where verdict <> 'cannot_tell'", "moment, mission").to_pylist()
    return {(row["moment"], row["mission"]) for row in rows}


def counts(row: dict[str, list[float]]) -> Floats:
    """A row of ranking.influence_sums as (2, BUCKETS): journeys and sums of values."""
    return np.array([row["journeys"], row["sums"]], dtype=np.float64)


def shift(now: Floats, then: Floats) -> tuple[float, float]:
    """By how much a mean moved, and the standard error of that; each (2, BUCKETS): journeys and sums of values."""
    means, parts = [], []
    for journeys, sums in (now, then):
        mean = sums.sum() / journeys.sum()
        means.append(mean)
        parts.append((sums - mean * journeys) / journeys.sum())
    apart = parts[0] - parts[1]
    return float(means[0] - means[1]), float(np.sqrt((apart**2).sum() * len(apart) / (len(apart) - 1)))
