"""Figures of every night, and tonight's beside what is usual: the tables <stage>.measures and <stage>.usual.

A stage's SQL makes its measures: one row a table, night, measure, column and category, `value` of so many rows. They
are carried from night to night (a night adds its own; what is older than eight weeks goes). Here tonight's are judged
by those of the nights before; expectations/<stage>.py says what is made of it.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from math import ceil, isfinite
from typing import TYPE_CHECKING, Any

from pipeline.context import Run
from pipeline.estimators import usual
from pipeline.warehouse import Session

if TYPE_CHECKING:
    import pyarrow as pa

Row = dict[str, Any]
Said = Callable[[float], str]
GRAIN = ("table_name", "night", "measure", "column_name", "category")
JUDGED = ("table_name", "measure", "column_name")
# shares of what should not be: little of it is never too little
FAULTS = ("set_aside", "unknown_customer", "unknown_order")
NOTHING = usual.Limits(0)
SHOWN = 3  # categories that are named


def first_kept(night: date) -> date:
    """The oldest night whose measures are carried."""
    return night - timedelta(days=usual.WEEKDAY_DAYS)


def show_before(run: Run, session: Session, table: str) -> None:
    """Makes the scratch table of the measures that the last finished night kept."""
    import pyarrow as pa

    stage = session.schema
    before = session.previous(stage, "measures")
    session.put(
        table, pa.Table.from_pylist([], _measures_schema()) if before is None else before, grain=GRAIN, keep=False
    )
    session.connection.execute(f"delete from {table} where night < ?", [first_kept(run.night)])


def judge(run: Run, session: Session, *, must_come: Collection[str] = (), but: date | None = None) -> None:
    """Makes <stage>.usual of <stage>.measures: one row a measure of tonight.

    must_come: tables that have to bring rows. but: a night that is no part of what is usual.
    """
    import pyarrow as pa

    stage = session.schema
    every = sorted(session.arrow(f"{stage}.measures").to_pylist(), key=lambda row: tuple(row[name] for name in GRAIN))
    series: dict[tuple[str, str, str], dict[date, Row]] = {}
    for row in every:
        nights = series.setdefault((row["table_name"], row["measure"], row["column_name"]), {})
        night = nights.setdefault(row["night"], {"value": row["value"], "rows": row["rows_count"], "counts": {}})
        night["counts"][row["category"]] = row["value"]
    judged = []
    for key, nights in sorted(series.items()):
        if run.night in nights:
            past = {night: row for night, row in nights.items() if night not in (but, run.night)}
            judged += _judged(_Series(*key, run, nights[run.night], past), must_come)
    session.put(f"{stage}.usual", pa.Table.from_pylist(judged, _usual_schema()), grain=JUDGED)
    session.inner |= {"measures", "usual"}


@dataclass(frozen=True)
class _Series:
    """One measure: what it is tonight, and on other nights."""

    table: str
    measure: str
    column: str
    run: Run
    tonight: Row
    others: Mapping[date, Row]

    @property
    def like(self) -> list[date]:
        """The nights that tonight is compared with."""
        return usual.nights_like(self.run.night, list(self.others))

    @property
    def past(self) -> list[float]:
        """What it was on these. Of the newest of a few rows, chance says more than the source: these do not count."""
        few = usual.SURE_TO_COME if self.measure == "newest" else 0
        return [self.others[night]["value"] for night in self.like if self.others[night]["rows"] >= few]


def _judged(series: _Series, must_come: Collection[str]) -> list[Row]:
    if series.measure == "category":
        return _drifted(series)
    if series.measure == "first_rows":
        told = f"{_rows(series.tonight['value'])}; its first delivery: there is no history yet"
        return [_row(series, series.tonight["value"], usual.Limits(0), _count, "rows") | {"told": told}]
    value, rows = series.tonight["value"], series.tonight["rows"]
    if series.measure == "rows":
        limits = usual.of_counts(series.past)
        row = _row(series, value, limits, _count)
        is_sure = limits.usual is not None and limits.usual >= usual.SURE_TO_COME
        lacks = float(is_sure and not value) if series.table in must_come else None
        return [row | {"lacks": lacks}]
    if series.measure == "newest":
        return [_row(series, value, usual.of_ages(series.past) if rows >= usual.SURE_TO_COME else NOTHING, _hours)]
    limits = usual.of_shares(series.past, rows, is_fault=series.measure in FAULTS)
    return [_row(series, value, limits, _percent)]


def _drifted(series: _Series) -> list[Row]:
    """Of a column's categories: how many rows changed theirs, which are new, which are gone."""
    tonight, past = series.tonight["counts"], [series.others[night]["counts"] for night in series.like]
    found = usual.drift(tonight, past)
    is_known, few = found.limits.usual is not None, series.run.settings.small_group
    several = {name: share for name, share in found.appeared.items() if tonight[name] >= few}
    missed = {name: share for name, share in found.gone.items() if sum(each.get(name, 0.0) for each in past) >= few}
    none = usual.Limits(found.limits.nights, 0.0, high=0.0) if is_known else found.limits
    rows = [_row(series, found.distance, found.limits, _percent, "shift")]
    for measure, named in (("appeared", several), ("gone", missed)):
        row = _row(series, sum(named.values()), none, _percent, measure)
        rows.append(row | ({"told": _named(measure, named)} if is_known else {}))
    return rows


