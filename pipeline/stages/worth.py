"""What a feasible change of each moment is worth, for the stage ranking: customers who come back, and what they spend.

A moment that brings customers back (or may) is worth what it would bring if it happened as often as in the best tenth
of places and weeks at which it happens at all; one that drives them away, what stops being lost if it stopped.
"""

from typing import TYPE_CHECKING

import numpy as np

from pipeline.context import Run
from pipeline.estimators import feasible
from pipeline.estimators.feasible import NOTHING_TOLD, Interval, Shares
from pipeline.warehouse import Session

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

ALL = "ALL"
NEARLY_ALL = 0.95  # of the journeys with a moment, in so many it has happened by then
FEWEST = 40  # journeys from which it can be told whether a channel or brand decides the moment
RAREST = 0.05  # a moment that happens to fewer, or to all but fewer, is decided by the channel or brand
TABLE = "ranking.moment_ranking"
Found = dict[tuple[str, str], tuple[Shares, int]]
FIGURES = (
    "exposed_share", "feasible_share", "retained_customers", "retained_customers_low", "retained_customers_high",
    "retained_value", "retained_value_low", "retained_value_high",
)  # fmt: skip


def build(run: Run, session: Session) -> None:
    """Adds to ranking.moment_ranking how often each moment happens and could, over how many journeys of the last
    horizon_days (recent_journeys), and what that is worth."""
    session.model("ranking.sub_step_places", keep=False, view=True)
    session.model("ranking.moment_lags", keep=False, nearly_all=NEARLY_ALL)
    session.model("ranking.moment_counts", keep=False, night=run.night, horizon_days=run.journey_map.horizon_days)
    session.model("ranking.moment_places", keep=False, fewest=FEWEST, rarest=RAREST)
    session.model("ranking.moment_cells", keep=False)
    grain, table = session.kept[TABLE], session.arrow(TABLE)
    rng = np.random.default_rng(run.settings.seed)
    found = _shares(
        session.frame("(from ranking.moment_cells order by moment, mission, place, week, prior_orders)"), rng
    )
    session.put(TABLE, _with_worth(table, found, rng), grain=grain)


def _shares(cells: "pd.DataFrame", rng: np.random.Generator) -> Found:
    """By moment and mission ('ALL': together), the shares and the journeys of the last horizon_days."""
    found: Found = {}
    for moment, own in cells.groupby("moment", sort=True):
        parts = {str(mission): _of(part, rng) for mission, part in own.groupby("mission", sort=True)}
        sizes = np.array([journeys for _, journeys in parts.values()], dtype=np.int64)
        found |= {(str(moment), mission): part for mission, part in parts.items()}
        found[str(moment), ALL] = feasible.together([part for part, _ in parts.values()], sizes), int(sizes.sum())
    return found


def _of(part: "pd.DataFrame", rng: np.random.Generator) -> tuple[Shares, int]:
    """The shares of one moment and mission, every place and week told as if its customers were those of late.

    Regulars have more of most moments, and there are more of them every month: so a cell counts by how far it is from
    the usual share of customers with as many earlier orders.
    """
    settled, happened, recent = (part[name].to_numpy(np.float64) for name in ("settled", "happened", "recent"))
    prior = part["prior_orders"].to_numpy(np.int64)
    usual = (np.bincount(prior, happened) / np.maximum(np.bincount(prior, settled), 1))[prior]
    of_late = (recent * usual).sum() / max(1.0, recent.sum())
    adjusted = part.assign(adjusted=happened + settled * (of_late - usual))
    weekly = adjusted.groupby(["place", "week"], sort=True, as_index=False)[["settled", "adjusted"]].sum()
    place = np.unique(weekly["place"].to_numpy(str), return_inverse=True)[1]
    week, tried, found = (weekly[name].to_numpy() for name in ("week", "settled", "adjusted"))
    cells = feasible.cells(place, week, tried.astype(np.float64), found)
    now = int(part["recent_settled"].sum()), int(part["recent_happened"].sum())
    return feasible.shares(*cells, now, rng), int(recent.sum())


def _with_worth(table: "pa.Table", found: Found, rng: np.random.Generator) -> "pa.Table":
    import pyarrow as pa

    rows = [_row(row, found.get((row["moment"], row["mission"])), rng) for row in table.to_pylist()]
    table = table.drop_columns([name for name in (*FIGURES, "recent_journeys") if name in table.column_names])
    for name in FIGURES:
        values = np.array([row[name] for row in rows], dtype=np.float64)
        table = table.append_column(name, pa.array(values, pa.float64(), from_pandas=True))
    return table.append_column("recent_journeys", pa.array([row["recent_journeys"] for row in rows], pa.int64()))


def _row(row: dict[str, object], found: tuple[Shares, int] | None, rng: np.random.Generator) -> dict[str, float]:
    """The figures of one moment and mission; nan where they cannot be told."""
    if found is None:
        return dict.fromkeys(FIGURES, float("nan")) | {"recent_journeys": 0}
    shares, journeys = found
    effect = _interval(row, "effect", "ci_low", "ci_high") if row["verdict"] != "cannot_tell" else NOTHING_TOLD
    value = _interval(row, "value_effect", "value_ci_low", "value_ci_high") if effect[0] == effect[0] else NOTHING_TOLD
    stops = effect[0] < 0
    shift = shares.none() if stops else shares.more()
    customers, spend = (feasible.worth(one, shift, journeys, rng) for one in (effect, value))
    told = (shares.now, 0.0 if stops else shares.feasible, *customers, *spend)
    return dict(zip(FIGURES, told, strict=True)) | {"recent_journeys": journeys}


def _interval(row: dict[str, object], *names: str) -> Interval:
    figures = [row.get(name) for name in names]
    if any(figure is None for figure in figures):
        return NOTHING_TOLD
    middle, low, high = (float(figure) for figure in figures)  # type: ignore[arg-type]
    return middle, low, high
