"""Every table that a stage keeps has a suite of expectations, or stands in its UNCHECKED with the reason why not."""

import ast
import importlib
from collections.abc import Iterator
from pathlib import Path

import pytest

import pipeline
from pipeline.sources.forms import FORMS
from pipeline.stages import STAGES
from pipeline.stages.marts import MARTS
from tests.quality.test_expectations import run

PACKAGE = Path(pipeline.__file__).resolve().parent
# pull has the deliverers' own words, report and deliver tell what marts hold: their tables are no one's input
CHECKED = STAGES[STAGES.index("ingest") : STAGES.index("report")]


def kept(path: Path) -> Iterator[str]:
    """The tables <stage>.<table> that a module makes and keeps: session.model and session.put, carried.take."""
    stage = path.parent.name if path.parent.name in STAGES else path.stem
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args):
            continue
        drops = any(each.arg == "keep" and getattr(each.value, "value", True) is False for each in node.keywords)
        first = node.args[0]
        of_session = node.func.attr in ("model", "put") and ast.unparse(node.func.value).endswith("session")
        if of_session and not drops:
            yield from names(first, ast.unparse(first))
        elif node.func.attr == "take" and ast.unparse(node.func.value) == "carried":
            yield from (f"{stage}.{name}" for name in names(first, ast.unparse(first)))


def names(node: ast.expr, text: str) -> Iterator[str]:
    """A table's name, or all that a name with a part in it can be; raises where it is written in another way."""
    if isinstance(node, ast.Constant):
        yield str(node.value)
    else:
        yield from WRITTEN[text]


WRITTEN = {
    "name": [f"ingest.{form.name}" for form in FORMS],
    "TABLE": ["ranking.trials", "ranking.moment_ranking"],
    "f'ingest.{name}'": [f"ingest.{form.name}" for form in FORMS],
    "f'marts.{mart}'": [f"marts.{mart}" for mart in MARTS],
    "f'marts.{HISTORY}'": ["marts.check_history"],
    "f'{stage}.usual'": ["ingest.usual", "identity.usual"],
    "f'{session.schema}.checks'": [],  # the outcomes themselves
    "f'{session.schema}.notes'": ["ingest.notes"],
    "f'identifiers_{graph}'": ["identifiers_strict", "identifiers_loose"],
    "f'journeys.regrouped_{table}'": [
        f"journeys.regrouped_{table}" for table in ("touchpoints", "journeys", "moments", "sub_steps")
    ],
    "f'report.{name}'": [],
}


def every_table() -> list[str]:
    """All tables that are kept, of stages whose tables others read."""
    found = {table for path in sorted(PACKAGE.rglob("*.py")) for table in kept(path)}
    return sorted(table for table in found if table.partition(".")[0] in CHECKED and not table.endswith(".checks"))


@pytest.mark.parametrize("table", every_table())
def test_a_table_has_a_suite_or_a_reason_why_not(table: str) -> None:
    stage, _, name = table.partition(".")
    module = importlib.import_module(f"expectations.{stage}")
    reasons = getattr(module, "UNCHECKED", {})
    assert bool(module.suites(run()).get(name)) != bool(reasons.get(name)), "either a suite, or a reason"


@pytest.mark.parametrize("stage", CHECKED)
def test_a_suite_is_of_a_table_that_is_kept(stage: str) -> None:
    module = importlib.import_module(f"expectations.{stage}")
    named = {f"{stage}.{table}" for table in [*module.suites(run()), *getattr(module, "UNCHECKED", {})]}
    arrive = {f"ingest.{form.name}" for form in FORMS}
    assert named - set(every_table()) - arrive == set()
