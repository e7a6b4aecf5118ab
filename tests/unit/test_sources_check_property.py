"""Whatever happens to a delivery: `landmark sources check` tells what it is, and reads it by what it proposes."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.onboarding.check_words import told
from tests.unit.dirt_case import NIGHT
from tests.unit.ingest_case import Case
from tests.unit.test_dirt_property import FILE, HOW, TOLD, delivered
from tests.unit.test_sources_check import checked, pasted

PLACES = (
    f"web/events/{NIGHT}",
    f"web/clicks/{NIGHT}",
    f"partner/shop/{NIGHT}",
    f"crm/klanten/{NIGHT}",
    "web",
    "odd/events",
)


def check(root: Path, told_of: dict[str, Any], files: list[tuple[str, tuple[Any, ...]]]) -> None:
    """Two checks, the second with what the first proposes; every row is accounted for in both."""
    shutil.rmtree(root, ignore_errors=True)
    for number, (place, (form, *changes)) in enumerate(files):
        Case(root).deliver(f"{place}/{number:02}.{form}", delivered(number, form, *changes))
    Case(root).deliver(f"web/events/{NIGHT}/good.csv", "messageId,type,anonymousId,timestamp\nm,page,a,2026-01-01\n")
    given_ = {"web": told_of, "crm": {"missing": "warn"}}
    found = checked(root, **given_)
    for table in found.tables:
        assert table.fates["arrived"] == sum(count for fate, count in table.fates.items() if fate != "arrived")
    lines = told(found)
    assert all(line.isprintable() for line in lines)
    if any(line.startswith("Settings to add") for line in lines):
        proposed: dict[str, Any] = pasted(found)["sources"]  # type: ignore[assignment]
        both = {name: given_.get(name, {}) | proposed.get(name, {}) for name in given_.keys() | proposed.keys()}
        assert told(checked(root, **both))


FILES = st.lists(st.tuples(st.sampled_from(PLACES), FILE), min_size=12, max_size=12)


@settings(max_examples=3, derandomize=True, **HOW)
@given(st.sampled_from(TOLD), FILES)
def test_any_change_of_a_delivery_is_told(tmp_path: Path, told_of: dict[str, Any], files: list[Any]) -> None:
    check(tmp_path / "case", told_of, files)


@pytest.mark.slow
@settings(max_examples=60, **HOW)
@given(st.sampled_from(TOLD), FILES)
def test_hundreds_of_changes_are_told(tmp_path: Path, told_of: dict[str, Any], files: list[Any]) -> None:
    check(tmp_path / "case", told_of, files)
