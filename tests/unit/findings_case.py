"""Marts of trials, of where and for whom moments matter, and of what changed, for tests of the report."""

from datetime import date, datetime

import pyarrow as pa

TEXT, WHOLE, REAL, YES, TEXTS = pa.string(), pa.int64(), pa.float64(), pa.bool_(), pa.list_(pa.string())
CONTRAST = (
    "effect", "ci_low", "ci_high", "other_effect", "other_ci_low", "other_ci_high", "difference", "q_value",
)  # fmt: skip
KINDS = {
    "trials": dict.fromkeys(("moment", "step", "sub_step", "landmark_version", "map_version", "data_version"), TEXT)
    | dict.fromkeys(("sub_step_when", "moment_when"), TEXT)
    | dict.fromkeys(("eligible", "customers"), WHOLE)
    | dict.fromkeys(("first_ordered_at", "last_ordered_at"), pa.timestamp("us"))
    | dict.fromkeys(("adjusted_for", "earlier_sub_steps", "earlier_moments"), TEXTS),
    "moment_kinds": dict.fromkeys(("mission", "kind", "value"), TEXT)
    | dict.fromkeys(("moments", "drives", "harms"), WHOLE)
    | dict.fromkeys(("effect", "ci_low", "ci_high"), REAL),
    "moment_groups": dict.fromkeys(("moment", "grouping", "value", "verdict"), TEXT)
    | dict.fromkeys(("journeys", "exposed"), WHOLE)
    | dict.fromkeys(CONTRAST, REAL),
    "moment_pairs": dict.fromkeys(("moment", "next_moment", "verdict"), TEXT)
    | {"is_only_way": YES, "earlier_effect": REAL}
    | dict.fromkeys(("journeys", "exposed"), WHOLE)
    | dict.fromkeys(CONTRAST, REAL),
    "ranking_changes": dict.fromkeys(("mission", "moment", "verdict", "previous_verdict"), TEXT)
    | {"previous_night": pa.date32(), "is_same_trial": YES, "has_changed": YES}
    | dict.fromkeys(("effect", "previous_effect", "previous_ci_low", "previous_ci_high"), REAL)
    | dict.fromkeys(("change", "change_ci_low", "change_ci_high"), REAL),
}
Rows = dict[str, list[dict[str, object]]]


def found(region: str) -> Rows:
    """A difference of a region of that name and of a pair, a change, a kind of moments, and a trial."""
    ends = {"effect": 0.18, "ci_low": 0.12, "ci_high": 0.24, "other_effect": 0.02, "other_ci_low": -0.03}
    apart = ends | {"other_ci_high": 0.07, "difference": 0.16, "q_value": 0.01, "verdict": "higher"}
    counts = {"journeys": 400, "exposed": 150}
    kind = {"mission": "ALL", "moments": 2, "drives": 1, "harms": 0} | {
        n: ends[n] for n in ("effect", "ci_low", "ci_high")
    }
    when = {"first_ordered_at": datetime(2025, 1, 6), "last_ordered_at": datetime(2026, 3, 1)}
    asked = {"step": "stay", "sub_step_when": "event = 'desk'", "moment_when": f"outcome like '{region}'"}
    before = {
        "earlier_sub_steps": [],
        "earlier_moments": ["early_desk"],
        "adjusted_for": ["prior_orders", "order:guests"],
    }
    trial = asked | before | {"sub_step": "desk", "eligible": 900, "customers": 800}
    versions = {"landmark_version": "0.1.0", "map_version": "abc123", "data_version": "def456"}
    return {
        "trials": [trial | when | versions | {"moment": "long_queue"}],
        "moment_kinds": [kind | {"kind": "micro_moment", "value": "do"}, kind | {"kind": "step", "value": "stay"}],
        "moment_groups": [
            apart | counts | {"moment": "long_queue", "grouping": "region", "value": region},
            apart | counts | {"moment": "long_queue", "grouping": "member", "value": "member", "exposed": 4},
        ],
        "moment_pairs": [apart | counts | {"moment": "early_desk", "next_moment": "photo_sent", "is_only_way": False}],
        "ranking_changes": [changed("long_queue", True), changed("early_desk", False)],
    }


def changed(moment: str, has_changed: bool) -> dict[str, object]:
    """A change of ten points on the mission work since 29 June 2026."""
    before = {"previous_effect": -0.05, "previous_verdict": "no_detectable_effect", "previous_night": date(2026, 6, 29)}
    now = {"mission": "work", "moment": moment, "effect": -0.155, "verdict": "harms", "is_same_trial": True}
    change = {"change": -0.11, "change_ci_low": -0.15, "change_ci_high": -0.07, "has_changed": has_changed}
    return before | now | change
