"""The few calls of Airflow's REST API that the embedded driver makes, over the standard library's HTTP client."""

import json
import urllib.error
import urllib.request
from collections.abc import Sequence
from typing import Any

from pipeline.errors import LandmarkError

DAGS = ("landmark_ingest", "landmark_build", "landmark_report")
_HTTP = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class ApiError(LandmarkError):
    """Airflow refused a request, or could not be reached."""


class Api:
    """A client of one Airflow; `log_in` before anything but is_healthy."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._token = ""

    def call(self, method: str, path: str, body: object = None) -> Any:
        """The JSON answer; raises ApiError with Airflow's own words."""
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self._token}"}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data=data, method=method, headers=headers)  # noqa: S310
        try:
            with _HTTP.open(request, timeout=60) as answer:
                return json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            raise ApiError(f"Airflow answered {error.code}", where=path, value=error.read().decode()[:400]) from error
        except (OSError, ValueError) as error:
            raise ApiError("Airflow could not be reached", where=path, value=str(error)) from error

    def is_healthy(self) -> bool:
        """Whether all four components are up."""
        try:
            answer = self.call("GET", "/api/v2/monitor/health")
        except ApiError:
            return False
        parts = ("metadatabase", "scheduler", "dag_processor", "triggerer")
        return all((answer.get(part) or {}).get("status") == "healthy" for part in parts)

    def log_in(self, user: str, password: str) -> None:
        answer = self.call("POST", "/auth/token", {"username": user, "password": password})
        self._token = answer["access_token"]

    def create_pools(self, pools: dict[str, dict[str, Any]]) -> None:
        """Creates the pools that are not there yet."""
        there = {pool["name"] for pool in self.call("GET", "/api/v2/pools?limit=100")["pools"]}
        for name in sorted(set(pools) - there):
            self.call("POST", "/api/v2/pools", {"name": name, **pools[name]})

    def knows_dags(self) -> bool:
        """Whether Airflow has read the DAGs; raises ApiError where it could not."""
        errors = self.call("GET", "/api/v2/importErrors")["import_errors"]
        if errors:
            raise ApiError(
                "a DAG cannot be imported", where=errors[0]["filename"], value=errors[0]["stack_trace"][-400:]
            )
        known = {dag["dag_id"] for dag in self.call("GET", "/api/v2/dags?limit=100")["dags"]}
        return known.issuperset(DAGS)

    def switch_on(self, dags: Sequence[str]) -> None:
        for dag in dags:
            self.call("PATCH", f"/api/v2/dags/{dag}", {"is_paused": False})

    def trigger(self, dag: str, night: str) -> str:
        """Starts a run of the night; returns its id."""
        body: dict[str, object] = {"logical_date": None, "partition_key": night, "conf": {}}
        return str(self.call("POST", f"/api/v2/dags/{dag}/dagRuns", body)["dag_run_id"])

    def runs(self, dag: str, night: str) -> list[dict[str, Any]]:
        """The runs of the night, oldest first."""
        found = self.call("GET", f"/api/v2/dags/{dag}/dagRuns?order_by=id&limit=1000")["dag_runs"]
        return [run for run in found if run["partition_key"] == night]

    def run_state(self, dag: str, run: str) -> str:
        """The state of a run: queued, running, success or failed."""
        return str(self.call("GET", f"/api/v2/dags/{dag}/dagRuns/{_quoted(run)}")["state"])

    def tasks(self, dag: str, run: str) -> list[dict[str, Any]]:
        """The task instances of a run."""
        path = f"/api/v2/dags/{dag}/dagRuns/{_quoted(run)}/taskInstances?limit=200"
        return list(self.call("GET", path)["task_instances"])

    def result(self, dag: str, run: str, task: str) -> Any:
        """What the task returned; None where it returned nothing."""
        path = f"/api/v2/dags/{dag}/dagRuns/{_quoted(run)}/taskInstances/{task}/xcomEntries/return_value"
        try:
            return self.call("GET", f"{path}?deserialize=false&stringify=false")["value"]
        except ApiError:
            return None


def _quoted(text: str) -> str:
    from urllib.parse import quote

    return quote(text, safe="")
