"""Marts of feelings and connected moments for tests of the report."""

import pyarrow as pa

TEXT, WHOLE, REAL, YES = pa.string(), pa.int64(), pa.float64(), pa.bool_()
KINDS = {
    "emotion_curve": dict.fromkeys(("mission", "step", "sub_step"), TEXT)
    | dict.fromkeys(("position", "felt"), WHOLE)
    | dict.fromkeys(("mean_valence", "low", "high", "ordinary_valence", "acted_share"), REAL)
    | dict.fromkeys(("is_peak", "is_end"), YES),
    "moment_memory": dict.fromkeys(("mission", "step", "sub_step", "moment"), TEXT)
    | dict.fromkeys(("journeys", "felt", "delight_told", "delights"), WHOLE)
    | dict.fromkeys(("mean_valence", "departure", "departure_low", "departure_high", "acted_share"), REAL)
    | dict.fromkeys(("spoken_share", "usual_spoken_share", "memorability", "low", "high"), REAL),
    "connected_moments": dict.fromkeys(("mission", "moment", "next_moment", "brand", "channel"), TEXT)
    | dict.fromkeys(("next_brand", "next_channel", "verdict"), TEXT)
    | dict.fromkeys(("journeys", "exposed", "both_journeys"), WHOLE)
    | dict.fromkeys(("share", "chance_without", "effect", "ci_low", "ci_high", "q_value"), REAL)
    | {"is_only_way": YES},
    "map_warnings": {"moment": TEXT, "warning": TEXT, "figure": REAL, "journeys": WHOLE},
}
Rows = dict[str, list[dict[str, object]]]


def remembered(moment: str, **changes: object) -> dict[str, object]:
    row = {"mission": "ALL", "step": "stay", "sub_step": "desk", "moment": moment, "journeys": 900, "felt": 120}
    felt = {"mean_valence": -0.2, "departure": -0.9, "departure_low": -1.1, "departure_high": -0.7}
    spoken = {"acted_share": 0.4, "spoken_share": 0.3, "usual_spoken_share": 0.2, "delight_told": 40, "delights": 12}
    return row | felt | spoken | {"memorability": 0.55, "low": 0.45, "high": 0.6} | changes


def felt(name: str) -> Rows:
    """A curve of two sub-steps, memories, a connection whose brand is `name`, and a warning."""
    point = {"mission": "ALL", "step": "stay", "felt": 90, "low": -0.3, "high": 0.4, "ordinary_valence": 0.1}
    ends = {"acted_share": 0.0, "is_peak": False, "is_end": False}
    pair = {"mission": "ALL", "moment": "long_queue", "next_moment": "photo_sent", "brand": name, "channel": name}
    after = {"next_brand": "Acme", "next_channel": "email", "is_only_way": False, "verdict": "lowers"}
    counts = {"journeys": 900, "exposed": 300, "both_journeys": 60, "share": 0.333}
    effect = {"chance_without": 0.41, "effect": -0.21, "ci_low": -0.26, "ci_high": -0.16, "q_value": 0.001}
    return {
        "emotion_curve": [
            point | ends | {"sub_step": "door", "position": 0, "mean_valence": -0.25, "is_peak": True},
            point | ends | {"sub_step": "desk", "position": 1, "mean_valence": 0.21, "is_end": True},
            point | ends | {"sub_step": "attic", "position": 2, "mean_valence": 0.77, "felt": 4},
        ],
        "moment_memory": [
            remembered("long_queue"),
            remembered("photo_sent", delights=3, low=0.1),
            remembered("early_desk", memorability=0.2, low=0.0),
            remembered("rare_thing", journeys=4, memorability=0.99, low=0.98),
        ],
        "connected_moments": [
            pair | after | counts | effect,
            pair | after | counts | effect | {"next_moment": "early_desk", "exposed": 4, "effect": -0.777},
        ],
        "map_warnings": [{"moment": "rare_thing", "warning": "never_happens", "figure": 0.0, "journeys": 0}],
    }
