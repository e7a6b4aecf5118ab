"""What Airflow sees: the DAGs parse cleanly and lightly, are documented, and wire the stages as STAGES has them."""

import json
import subprocess
import sys
from functools import cache
from typing import Any

import pytest

from pipeline.stage_docs import described
from pipeline.stages import BY_SOURCE, SOURCES, STAGES
from tests.dags.conftest import DAGS

HEAVY = ("pandas", "duckdb", "pyarrow", "sklearn", "scipy", "splink", "great_expectations", "numpy", "vl_convert")
NAMES = {"landmark_ingest", "landmark_build", "landmark_report", "landmark_watch"}
PARSE = """
import json, sys, warnings
from airflow.dag_processing.dagbag import DagBag
from airflow.serialization.serialized_objects import DagSerialization
loaded = set(sys.modules)
with warnings.catch_warnings(record=True) as seen:
    warnings.simplefilter("always")
    bag = DagBag(sys.argv[1])
print("RESULT " + json.dumps({
    "errors": bag.import_errors,
    "fresh": sorted(set(sys.modules) - loaded),
    "all": sorted(sys.modules),
    "warnings": [f"{w.category.__name__} {w.filename} {w.message}" for w in seen],
    "dags": {name: DagSerialization.to_dict(dag)["dag"] for name, dag in bag.dags.items()},
    "round": [name for name, dag in bag.dags.items()
              if DagSerialization.from_dict(DagSerialization.to_dict(dag)).dag_id != name],
}))
"""


@cache
def parsed() -> dict[str, Any]:
    """What a process of its own sees when it parses the DAGs."""
    command = [sys.executable, "-c", PARSE, str(DAGS)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    lines = [line for line in done.stdout.splitlines() if line.startswith("RESULT ")]
    assert lines, done.stderr[-3000:]
    return dict(json.loads(lines[-1].removeprefix("RESULT ")))


def tasks(dag: str) -> dict[str, dict[str, Any]]:
    return {task["__var"]["task_id"]: task["__var"] for task in parsed()["dags"][dag]["tasks"]}


def setting(dag: str, task: dict[str, Any], name: str) -> Any:
    """A task's setting; what equals the default arguments of its DAG is serialized only once, there."""
    defaults = parsed()["dags"][dag]["default_args"]
    return task.get(name, defaults.get("__var", defaults).get(name))


def test_every_dag_parses_and_survives_serialization() -> None:
    assert parsed()["errors"] == {}
    assert set(parsed()["dags"]) == NAMES
    assert parsed()["round"] == []


def test_parsing_imports_nothing_heavy() -> None:
    assert [name for name in HEAVY if name in parsed()["all"]] == []
    ours = [name for name in parsed()["fresh"] if name.split(".")[0] in ("pipeline", "expectations")]
    others = {name for name in ours if not name.startswith("pipeline.sources")}
    assert others <= {
        "pipeline",
        "pipeline.errors",
        "pipeline.own_key",
        "pipeline.upkeep",
        "pipeline.upkeep.retention_settings",
        "pipeline.settings",
        "pipeline.stage_docs",
        "pipeline.stages",
    }
    assert not {"pipeline.sources.places", "pipeline.sources.landing", "pipeline.sources.database"} & set(ours)


def test_nothing_deprecated_is_imported() -> None:
    assert [text for text in parsed()["warnings"] if str(DAGS) in text or "removed in" in text.lower()] == []


@pytest.mark.parametrize("name", sorted(NAMES))
def test_a_dag_is_documented_tagged_and_owned(name: str) -> None:
    dag = parsed()["dags"][name]
    assert len(dag["doc_md"]) > 200
    assert dag["description"]
    assert dag["tags"] == ["landmark"]
    for task in tasks(name).values():
        assert setting(name, task, "owner") == "landmark", task["task_id"]
        assert setting(name, task, "has_on_failure_callback"), task["task_id"]
        assert task.get("doc_md"), task["task_id"]


def test_the_tasks_are_the_stages_in_their_order() -> None:
    ingest = set(tasks("landmark_ingest"))
    assert ingest == {"wait"} | {f"{source}.{stage}" for stage in STAGES[:2] for source in SOURCES}
    build = list(tasks("landmark_build"))
    assert build == [*STAGES[2 : STAGES.index("marts") + 1], "rebuild_stale"]
    assert list(tasks("landmark_report")) == ["report", "deliver"]


def test_a_stage_s_task_says_what_the_stage_says_of_itself() -> None:
    found = tasks("landmark_build") | tasks("landmark_report") | tasks("landmark_ingest")
    for stage in STAGES:
        task = found[f"crm.{stage}" if stage in BY_SOURCE else stage]
        assert task["doc_md"] == described(stage)


def test_each_stage_waits_for_the_one_before_it() -> None:
    found = tasks("landmark_build")
    for before, after in zip(list(found), list(found)[1:], strict=False):
        assert found[before]["downstream_task_ids"] == [after]
    found = tasks("landmark_ingest")
    assert set(found["wait"]["downstream_task_ids"]) == {f"{source}.pull" for source in SOURCES}
    for source in SOURCES:
        assert found[f"{source}.pull"]["downstream_task_ids"] == [f"{source}.ingest"]


def test_every_source_announces_its_asset_and_the_build_waits_for_all() -> None:
    for source in SOURCES:
        outlets = tasks("landmark_ingest")[f"{source}.ingest"]["outlets"]
        assert [outlet.get("__var", outlet)["name"] for outlet in outlets] == [f"clean_{source}"]
    waits = json.dumps(parsed()["dags"]["landmark_build"]["timetable"])
    assert all(f'"clean_{source}"' in waits for source in SOURCES)
    assert '"marts"' in json.dumps(parsed()["dags"]["landmark_report"]["timetable"])


def test_every_pool_that_a_task_names_is_made() -> None:
    made = json.loads((DAGS / "pools.json").read_text("utf-8"))
    used = {setting(dag, task, "pool") for dag in NAMES for task in tasks(dag).values()} - {None, "default_pool"}
    assert used == set(made)
    assert made["landmark_build"]["slots"] == 1


def test_the_key_is_the_night_and_a_back_fill_includes_its_last_day() -> None:
    timetable = parsed()["dags"]["landmark_ingest"]["timetable"]["__var"]
    assert (timetable["expression"], timetable["key_format"]) == ("0 0 * * *", "%Y-%m-%d")
    assert parsed()["dags"]["landmark_ingest"]["catchup"] is False
    assert parsed()["dags"]["landmark_build"]["max_active_runs"] == 1


def test_the_form_asks_for_a_night_and_the_sources() -> None:
    params = {name: param["schema"]["__var"] for name, param in parsed()["dags"]["landmark_ingest"]["params"]}
    assert params["night"]["format"] == "date"
    assert params["sources"]["examples"] == list(SOURCES)
    assert all(schema["section"] and schema["title"] and schema["description_md"] for schema in params.values())
