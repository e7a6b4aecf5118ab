"""The only door to great_expectations: runs a stage's suites on its tables with the pandas engine.

A suite is a list of expectations for one table, in expectations/<stage>.py: `suites(run)` gives them by table. The
severity decides: a critical one that fails stops the night, a warning reaches the report. An expectation that could
not be evaluated is a broken check and always stops the night: it says nothing about the data.

An expectation of a table <stage>.usual (see measures.py) is of one measure, named in its meta: each of that measure's
rows is a check of its own, of the table and column that the row is about.
"""

import atexit
import gc
import importlib
import importlib.util
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any

from pipeline.context import Run
from pipeline.errors import QualityError
from pipeline.warehouse import Session

if TYPE_CHECKING:
    import pandas as pd

CHECKS_COLUMNS = ("table_name", "expectation", "column_name", "severity", "success", "unexpected", "observed", "reason")

MEASURED = ("table_name", "measure", "column_name", "told")


@dataclass(frozen=True)
class Checked:
    """One expectation's outcome; `rows` holds the positions (0-based) of the rows that failed a row expectation."""

    table_name: str
    expectation: str
    column_name: str
    severity: str
    success: bool
    unexpected: int
    observed: str
    reason: str
    rows: tuple[int, ...] = ()


def expectations_of(stage: str, run: Run) -> dict[str, list[Any]]:
    """The stage's suites by table; none where the stage has no file of expectations."""
    if importlib.util.find_spec(f"expectations.{stage}") is None:
        return {}
    _quiet()
    suites = importlib.import_module(f"expectations.{stage}").suites(run)
    return dict(suites)


def columns_of(suite: Sequence[Any]) -> list[str]:
    """The columns that a suite looks at, sorted."""
    names: set[str] = set(MEASURED) if any(_measure(expectation) for expectation in suite) else set()
    for expectation in suite:
        for field in ("column", "column_A", "column_B"):
            name = getattr(expectation, field, None)
            names |= {name} if isinstance(name, str) else set()
        for field in ("column_list", "column_set"):
            names |= set(getattr(expectation, field, None) or ())
    return sorted(names)


def validate(table: str, frame: "pd.DataFrame", suite: Sequence[Any]) -> list[Checked]:
    """Every expectation of the suite on the frame; raises QualityError where a check itself is broken."""
    frame = frame.reset_index(drop=True)
    checked = _validated(table, frame, [expectation for expectation in suite if not _measure(expectation)])
    measured = [expectation for expectation in suite if _measure(expectation)]
    rules = {_rule(expectation): expectation for expectation in measured}
    found = dict(zip(rules, _validated(table, frame, list(rules.values())), strict=True))
    for expectation in measured:
        checked += _each_row(found[_rule(expectation)].rows, _named(table, expectation), frame, expectation)
    return checked


def _validated(table: str, frame: "pd.DataFrame", suite: Sequence[Any]) -> list[Checked]:
    """Every expectation's outcome, all of them computed together."""
    if not suite:
        return []
    from great_expectations import ExpectationSuite

    numbered = [each.copy(update={"meta": (each.meta or {}) | {"nth": nth}}) for nth, each in enumerate(suite)]
    batch = _frames().get_batch(batch_parameters={"dataframe": _in_nanoseconds(frame)})
    done = batch.validate(ExpectationSuite(name=table, expectations=numbered), result_format="COMPLETE")
    by_number = {result.expectation_config.meta["nth"]: result for result in done.results}
    return [_outcome(table, expectation, by_number[nth]) for nth, expectation in enumerate(suite)]


def _measure(expectation: Any) -> str:
    """The measure that an expectation is of; '' for one of a table's rows."""
    return str((expectation.meta or {}).get("measure", ""))


def _rule(expectation: Any) -> str:
    """What an expectation asks, whichever measure it is of."""
    return f"{type(expectation).__name__} {sorted(expectation.configuration.kwargs.items())}"


def is_measured(table_name: str) -> bool:
    """Whether an outcome is of a measure: it is about a table as it was delivered, <stage>.<source>/<table>."""
    return "/" in table_name


