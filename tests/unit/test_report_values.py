"""The scale that all forest plots share, and the command that makes a figure again."""

from datetime import date
from typing import Any

import pytest

from pipeline.context import Run
from pipeline.journey_map import JourneyMap
from pipeline.reporting import report_values
from pipeline.settings import Settings


def group(*ends: tuple[float, float], naive: float = 0.0, is_misleading: bool = False) -> list[dict[str, Any]]:
    bars = [{"low": low, "high": high, "naive": naive, "is_misleading": is_misleading} for low, high in ends]
    return [{"told": [{"bar": bar} for bar in bars]}]


def test_the_scale_holds_every_interval_every_ghost_dot_and_zero() -> None:
    assert report_values.scale(group((-3.0, 8.0), (1.0, 12.2))) == {"low_end": -5, "high_end": 15, "gap": 5}
    assert report_values.scale(group((1.0, 8.0)))["low_end"] == -5
    assert report_values.scale(group((1.0, 8.0), naive=31.0, is_misleading=True))["high_end"] == 35
    assert report_values.scale(group((1.0, 8.0), naive=31.0))["high_end"] == 10
    assert report_values.scale([]) == {"low_end": -5, "high_end": 5, "gap": 5}


def test_a_wide_scale_has_few_labels_with_signs() -> None:
    scale = report_values.scale(group((-88.0, 93.0)))
    assert scale == {"low_end": -90, "high_end": 95, "gap": 50}
    assert [row["label"] for row in report_values.ticks(**scale)] == ["−50", "0", "+50"]


@pytest.mark.parametrize(
    ("mission", "told"),
    [
        ("ALL", "landmark explain moment tip --night 2026-06-30"),
        ("work", "landmark explain moment tip --mission work --night 2026-06-30"),
        ("a b; rm x", "landmark explain moment tip --mission 'a b; rm x' --night 2026-06-30"),
    ],
)
def test_the_command_can_be_pasted_into_a_shell(mission: str, told: str) -> None:
    run = Run(date(2026, 6, 30), Settings(hash_key="k"), JourneyMap("Acme", "EUR", 14, 10, 21, 90, ()))
    assert report_values.command(run, {"moment": "tip", "mission": mission}) == told
