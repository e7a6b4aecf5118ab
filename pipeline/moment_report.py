"""What the report says of feelings: the curve along the journey, what is remembered, and what leads to what."""

from typing import Any

from pipeline import words

Row = dict[str, Any]
SHOWN = 10  # moments of a mission, the most memorable first
TESTED = 20  # pairs of moments: the strongest; more than that nobody reads


def values(tables: dict[str, list[Row]]) -> dict[str, Any]:
    """What the sections on feelings and on connected moments show."""
    return {
        "curves": curves(tables["emotion_curve"], tables["moment_memory"]),
        "connections": sorted(tables["connected_moments"], key=lambda row: row["position"])[:TESTED],
        "map_warnings": sorted(tables["map_warnings"], key=lambda row: (row["moment_position"], row["warning"])),
    }


def curves(curve: list[Row], memory: list[Row]) -> list[Row]:
    """One group a mission, all journeys first: its curve, chart, peak and end, and its most memorable moments."""
    groups: dict[str, Row] = {}
    for row in sorted([*curve, *memory], key=lambda row: (row["mission_position"], row["mission"])):
        fresh = {"mission": row["mission"], "label": row["mission_label"], "curve": [], "moments": []}
        group = groups.setdefault(row["mission"], fresh)
        group["curve" if "sub_step" in row else "moments"].append(row)
    return [_group(group) for group in groups.values()]


def _group(group: Row) -> Row:
    curve = sorted(group["curve"], key=lambda row: row["position"])
    moments = sorted(group["moments"], key=lambda row: row["place"])
    return group | {
        "curve": curve,
        "chart": [_point(row) for row in curve],
        "peak": next((row for row in curve if row["is_peak"]), None),
        "end": next((row for row in curve if row["is_end"]), None),
        "moments": [row for row in moments if row["is_clear"]][:SHOWN],
    }


def _point(row: Row) -> Row:
    kind = "peak" if row["is_peak"] else "end" if row["is_end"] else "step"
    return {
        "position": row["position"],
        "sub_step": words.heading(row["sub_step"]),
        "felt": row["mean_valence"],
        "low": row["low"],
        "high": row["high"],
        "ordinary": row["ordinary_valence"],
        "kind": kind,
    }