def _each_row(failed: Sequence[int], outcome: Checked, frame: "pd.DataFrame", expectation: Any) -> list[Checked]:
    """An outcome on a table of measures as one for each row of its measure that has a figure in the column."""
    stage, found = outcome.table_name.partition(".")[0], []
    is_of = (frame["measure"] == _measure(expectation)) & frame[expectation.column].notna()
    for position in [place for place, holds in enumerate(is_of) if holds]:
        row, fails = frame.iloc[position], position in failed
        of = f"{row['measure']} of {row['column_name']}" if row["column_name"] else str(row["measure"])
        of_row = replace(outcome, table_name=f"{stage}.{row['table_name']}", column_name=of.replace("_", " "))
        found.append(replace(of_row, success=not fails, unexpected=int(fails), observed=str(row["told"])))
    return found


def _in_nanoseconds(frame: "pd.DataFrame") -> "pd.DataFrame":
    """The frame with its times in nanoseconds: others GX compares one by one. Those beyond stand at the edge."""
    import pandas as pd

    first, last = pd.Timestamp.min.ceil("us"), pd.Timestamp.max.floor("us")
    told = frame.copy(deep=False)
    for name in frame.select_dtypes("datetime"):
        within = frame[name].mask(frame[name] < first, first).mask(frame[name] > last, last)
        told[name] = within.astype("datetime64[ns]")
    return told


def _named(table: str, expectation: Any) -> Checked:
    """An expectation that holds."""
    return Checked(
        table_name=table,
        expectation=type(expectation).__name__,
        column_name=", ".join(columns_of([expectation])),
        severity=str(getattr(expectation.severity, "value", expectation.severity)),
        success=True,
        unexpected=0,
        observed="",
        reason=_notes(expectation),
    )


def _outcome(table: str, expectation: Any, result: Any) -> Checked:
    broken = _exception(result.exception_info)
    if broken:
        raise QualityError(
            f"the check {type(expectation).__name__} is broken: {broken}",
            where=table,
            fix="Correct the expectation; this says nothing about the data",
        )
    found = dict(result.result or {})
    rows = found.get("unexpected_index_list") or []
    return replace(
        _named(table, expectation),
        success=bool(result.success),
        unexpected=int(found.get("unexpected_count") or (0 if result.success else 1)),
        observed=_observed(found),
        rows=tuple(sorted({int(row) for row in rows})),
    )


def _exception(info: Any) -> str:
    if not info:
        return ""
    entries = [info] if "raised_exception" in info else list(info.values())
    failed = [e for e in entries if isinstance(e, dict) and e.get("raised_exception")]
    return str(failed[0].get("exception_message")) if failed else ""


def _observed(found: dict[str, Any]) -> str:
    if found.get("observed_value") is not None:
        return str(found["observed_value"])
    examples = found.get("partial_unexpected_list") or []
    return f"{len(examples)} examples withheld" if examples else ""


def _notes(expectation: Any) -> str:
    notes = getattr(expectation, "notes", None)
    return " ".join(notes) if isinstance(notes, list) else str(notes or "")


def check(run: Run, session: Session, stage: str) -> list[Checked]:
    """Runs the stage's suites on what it made (of carried tables, tonight's rows); raises on a critical one."""
    checked: list[Checked] = []
    for table, suite in sorted(expectations_of(stage, run).items()):
        if not session.makes(f"{stage}.{table}"):
            continue
        columns = ", ".join(f'"{name}"' for name in columns_of(suite)) or "1 as one"
        checked += validate(f"{stage}.{table}", session.frame(f"{stage}.{table}", columns), suite)
    stop_on_critical(stage, run, checked)
    return checked


def stop_on_critical(stage: str, run: Run, checked: Sequence[Checked]) -> None:
    """Raises QualityError for the first critical expectation that failed."""
    for one in checked:
        if not one.success and one.severity == "critical":
            raise QualityError(
                f"critical check {one.expectation} failed on {one.column_name or 'the table'}: {one.reason}",
                where=f"{one.table_name}, night {run.night}",
                value=one.observed or f"{one.unexpected} rows",
                fix=f"See expectations/{stage}.py; nothing of this night was published",
            )


def _quiet() -> None:
    """GX logs hundreds of lines when it is imported, and then names its temporary folder."""
    logging.getLogger("great_expectations").setLevel(logging.WARNING)
    logging.getLogger("great_expectations.data_context.types.base").setLevel(logging.CRITICAL)


@cache
def _frames() -> Any:
    """The definition of a batch that is a whole data frame: to make one a frame costs as much as the checks do."""
    _quiet()
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    gc.freeze()  # the import leaves a million objects for good: to walk them again takes longer than the checks
    atexit.register(gc.unfreeze)
    frames = context.data_sources.pandas_default.add_dataframe_asset("frames")
    return frames.add_batch_definition_whole_dataframe("whole")
