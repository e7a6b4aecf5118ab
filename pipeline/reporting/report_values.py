"""What the report's templates are given, made of its tables: groups, orders, charts, how a figure is traced."""

import shlex
from math import ceil, floor
from typing import Any

from pipeline import words
from pipeline.context import Run
from pipeline.reporting import (
    bars,
    factor_report,
    findings_report,
    map_report,
    mission_report,
    moment_report,
    worth_report,
)

Row = dict[str, Any]
Tables = dict[str, list[Row]]
WORTH_SEEING = 0.05  # a smaller effect is rarely worth a project; one that may be larger is told as a blind spot
STEP = 5  # the scale of all forest plots ends at a multiple of so many customers of 100
GAPS, TICKS = (5, 10, 20, 50), 8  # apart are its labels, at most so many of them


def values(run: Run, tables: Tables) -> Row:
    """All that the templates may name; documented by reading it."""
    rankings = _rankings(run, tables["ranking"])
    return {
        "brand": words.clean(run.journey_map.brand),
        "currency": run.journey_map.currency,
        "night": run.night,
        "horizon_days": run.journey_map.horizon_days,
        "journey": run.journey_map,
        "small_group": run.settings.small_group,
        "worth_seeing": WORTH_SEEING,
        "facts": tables["facts"][0],
        **what_to_do(run, tables),
        "rankings": rankings,
        "scale": scale(rankings),
        "ticks": ticks(**scale(rankings)),
        "cannot_tell": by_mission(sorted(tables["cannot_tell"], key=lambda row: row["moment_position"])),
        **mission_report.values(tables, run.journey_map.currency),
        **map_report.values(tables),
        **moment_report.values(tables),
        **findings_report.values(tables),
        **factor_report.values(tables),
        "front_line": sorted(tables["front_line"], key=lambda row: (-row["customers"], row["moment"], row["mission"])),
        "front_line_counts": tables["front_line_counts"][0],
        "diagnostics": _diagnostics(run, tables["diagnostics"]),
        "arrivals": tables["arrivals"],
        "set_aside": sorted(tables["set_aside"], key=lambda row: -row["rows_count"]),
        "checks": tables["check_outcomes"],
        "valence": map_report.valence,
    }


def what_to_do(run: Run, tables: Tables, audience: str = "") -> Row:
    """The moments to invest in and those to stop polishing, as an audience is told them; '' is the report itself."""
    rated = {(row["mission"], row["moment"]): row for row in tables["ranking"]}
    named = [row for row in tables["headline"] if row["audience"] == audience]
    invest = [_worthy(run, rated[row["mission"], row["moment"]] | row) for row in named]
    stops = sorted((row for row in tables["stop_list"] if row["audience"] == audience), key=_stop_order)
    stops = [row | {"command": command(run, row)} for row in stops]
    return {
        "invest": sorted(invest, key=lambda row: row["position"]),
        "stops": [row for row in stops if row["mission"] == "ALL" and row["is_clear"]],
        "open_stops": [row for row in stops if row["mission"] == "ALL" and not row["is_clear"]],
        "mission_stops": by_mission([row for row in stops if row["mission"] != "ALL" and row["is_clear"]]),
    }


def _worthy(run: Run, row: Row) -> Row:
    worth = worth_report.told(row, run.journey_map.horizon_days, run.journey_map.currency)
    return row | {"worth": worth, "command": command(run, row)}


def _stop_order(row: Row) -> tuple[Any, ...]:
    """Where a plain comparison would mislead most comes first: that is where effort is wasted."""
    return (row["mission_position"], -abs(row["naive_difference"] or 0.0), row["moment"])


def by_mission(rows: list[Row]) -> list[Row]:
    """The rows grouped: one {mission, label, rows} a mission, all journeys first, then the largest mission."""
    groups: dict[str, Row] = {}
    for row in sorted(rows, key=lambda row: (row["mission_position"], row["mission"])):
        group = groups.setdefault(
            row["mission"], {"mission": row["mission"], "label": row["mission_label"], "rows": []}
        )
        group["rows"].append(row)
    return list(groups.values())


def command(run: Run, row: Row) -> str:
    """What to type to see how the figure of a moment on a mission came about."""
    mission = "" if row["mission"] == "ALL" else f" --mission {shlex.quote(row['mission'])}"
    return f"landmark explain moment {shlex.quote(row['moment'])}{mission} --night {run.night}"


def _rankings(run: Run, ranking: list[Row]) -> list[Row]:
    """One group a mission: its moments by rank, what it cannot tell last, and of those told the rows of the plot."""
    groups = by_mission(
        sorted(ranking, key=lambda r: (r["rank"] is None, r["rank"] or 0, r["verdict"], r["moment_position"]))
    )
    for group in groups:
        group["rows"] = [_rated(run, row) for row in group["rows"]]
        group["told"] = [row for row in group["rows"] if row["bar"]]
        group["named"] = [row for row in group["told"] if row["verdict"] in ("drives", "harms")]
    return groups


def _rated(run: Run, row: Row) -> Row:
    is_told = row["verdict"] != "cannot_tell" and row["effect"] is not None
    return row | {
        "worth": worth_report.cell(row),
        "command": command(run, row),
        "bar": bars.bar(row, row["moment"], words.heading(row["moment"])) if is_told else None,
    }


def scale(rankings: list[Row]) -> Row:
    """The ends of the scale that all forest plots share, so that missions can be compared."""
    drawn = [row["bar"] for group in rankings for row in group["told"]]
    ends = [bar[name] for bar in drawn for name in ("low", "high")]
    ends += [bar["naive"] for bar in drawn if bar["is_misleading"]]
    low, high = min([*ends, 0.0]), max([*ends, 0.0])
    low, high = floor(low / STEP - 0.1) * STEP, ceil(high / STEP + 0.1) * STEP
    return {"low_end": low, "high_end": high, "gap": next((g for g in GAPS if (high - low) / g <= TICKS), GAPS[-1])}


def ticks(low_end: int, high_end: int, gap: int) -> list[Row]:
    """The labels of that scale, at multiples of gap."""
    places = range(-(-low_end // gap) * gap, high_end + 1, gap)
    return [{"points": place, "label": words.signed(place / 100)} for place in places]


def _diagnostics(run: Run, rows: list[Row]) -> dict[str, list[Row]]:
    """By moment, how good the comparison is on each mission."""
    found: dict[str, list[Row]] = {}
    for row in sorted(rows, key=lambda row: (row["mission_position"], row["mission"])):
        found.setdefault(row["moment"], []).append(row | {"command": command(run, row)})
    return found
