"""docs/dirt.md tells what the tests show: every row of its tables names its test, and every setting exists."""

import re
from pathlib import Path

from pipeline.settings import SourceSettings

ROOT = Path(__file__).resolve().parents[2]
ROWS = [
    [cell.strip() for cell in line[1:-1].split("|")]
    for line in (ROOT / "docs" / "dirt.md").read_text("utf-8").splitlines()
    if line.startswith("| ") and not line.startswith("| what arrives")
]


def test_every_row_has_its_test() -> None:
    text = "".join(path.read_text("utf-8") for path in sorted((ROOT / "tests" / "unit").glob("test_dirt_*.py")))
    tests = set(re.findall(r"^def test_(\w+)", text, re.M))
    named = [row[4].strip("`") for row in ROWS]
    assert len(named) > 30
    assert set(named) <= tests, set(named) - tests
    assert len(set(named)) == len(named)


def test_every_setting_exists() -> None:
    named = {name for row in ROWS for name in re.findall(r"`(\w+)(?: = [^`]+)?`", row[3])}
    assert {"dates", "decimals", "time_zone", "largest_file", "missing"} <= named
    assert named <= set(SourceSettings.model_fields)
