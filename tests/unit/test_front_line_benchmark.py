"""The benchmark of what can still happen: it runs on a published night, and counts what it says it counts."""

import importlib
import sys
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def benchmark(monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]  # noqa: ANN201
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    sys.modules.pop("front_line", None)
    return importlib.import_module("front_line")


def test_it_counts_what_came_and_was_told_of(benchmark) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
    row = {"day": date(2026, 6, 1), "journey_id": "j1", "moment": "a", "came": True, "told": 0.5, "is_told": True}
    row |= {"by_map": 1.0, "is_by_map": True}
    rows = [
        row,
        row | {"moment": "b", "told": 0.0, "is_told": False, "by_map": 0.0},
        row | {"moment": "c", "came": False},
    ]
    text = "\n".join(benchmark.lines(pd.DataFrame(rows)))
    assert "1 open journeys; of 3 moments that had not happened on them, 2 came" in text
    assert "| ours | 0.500 | 2.00 | 0.5000 |" in text
    assert "| the map alone | 1.000 | 3.00 | 0.6667 |" in text
    assert "| 0.50 to 0.60 | 2 | 0.500 | 0.500 |" in text
