"""Every expectation of every stage is shown to pass on a good row and to fail on a bad one."""

import importlib
import pkgutil
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import expectations
from pipeline.context import Run
from pipeline.errors import QualityError
from pipeline.journey_map import load_journey_map
from pipeline.quality import expectations_of, validate
from pipeline.settings import load_settings

MAP = Path(__file__).parent.parent.parent / "pipeline" / "demo" / "journey_map.yml"
STAGES = sorted(module.name for module in pkgutil.iter_modules(expectations.__path__))


def run() -> Run:
    settings = load_settings({"LANDMARK_HASH_KEY": "k"}, journey_map=MAP)
    return Run(date(2026, 6, 28), settings, load_journey_map(MAP))


def all_expectations() -> list[Any]:
    found = []
    for stage in STAGES:
        for table, suite in importlib.import_module(f"expectations.{stage}").suites(run()).items():
            for nth, one in enumerate(suite):
                found.append(pytest.param(one, id=f"{stage}.{table}.{nth}.{type(one).__name__}"))
    return found


def good_and_bad(one: Any) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A table that satisfies the expectation, and one that does not; of measures, a table with another one's rows."""
    good, bad = of_columns(one)
    if measure := (one.meta or {}).get("measure"):
        named = {"table_name": "crm/orders", "measure": measure, "column_name": "", "told": "30 rows"}
        other = bad.assign(**named | {"measure": "another"})
        good, bad = (pd.concat([frame.assign(**named), other]) for frame in (good, bad))
    return good, bad


def of_columns(one: Any) -> tuple[pd.DataFrame, pd.DataFrame]:
    name = type(one).__name__.removeprefix("Expect")
    if name == "ColumnValuesToNotBeNull":
        return pd.DataFrame({one.column: ["x"] * 1000}), pd.DataFrame({one.column: ["x"] + [None] * 999})
    if name == "ColumnValuesToBeUnique":
        return pd.DataFrame({one.column: ["a", "b"]}), pd.DataFrame({one.column: ["a", "a"]})
    if name == "CompoundColumnsToBeUnique":
        columns = one.column_list
        return (
            pd.DataFrame({c: ["a", "b"] for c in columns}),
            pd.DataFrame({c: ["a", "a"] for c in columns}),
        )
    if name == "ColumnValuesToBeInSet":
        return pd.DataFrame({one.column: [one.value_set[0]]}), pd.DataFrame({one.column: ["no such value"]})
    if name == "ColumnValuesToBeBetween":
        return between(one)
    if name == "ColumnPairValuesAToBeGreaterThanB":
        early, late = pd.Timestamp("2026-01-01"), pd.Timestamp("2026-01-02")
        return (
            pd.DataFrame({one.column_A: [late], one.column_B: [early]}),
            pd.DataFrame({one.column_A: [early], one.column_B: [late]}),
        )
    if name == "TableRowCountToBeBetween":
        least = one.min_value or 0
        bad = least - 1 if one.min_value else one.max_value + 1
        return pd.DataFrame({"x": range(least)}), pd.DataFrame({"x": range(bad)})
    if name == "ColumnValuesToMatchRegex":
        return matching(one)
    raise AssertionError(f"no bad row is known for {name}: add one here")


def between(one: Any) -> tuple[pd.DataFrame, pd.DataFrame]:
    edge = one.min_value if one.min_value is not None else one.max_value
    sign = -1 if one.min_value is not None else 1
    step = pd.Timedelta(days=1) if not isinstance(edge, int | float) else 1
    edge = pd.Timestamp(edge) if not isinstance(edge, int | float) else edge
    return pd.DataFrame({one.column: [edge - sign * step * 0]}), pd.DataFrame({one.column: [edge + sign * step]})


def matching(one: Any) -> tuple[pd.DataFrame, pd.DataFrame]:
    samples = [
        "C0123456789abcdef",
        "a",
        "A",
        "USD",
        "2026-01-01",
        "a" * 64,
        "C" + "0" * 16,
        "a_b",
        "bad_time: x",
        "note: x",
    ]
    import re

    good = next(s for s in samples if re.search(one.regex, s))
    return pd.DataFrame({one.column: [good]}), pd.DataFrame({one.column: ["~ !"]})


@pytest.mark.parametrize("one", all_expectations())
def test_expectation_passes_on_good_rows_and_fails_on_bad_ones(one: Any) -> None:
    good, bad = good_and_bad(one)
    assert validate("t", good, [one])[0].success
    assert not validate("t", bad, [one])[0].success
    assert validate("t", bad, [one])[0].reason, "an expectation without a reason beside it"


def test_a_broken_check_is_not_bad_data() -> None:
    import great_expectations.expectations as gxe

    with pytest.raises(QualityError, match="is broken"):
        validate("t", pd.DataFrame({"a": [1]}), [gxe.ExpectColumnValuesToNotBeNull(column="no_such_column")])


def test_each_row_of_a_measure_is_a_check_of_its_own_with_what_was_seen() -> None:
    one = next(each for each in expectations_of("identity", run())["usual"] if each.meta["measure"] == "known")
    rows = [("web/events", "", 0.0, "fine"), ("social/posts", "", 0.2, "12 %; usual 45 %"), ("x/y", "z", None, "")]
    frame = pd.DataFrame(rows, columns=["table_name", "column_name", "excess", "told"]).assign(measure="known")
    checked = validate("identity.usual", frame, [one])
    assert [(each.table_name, each.column_name, each.success, each.observed) for each in checked] == [
        ("identity.web/events", "known", True, "fine"),
        ("identity.social/posts", "known", False, "12 %; usual 45 %"),
    ]
    assert {each.severity for each in checked} == {"warning"}
