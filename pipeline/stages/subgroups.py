"""Where and for whom a moment matters, for the stage ranking: kinds of moments, groups of customers, pairs of moments.

The groups are declared here and no others are tried: whoever orders for the first time, members, the channels by which
customers come, their regions. A pair is a moment after an earlier one of the same journey. What is said of groups and
pairs has one budget of false discoveries, over all of them that could be tried.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.estimators.connections import adjusted
from pipeline.estimators.contrasts import NOTHING_SEEN, Contrast, contrast, mean_effect, verdict
from pipeline.estimators.trials import Bools, Influence, Trials, clustered_error
from pipeline.journey_map import JourneyMap
from pipeline.warehouse import Session

if TYPE_CHECKING:
    import pyarrow as pa

    from pipeline.context import Run
    from pipeline.stages.ranking import Ranked

ALL = "ALL"
Z95 = 1.959964
KINDS = ("step", "type", "micro_moment")
NUMBERS = (("prior_orders", "customer", "first_order", 0), ("is_member", "member", "member", 1))
TEXTS = (("entry_medium", "entry"), ("region", "region"))
MOST_VALUES = 12  # of a grouping: the commonest
ONLY_WAY = 0.95  # a moment leads to a later sub-step where so many who get there had it
Row = dict[str, Any]
_KIND = ("mission", "kind", "value", "moments", "drives", "harms", "effect", "ci_low", "ci_high")
_CONTRAST = (
    "effect", "ci_low", "ci_high", "other_effect", "other_ci_low", "other_ci_high", "difference", "difference_ci_low",
    "difference_ci_high", "p_value", "q_value",
)  # fmt: skip
_GROUPS = ("moment", "grouping", "value", "journeys", "exposed", *_CONTRAST, "verdict")
_PAIRS = ("moment", "next_moment", "is_only_way", "earlier_effect", "journeys", "exposed", *_CONTRAST, "verdict")
_COUNTS = ("journeys", "exposed", "moments", "drives", "harms")


@dataclass(frozen=True)
class _Group:
    """Journeys that have something in common: marks of all rows of the trials, and where it is known at all."""

    grouping: str
    value: str
    inside: Bools
    known: Bools


def build(run: "Run", session: Session, trials: Trials, ranked: "Ranked") -> None:
    """Makes ranking.moment_kinds, .moment_groups and .moment_pairs."""
    journey_map = run.journey_map
    session.put("ranking.moment_kinds", _kinds(journey_map, trials, ranked), grain=("mission", "kind", "value"))
    groups = list(_grouped(trials, ranked.influences, journey_map))
    pairs = list(_paired(trials, ranked.influences, journey_map))
    tried = [found for _, found in (*groups, *pairs) if found is not None]
    q_value = iter(adjusted(np.array([found.p_value() for found in tried])).tolist())
    grouped = [row | _figures(found, q_value) for row, found in groups]
    paired = [row | _figures(found, q_value) for row, found in pairs]
    session.put("ranking.moment_groups", _table(grouped, _GROUPS), grain=("moment", "grouping", "value"))
    session.put("ranking.moment_pairs", _table(paired, _PAIRS), grain=("moment", "next_moment"))
    named = sum(row["verdict"] not in (NOTHING_SEEN, None) for row in (*grouped, *paired))
    session.log(f"{named} of {len(tried)} differences between groups of customers and after earlier moments named")


# -- kinds of moments -------------------------------------------------------------------------------------------------


def _kinds(journey_map: JourneyMap, trials: Trials, ranked: "Ranked") -> "pa.Table":
    moments = journey_map.moments()
    rows = []
    for g, mission in enumerate((*trials.missions, ALL)):
        told = ranked.verdicts.verdict[:, g] != "cannot_tell"
        for kind in KINDS:
            for value in dict.fromkeys(getattr(row, kind) for row in moments):
                some = [m for m, row in enumerate(moments) if getattr(row, kind) == value and told[m]]
                rows.append({"mission": mission, "kind": kind, "value": value} | _kind(trials, ranked, some, g))
    return _table(rows, _KIND)


def _kind(trials: Trials, ranked: "Ranked", moments: list[int], group: int) -> Row:
    everywhere = group == len(trials.missions)
    inside = np.ones(len(trials), dtype=bool) if everywhere else trials.mission == group
    parts = [part.among(inside) for m in moments if (part := ranked.influences[m]) is not None]
    effect, error = mean_effect(parts, trials.customer) if parts else (np.nan, np.nan)
    said = ranked.verdicts.verdict[moments, group]
    counts = {"moments": len(parts), "drives": int((said == "drives").sum()), "harms": int((said == "harms").sum())}
    return counts | {"effect": effect, "ci_low": effect - Z95 * error, "ci_high": effect + Z95 * error}


# -- groups and pairs -------------------------------------------------------------------------------------------------


def _grouped(
    trials: Trials, influences: tuple[Influence | None, ...], journey_map: JourneyMap
) -> Iterator[tuple[Row, Contrast]]:
    """Every moment and group that can be tried, in the order of the map."""
    groups = list(_groups(trials))
    for moment, influence in zip(journey_map.moments(), influences, strict=True):
        for group in groups:
            found = None if influence is None else _tried(trials, influence, group.inside, group.known)
            if found is not None:
                yield {"moment": moment.moment, "grouping": group.grouping, "value": group.value}, found


def _groups(trials: Trials) -> Iterator[_Group]:
    """The groups that are declared; a grouping that the data do not know, or that all share, gives none."""
    nothing = np.full(len(trials), None, dtype=object)
    for name, grouping, value, number in NUMBERS:
        numbers = np.asarray(trials.covariates.get(name, nothing), dtype=np.float64)
        yield _Group(grouping, value, numbers == number, ~np.isnan(numbers))
    for name, grouping in TEXTS:
        texts = trials.covariates.get(name, nothing)
        known = np.array([text is not None for text in texts], dtype=bool)
        values, counts = np.unique(texts[known].astype(str), return_counts=True)
        for value in sorted(values[np.argsort(-counts, kind="stable")[:MOST_VALUES]].tolist()):
            yield _Group(grouping, value, known & (texts == value), known)


def _paired(
    trials: Trials, influences: tuple[Influence | None, ...], journey_map: JourneyMap
) -> Iterator[tuple[Row, Contrast | None]]:
    """Every moment after an earlier one that can be tried; None where nobody gets there but by the earlier one."""
    names = [row.moment for row in journey_map.moments()]
    for later, influence in enumerate(influences):
        if influence is None:
            continue
        for first in np.flatnonzero(trials.earlier(later)).tolist():
            before = influences[first]
            row: Row = {"moment": names[first], "next_moment": names[later]}
            row["earlier_effect"] = None if before is None else float(before.values.mean())
            had, there = trials.happened[:, first], trials.reached[:, trials.sub_step_of[first]]
            found = _tried(trials, influence, had, there)
            if found is not None:
                yield row | {"is_only_way": False}, found
            elif had[influence.rows].mean() >= ONLY_WAY:
                yield row | {"is_only_way": True} | _alone(trials, influence.among(had)), None


def _tried(trials: Trials, influence: Influence, inside: Bools, known: Bools) -> Contrast | None:
    part = influence.among(known)
    return contrast(part, inside[part.rows], trials.mission[part.rows], trials.customer[part.rows])


def _alone(trials: Trials, part: Influence) -> Row:
    effect, error = float(part.values.mean()), clustered_error(part.values, trials.customer[part.rows])
    counts = {"journeys": len(part.rows), "exposed": int(part.treated.sum())}
    return counts | _ends("effect", "ci", effect, error)


# -- rows -------------------------------------------------------------------------------------------------------------


def _figures(found: Contrast | None, q_value: Iterator[float]) -> Row:
    """A contrast's columns; the next of the q values is its own."""
    if found is None:
        return {"verdict": None}
    own = next(q_value)
    return {
        "journeys": found.journeys,
        "exposed": found.exposed,
        **_ends("effect", "ci", found.effect, found.error),
        **_ends("other_effect", "other_ci", found.other_effect, found.other_error),
        **_ends("difference", "difference_ci", found.difference, found.difference_error),
        "p_value": found.p_value(),
        "q_value": own,
        "verdict": verdict(found.difference, own),
    }


def _ends(name: str, interval: str, middle: float, error: float) -> Row:
    return {name: middle, f"{interval}_low": middle - Z95 * error, f"{interval}_high": middle + Z95 * error}


def _table(rows: list[Row], columns: tuple[str, ...]) -> "pa.Table":
    """Rows as a table of these columns; the kind of a column follows its name."""
    import pyarrow as pa

    reals = (*_CONTRAST, "earlier_effect")
    kinds = dict.fromkeys(_COUNTS, pa.int64()) | dict.fromkeys(reals, pa.float64()) | {"is_only_way": pa.bool_()}
    arrays = [
        pa.array([row.get(name) for row in rows], kinds.get(name, pa.string()), from_pandas=True) for name in columns
    ]
    return pa.table(dict(zip(columns, arrays, strict=True)))