def _named(measure: str, shares: Mapping[str, float]) -> str:
    if not shares:
        return "none"
    ranked = sorted(shares, key=lambda name: (-shares[name], name))
    told = ", ".join(f"{name[:60]!r} ({_percent(shares[name])})" for name in ranked[:SHOWN])
    more = f" and {len(ranked) - SHOWN} more" if len(ranked) > SHOWN else ""
    return f"{'new' if measure == 'appeared' else 'gone, with their usual shares'}: {told}{more}"


def _row(series: _Series, value: float, limits: usual.Limits, said: Said, measure: str = "") -> Row:
    return {
        "table_name": series.table,
        "measure": measure or series.measure,
        "column_name": series.column,
        "tonight": value,
        "usual": limits.usual,
        "low": limits.low if isfinite(limits.low) else None,
        "high": limits.high if isfinite(limits.high) else None,
        "nights": limits.nights,
        "excess": limits.excess(value),
        "lacks": None,
        "told": _told(series, value, limits, said),
    }


def _told(series: _Series, value: float, limits: usual.Limits, said: Said) -> str:
    """Tonight's figure, the usual one, its range, and by how many nights that is known."""
    tonight = _rows(value) if said is _count else said(value)
    if limits.usual is None:
        most = f"; of so few rows, more than {said(limits.high)} would be too much anyway" if limits.high < 1 else ""
        nights = f"{limits.nights or 'no'} night{'' if limits.nights == 1 else 's'} of history"
        return f"{tonight}; {nights}: too little to tell what is usual{most}"
    inner = (ceil(limits.low), int(limits.high)) if said is _count else (limits.low, limits.high)
    low, high = (said(end) if isfinite(end) else "" for end in inner)
    between = f"{low} to {high}" if low and high else f"at most {high}"
    night = series.run.night
    nights = f"{night:%A}s" if all((night - other).days % 7 == 0 for other in series.like) else "nights"
    return f"{tonight}; usual {said(limits.usual)} ({between}), by {limits.nights} {nights}"


def _rows(value: float) -> str:
    return f"{_count(value)} row{'' if value == 1 else 's'}"


def _count(value: float) -> str:
    return f"{value:,.0f}"


def _hours(value: float) -> str:
    return f"{value:,.1f} h"


def _percent(value: float) -> str:
    return f"{100 * min(max(value, 0.0), 1.0):.1f} %"


def _measures_schema() -> "pa.Schema":
    import pyarrow as pa

    texts = [(name, pa.string()) for name in ("measure", "column_name", "category")]
    ends = [("value", pa.float64()), ("rows_count", pa.float64())]
    return pa.schema([("table_name", pa.string()), ("night", pa.date32()), *texts, *ends])


def _usual_schema() -> "pa.Schema":
    import pyarrow as pa

    texts = [(name, pa.string()) for name in JUDGED]
    reals = [(name, pa.float64()) for name in ("tonight", "usual", "low", "high")]
    rest = [("nights", pa.int64()), ("excess", pa.float64()), ("lacks", pa.float64()), ("told", pa.string())]
    return pa.schema([*texts, *reals, *rest])
