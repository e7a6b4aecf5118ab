"""The approval of e-mails: asked for only where an audience's setting says so, and about the letters as they are."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from tests.dags.conftest import DAGS

PARSE = """
import json, sys
from airflow.dag_processing.dagbag import DagBag
bag = DagBag(sys.argv[1])
dag = bag.dags["landmark_report"]
approve = dag.task_dict.get("approve")
print("RESULT " + json.dumps({
    "errors": bag.import_errors,
    "tasks": {name: sorted(task.downstream_task_ids) for name, task in dag.task_dict.items()},
    "documented": all(task.doc_md for task in dag.tasks),
    "default": approve and approve.defaults,
    "minutes": approve and approve.response_timeout.total_seconds() / 60,
}))
"""


def parsed(approval: str, **settings: str) -> dict[str, Any]:
    audience = [{"name": "board", "recipients": ["a@example.org"], "approval": approval}]
    environment = os.environ | {"LANDMARK_AUDIENCES": json.dumps(audience), **settings}
    command = [sys.executable, "-c", PARSE, str(DAGS)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)
    lines = [line for line in done.stdout.splitlines() if line.startswith("RESULT ")]
    assert lines, done.stderr[-3000:]
    found = dict(json.loads(lines[-1].removeprefix("RESULT ")))
    assert found["errors"] == {}
    return found


def test_where_nobody_wants_approval_nothing_is_asked() -> None:
    assert list(parsed("never")["tasks"]) == ["report", "deliver"]


@pytest.mark.parametrize("approval", ["trouble", "always"])
def test_an_audience_that_wants_approval_has_it_asked_beside_the_delivery_to_others(approval: str) -> None:
    found = parsed(approval)
    assert found["tasks"] == {
        "report": ["ask", "deliver"],
        "deliver": [],
        "ask": ["approve"],
        "approve": ["deliver_approved"],
        "deliver_approved": [],
    }
    assert found["documented"]
    assert (found["default"], found["minutes"]) == (["Reject"], 240)


def test_what_happens_without_an_answer_and_when_is_a_setting() -> None:
    found = parsed("always", LANDMARK_APPROVAL__DEFAULT="send", LANDMARK_APPROVAL__MINUTES="15")
    assert (found["default"], found["minutes"]) == (["Approve"], 15)
