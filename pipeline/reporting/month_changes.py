"""Tonight's ranking beside that of four weeks ago, for the report: what changed by more than noise.

The night compared with is the last finished one of at least DAYS days ago. What moved, and its noise, are those of
stages/changes.py; the older night's tables are read where they lie, and nothing of them is written.
"""

from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import ndtr

from pipeline.catalog import Store
from pipeline.context import Run
from pipeline.estimators.connections import adjusted
from pipeline.estimators.verdicts import BUDGET
from pipeline.stages import changes

if TYPE_CHECKING:
    import pyarrow as pa

    from pipeline.warehouse import Session

Row = dict[str, Any]
DAYS = 28  # four weeks: the same weekdays
NEEDED = ("moment_ranking", "trials", "influence_sums")


def build(run: Run, session: "Session") -> None:
    """Makes report.month_changes: no rows where no finished night is that old, or it lacks what is compared."""
    folder = _folder(run)
    tables = folder.glob("*.parquet") if folder else ()
    if folder is not None and {path.stem for path in tables} >= set(NEEDED):
        session.attach("ranking", [folder], "month")
    else:
        session.put("month.moment_ranking", _no_ranking(), grain=("mission", "moment"), keep=False)
    session.put("report.month_shifts", _shifts(session), grain=("mission", "moment"), keep=False)
    session.model("report.month_changes", budget=BUDGET, small_group=run.settings.small_group)


def _folder(run: Run) -> Path | None:
    """The ranking of the last finished night of at least DAYS days ago."""
    store = Store(run.settings.data)
    catalog = store.read()
    night = catalog.before((run.night - timedelta(days=DAYS - 1)).isoformat())
    return None if night is None else store.folder(night, int(catalog.night(night).build or 0)) / "ranking"


def _no_ranking() -> "pa.Table":
    import pyarrow as pa

    texts = [(name, pa.string()) for name in ("mission", "moment", "verdict")]
    numbers = [(name, pa.float64()) for name in ("effect", "ci_low", "ci_high", "eligible", "exposed")]
    return pa.schema([*texts, *numbers]).empty_table()


def _shifts(session: "Session") -> "pa.Table":
    """A row an effect that both nights tell: its change as measured, its error, and the q-value of no change."""
    import pyarrow as pa

    rows = _pairs(session) if "month" in session.attached else []
    beyond = np.array([abs(row["change"]) / max(row["change_error"], 1e-12) for row in rows], dtype=np.float64)
    sure = adjusted(2 * ndtr(-beyond)) if rows else ()
    texts = [("mission", pa.string()), ("moment", pa.string()), ("previous_night", pa.date32())]
    numbers = [(name, pa.float64()) for name in ("change", "change_error", "q_value")]
    schema = pa.schema([*texts, ("is_same_trial", pa.bool_()), *numbers])
    return pa.Table.from_pylist([row | {"q_value": q} for row, q in zip(rows, sure, strict=True)], schema)


def _pairs(session: "Session") -> list[Row]:
    now, then = (_sums(session, schema) for schema in ("ranking", "month"))
    trials, before = (
        {row["moment"]: row for row in session.arrow(f"{schema}.trials").to_pylist()} for schema in ("ranking", "month")
    )
    return [
        _pair(key, now[key], then[key], before[key[1]]["night"], changes.is_same(before[key[1]], trials.get(key[1])))
        for key in sorted(now.keys() & then.keys())
    ]


def _pair(key: tuple[str, str], now: Row, then: Row, night: date, is_same: bool) -> Row:
    change, error = changes.shift(changes.counts(now), changes.counts(then))
    moved = {"change": change, "change_error": error, "previous_night": night, "is_same_trial": is_same}
    return {"mission": key[0], "moment": key[1]} | moved


def _sums(session: "Session", schema: str) -> dict[tuple[str, str], Row]:
    """By mission and moment, the sums of what can be told that night."""
    told = session.arrow(f"{schema}.moment_ranking where verdict <> 'cannot_tell'", "mission, moment").to_pylist()
    known = {(row["mission"], row["moment"]) for row in told}
    rows = session.arrow(f"{schema}.influence_sums").to_pylist()
    return {(row["mission"], row["moment"]): row for row in rows if (row["mission"], row["moment"]) in known}
