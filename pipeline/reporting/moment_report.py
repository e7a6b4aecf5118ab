"""What the report says of single moments: what is remembered of them, and what one leads to."""

from typing import Any

Row = dict[str, Any]
SHOWN = 10  # moments of a mission, the most memorable first
TESTED = 20  # pairs of moments: the strongest; more than that nobody reads


def values(tables: dict[str, list[Row]]) -> dict[str, Any]:
    """What the sections on memories and on connected moments show."""
    return {
        "memories": memories(tables["moment_memory"]),
        "connections": sorted(tables["connected_moments"], key=lambda row: row["position"])[:TESTED],
        "map_warnings": sorted(tables["map_warnings"], key=lambda row: (row["moment_position"], row["warning"])),
    }


def memories(memory: list[Row]) -> list[Row]:
    """One group a mission, all journeys first: the moments that surely leave a trace, the most memorable first."""
    groups: dict[str, Row] = {}
    for row in sorted(memory, key=lambda row: (row["mission_position"], row["mission"], row["place"])):
        group = groups.setdefault(
            row["mission"], {"mission": row["mission"], "label": row["mission_label"], "rows": []}
        )
        if row["is_clear"] and len(group["rows"]) < SHOWN:
            group["rows"].append(row)
    return [group for group in groups.values() if group["rows"]]
