"""Follows one night through Airflow's three DAGs and shows what is going on, a line a task."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.embedded.airflow_api import DAGS, Api
from pipeline.errors import LandmarkError

JOIN_SECONDS = 240.0
_SHOWN = {"success": "done", "skipped": "skipped", "up_for_retry": "failed, will be tried again", "deferred": "waits"}


@dataclass(frozen=True)
class Follower:
    """Shows the runs of a night. logs: Airflow's folder of task logs. check raises where Airflow itself has ended."""

    api: Api
    night: str
    logs: Path
    say: Callable[[str], None]
    check: Callable[[], None]

    def follow(self, ingest: str) -> bool:
        """Shows the DAGs' runs one after the other, from the ingest run given; whether all of them succeeded."""
        run = ingest
        for dag, following in zip(DAGS, (*DAGS[1:], None), strict=True):
            if not self._follow_run(dag, run):
                return False
            if following is not None:
                run = self._joined(following)
        return True

    def _joined(self, dag: str) -> str:
        """The run that the assets of the DAG before it started."""
        deadline = time.monotonic() + JOIN_SECONDS
        while not (runs := self.api.runs(dag, self.night)):
            self.check()
            if time.monotonic() > deadline:
                raise LandmarkError(f"Airflow did not start {dag}", where=f"night {self.night}", fix="See airflow.log")
            time.sleep(0.5)
        return str(runs[-1]["dag_run_id"])

    def _follow_run(self, dag: str, run: str) -> bool:
        shown: dict[str, tuple[str, int]] = {}
        while True:
            self.check()
            state = self.api.run_state(dag, run)
            for task in sorted(self.api.tasks(dag, run), key=lambda task: (task["end_date"] or "~", task["task_id"])):
                seen = (task["state"] or "", task["try_number"])
                if shown.get(task["task_id"]) != seen:
                    shown[task["task_id"]] = seen
                    self._show(dag, run, task)
            if state in ("success", "failed"):
                return state == "success"
            time.sleep(0.7)

    def _show(self, dag: str, run: str, task: dict[str, Any]) -> None:
        name, state = f"  {dag.removeprefix('landmark_'):7} {task['task_id']:15}", task["state"]
        if state == "failed":
            self.say(f"{name} failed\n{log_tail(self.logs, dag, run, task['task_id'])}")
        elif state == "running":
            self.say(f"{name} ...")
        elif state in _SHOWN:
            seconds = f" {task['duration']:.1f} s" if state == "success" and task["duration"] else ""
            rows = rows_told(self.api.result(dag, run, task["task_id"])) if state == "success" else ""
            self.say(f"{name} {_SHOWN[state]}{seconds}{rows}")


def rows_told(result: Any) -> str:
    """What a stage's summary counts, in a few words."""
    if not isinstance(result, dict) or not result.get("tables"):
        return ""
    tables = [f"{count:,} {name}" for name, count in result["tables"].items() if not name.startswith("_")]
    rest = f" and {len(tables) - 4} tables more" if len(tables) > 4 else ""
    bad = f"; {result['rows_quarantined']:,} quarantined" if result["rows_quarantined"] else ""
    return f": {', '.join(tables[:4])}{rest}{bad}" if tables else ""


def log_tail(logs: Path, dag: str, run: str, task: str, lines: int = 25) -> str:
    """The last lines of the task's last try, as Airflow wrote them (one JSON object a line)."""
    found = sorted((logs / f"dag_id={dag}" / f"run_id={run}" / f"task_id={task}").glob("attempt=*.log"))
    if not found:
        return "    (it left no log)"
    text = [_log_line(line) for line in found[-1].read_text("utf-8", "replace").splitlines()]
    told = [entry for entry in text if "::" not in entry.split("\n")[0]]
    return "\n".join(f"    {line}" for entry in told[-lines:] for line in entry.splitlines())


def _log_line(raw: str) -> str:
    try:
        entry = json.loads(raw)
    except ValueError:
        return raw
    errors = [f"{error['exc_type']}: {error['exc_value']}" for error in entry.get("error_detail") or []]
    return "\n".join([f"{entry.get('level', '')} {entry.get('event', '')}", *errors])
