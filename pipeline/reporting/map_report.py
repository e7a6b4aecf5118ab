"""What the report says of the journey map, per mission: who gets where, how that feels, what matters, what hurts."""

import json
from collections.abc import Iterable
from math import ceil
from typing import Any

from pipeline import words
from pipeline.estimators.mission_names import shown, signal_in_words

Row = dict[str, Any]
Key = tuple[str, str]  # mission and sub-step
SHOWN_SIGNS = 3
LEAST_ACTED = 0.05  # of those who get there; fewer is no pain point
PAPER_COLUMNS = 10  # that fit on a page
COLUMN = 104  # width of a sub-step's column in the curve, in pixels
_GIVEN_AWAY = {
    "topics": "reads about {}",
    "category": "buys {}",
    "category_before": "bought {} before",
    "entry": "comes by {}",
    "device": "uses a {}",
    "contacts": "asks by {}",
    "partners": "met {} before",
}
_ACTED = {
    "rage_click": "clicking in anger",
    "repeated_contact": "asking again and again",
    "abandoned_step": "giving up a step",
    "waiting": "waiting",
}


def values(tables: dict[str, list[Row]]) -> Row:
    """maps: one a mission, all journeys first, each with its columns (a sub-step each) in the order of the map."""
    curve = {(row["mission"], row["sub_step"]): row for row in tables["emotion_curve"]}
    moments: dict[Key, list[Row]] = {}
    for row in sorted(tables["ranking"], key=lambda row: row["moment_position"]):
        moments.setdefault((row["mission"], row["sub_step"]), []).append(row)
    maps: dict[str, Row] = {}
    for row in sorted(
        tables["journey_map"], key=lambda row: (row["mission_position"], row["mission"], row["position"])
    ):
        known = {"mission": row["mission"], "label": row["mission_label"], "journeys": row["journeys"], "columns": []}
        key = (row["mission"], row["sub_step"])
        place = row | {"felt": curve.get(key), "moments": moments.get(key, [])}
        maps.setdefault(row["mission"], known)["columns"].append(place)
    signals = {row["mission"]: row["signals"] for row in tables["missions"]}
    return {"maps": [_map(group, signals.get(group["mission"]), tables["acted_signs"]) for group in maps.values()]}


def pains(place: Row, lowest: float) -> list[str]:
    """What hurts at a sub-step: moments that do harm, the low point of feeling, and feelings that many act out."""
    felt = place["felt"]
    harms = [words.heading(row["moment"]) for row in place["moments"] if row["verdict"] == "harms"]
    is_low = felt is not None and felt["mean_valence"] == lowest and felt["high"] < felt["ordinary_valence"]
    is_acted = felt is not None and felt["acted_share"] >= LEAST_ACTED
    return [
        *harms,
        *(["Low point: feels worst"] if is_low else []),
        *([f"Acted out by {words.percent(felt['acted_share'])}"] if felt is not None and is_acted else []),
    ]


def _map(group: Row, signals: str | None, acted: Iterable[Row]) -> Row:
    felt = [place["felt"] for place in group["columns"] if place["felt"]]
    lowest = min((row["mean_valence"] for row in felt), default=0.0)
    columns = [place | {"pains": pains(place, lowest)} for place in group["columns"]]
    return (
        group
        | part(columns)
        | {
            "parts": [part(some) for some in in_parts(columns)],
            "signs": signs(signals),
            "acted": acted_signs([row for row in acted if row["mission"] == group["mission"]]),
            "peak": next((row for row in felt if row["is_peak"]), None),
            "end": next((row for row in felt if row["is_end"]), None),
        }
    )


def part(columns: list[Row]) -> Row:
    """Some of a map's columns, with the steps above them and the curve across them."""
    steps = list(dict.fromkeys(place["step"] for place in columns))
    return {
        "columns": columns,
        "steps": [{"step": step, "span": sum(place["step"] == step for place in columns)} for step in steps],
        "chart": [point(place["felt"], nth) for nth, place in enumerate(columns) if place["felt"]],
        "width": COLUMN * len(columns),
    }


def in_parts(columns: list[Row]) -> list[list[Row]]:
    """The columns as paper takes them: as few parts as may be, of as many columns each."""
    size = ceil(len(columns) / max(1, ceil(len(columns) / PAPER_COLUMNS))) or 1
    return [columns[start : start + size] for start in range(0, len(columns), size)]


def signs(signals: str | None) -> list[str]:
    """What gives the mission away: its most telling signals, this mission's share beside the others'."""
    found = [row for row in json.loads(signals or "[]") if row.get("is") and row["lift"] > 1]
    return [
        f"{_sign(row)} ({words.percent(row['share'])}, others {words.percent(row['share_of_others'])})"
        for row in found[:SHOWN_SIGNS]
    ]


def _sign(row: Row) -> str:
    said = _GIVEN_AWAY.get(row["signal"])
    return said.format(shown(row["is"])) if said else f"{signal_in_words(row['signal'])}: {shown(row['is'])}"


def acted_signs(rows: list[Row]) -> list[str]:
    """What customers do that tells how they feel, the most frequent first."""
    ordered = sorted(rows, key=lambda row: (-row["journeys"], row["kind"]))
    return [
        f"{_ACTED.get(row['kind'], words.plain(row['kind']))} ({words.percent(row['acted_share'])})" for row in ordered
    ]


def point(felt: Row, position: int) -> Row:
    """A chart's row: what is felt at the sub-step in that column, with its interval and what is ordinary."""
    return {
        "position": position,
        "felt": felt["mean_valence"],
        "low": felt["low"],
        "high": felt["high"],
        "ordinary": felt["ordinary_valence"],
        "kind": "peak" if felt["is_peak"] else "end" if felt["is_end"] else "step",
        "told": valence(felt["mean_valence"]),
    }


def valence(value: float) -> str:
    """A feeling from −1 to +1, with its sign."""
    return f"{value:+.2f}".replace("-", "−")
