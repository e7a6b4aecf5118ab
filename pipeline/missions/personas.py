"""Persona cards: who is on a mission, when, how early, what they read, where they touch, how far they get, the mood.

All of it are sums over journeys, each beside the other missions' and with its interval; what fewer than small_group
customers show is left out.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.estimators.mission_lift import Count, Lift, lifts
from pipeline.estimators.mission_profiles import Members, Number, Profile, members, profiles
from pipeline.estimators.mission_signals import Signals
from pipeline.words import MONTHS

if TYPE_CHECKING:
    from pipeline.context import Run
    from pipeline.estimators.mission_standing import Settled
    from pipeline.warehouse import Session

Row = dict[str, Any]

WINDOW_DAYS = 90  # a mission's size now is that of so many days, beside as many days before
_COLUMNS = ("number", "rest_number", "share", "rest_share", "lift", "low", "high")


def profiled(run: "Run", settled: "Settled") -> list[Profile]:
    """What is known of each mission of settled.standing, in its order; Profile.mission is its place there."""
    return profiles(_members(settled), _with_month(settled, run.settings.time_zone), run.settings.small_group)


def _members(settled: "Settled") -> Members:
    names = [str(k) for k in range(settled.standing.model.missions)]
    return members(names, settled.label, settled.journeys["customer_id"].tolist())


def _with_month(settled: "Settled", time_zone: str) -> Signals:
    """The signals with the month of the order, by the company's clock."""
    local = settled.journeys["ordered_at"].dt.tz_localize("UTC").dt.tz_convert(time_zone)
    month = [MONTHS[int(nth) - 1] if nth > 0 else None for nth in local.dt.month]
    known = settled.signals
    return Signals(known.journey_ids, known.numbers, {**known.words, "month": month}, known.bags)


def build(run: "Run", session: "Session", settled: "Settled | None", shown: Sequence[Profile]) -> None:
    """Makes missions.personas of the profiles (those of profiled) and of what the journeys' touches show; needs
    missions.assignments. settled: with the missions' names; None where there are no missions."""
    import pyarrow as pa

    session.model("missions.persona_facets", keep=False)
    session.model("missions.persona_counts", keep=False)
    session.model("missions.persona_sizes", keep=False, night=run.night, days=WINDOW_DAYS)
    session.model("missions.persona_peaks", keep=False)
    counts = [Count(**row) for part in ("counts", "sizes") for row in _rows(session, part)]
    rows = [_word(one) for one in lifts(counts) if one.count.showing >= run.settings.small_group]
    names = settled.standing.names if settled else []
    for profile in [*shown, *_peaks(run, session, settled)] if settled else ():
        told = [*map(_word, profile.words), *map(_number, profile.numbers)]
        rows += [row | {"mission": names[int(profile.mission)]} for row in told]
    texts = [(name, pa.string()) for name in ("mission", "facet", "value")]
    numbers = [(name, pa.float64()) for name in _COLUMNS]
    sizes = [(name, pa.int64()) for name in ("journeys", "customers")]
    table = pa.Table.from_pylist(rows, pa.schema(texts + numbers + sizes))
    session.put("missions.personas", table, grain=("mission", "facet", "value"))


def _rows(session: "Session", name: str) -> list[Row]:
    rows: list[Row] = session.arrow(f"missions.persona_{name} order by mission, facet, value").to_pylist()
    return rows


def _peaks(run: "Run", session: "Session", settled: "Settled") -> list[Profile]:
    """How the text that was felt most on a journey felt, of each mission."""
    rows = session.arrow("missions.persona_peaks")
    found = dict(zip(rows["journey_id"].to_pylist(), rows["peak"].to_pylist(), strict=True))
    ids = settled.journeys["journey_id"].tolist()
    felt = Signals(ids, {"peak": np.array([found.get(one, np.nan) for one in ids], dtype=float)})
    return profiles(_members(settled), felt, run.settings.small_group)


def _word(one: Lift) -> Row:
    count = one.count
    facet = "topic" if count.facet == "topics" else count.facet
    return {"mission": count.mission, "facet": facet, "value": count.value, "journeys": count.journeys,
            "customers": count.showing, "share": one.share, "rest_share": one.rest_share, "lift": one.lift,
            "low": one.low, "high": one.high}  # fmt: skip


def _number(one: Number) -> Row:
    """share: of journeys beyond the same quartile of all; journeys and customers: of whom the number is known."""
    known = {"journeys": one.beyond.count.known, "customers": one.beyond.count.customers}
    return _word(one.beyond) | known | {"number": one.ours, "rest_number": one.others}
