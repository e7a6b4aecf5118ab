"""landmark_ingest: takes in one night's deliveries, each source by itself."""
# mypy: disallow-untyped-decorators=False, disallow-subclassing-any=False

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent))  # also where something else than Airflow reads this file

from datetime import datetime, timedelta
from typing import Any

from airflow.providers.standard.triggers.temporal import DateTimeTrigger
from airflow.sdk import (
    BaseOperator,
    CronPartitionTimetable,
    Param,
    dag,
    get_current_context,
    task,
    task_group,
    timezone,
)
from landmark_common import (
    CLEAN,
    DEFAULTS,
    KEY_FORMAT,
    NIGHT,
    TAGS,
    emit,
    next_look,
    night_of,
    run_stage,
    task_settings,
    turn,
)

from pipeline.settings import load_settings
from pipeline.stage_docs import described
from pipeline.stages import SOURCES

DOC = """
### Takes in the night's deliveries

A run's **night** is its partition key (a delivery's date, `YYYY-MM-DD`); a run from the form without a key takes the
field *Night*. `wait` holds a scheduled run until 02:00 in the company's time zone and then for deliveries that are
late, each source's until its `wait_until`; runs by hand and back-fills take what is there. No run starts while a
night is being built.

`pull` copies the files as they came into the landing zone, `ingest` turns them into checked Parquet; rows that cannot
be used go to the quarantine with a reason. Each `ingest` announces its asset `clean_<source>`; when all have come for
the night, **landmark_build** starts.

*Back-fill a range of nights*: Trigger > Backfill, or `airflow backfill create --dag-id landmark_ingest
--from-date 2026-11-10 --to-date 2026-11-12 --reprocess-behavior completed`: both days are included. It cascades;
readers get no mail for it.

*A task failed*: read its log, mend the cause, then clear the task; what it had not finished left nothing behind.
"""

LOOK_SECONDS = 15
SETTLING = "a night is taken in but not published: its build starts now, or it has failed"
SOURCES_ASKED = Param(
    list(SOURCES),
    type="array",
    items={"type": "string", "enum": list(SOURCES)},
    uniqueItems=True,
    examples=list(SOURCES),
    title="Sources to insist on",
    description_md="A source left out may be missing, whatever the settings say: the night goes on with what it has.",
    section="Which deliveries",
)


class WaitForTurn(BaseOperator):
    """Lets the night start when its hour, its deliveries and the nights before it allow; waits in the triggerer."""

    def execute(self, context: Any, event: Any = None, settled: bool = False) -> None:
        from pipeline import runner

        if event is None:  # the first look: wrong settings or a wrong map fail here, once
            runner.open_run(task_settings(), night_of(context))
        now: datetime = timezone.utcnow()
        reason = self._before_me(context, settled)
        moment = self._late(context, now) if context["dag_run"].run_type == "scheduled" else None
        if reason:
            self.log.info("waiting: %s", reason)
            moment = max(moment or now, now + timedelta(seconds=LOOK_SECONDS))
        if moment is not None:
            quiet = reason == SETTLING
            self.defer(trigger=DateTimeTrigger(moment), method_name="execute", kwargs={"settled": quiet})

    def _before_me(self, context: Any, settled: bool) -> str | None:
        """Why another night goes first; None where none does. See `turn`."""
        from pipeline.catalog import Store

        ti = context["ti"]
        if ti.get_dr_count(dag_id="landmark_build", states=["queued", "running"]):
            return "a night is being built"
        waits = {run: tasks.get("wait") for run, tasks in ti.get_task_states(self.dag_id, task_ids=["wait"]).items()}
        running = ti.get_dr_count(dag_id=self.dag_id, states=["running"])
        reason = turn(context["run_id"], waits, running)
        nights = Store(task_settings().data).read().nights
        unfinished = any(state.working is not None for state in nights.values())
        return reason or (SETTLING if unfinished and not settled else None)

    def _late(self, context: Any, now: datetime) -> datetime | None:
        from pipeline.sources.arrivals import awaited

        settings, night = task_settings(), night_of(context)
        missing = awaited(settings, night)
        self.log.info("not delivered yet: %s", ", ".join(missing) or "nothing")
        moment: datetime | None = next_look(now, night, settings, missing)
        return moment


@task(pool="landmark_io", doc_md=described("pull"))
def pull(source: str) -> dict[str, Any]:
    """Copies the night's files of the source into the landing zone."""
    context = get_current_context()
    insisted = source in context["params"]["sources"]
    return run_stage(context, "pull", source, sources=None if insisted else {source: {"missing": "warn"}})


@task(pool="landmark_io", doc_md=described("ingest"))
def ingest(source: str) -> dict[str, Any]:
    """Turns the source's files into checked Parquet, and announces it."""
    context = get_current_context()
    summary = run_stage(context, "ingest", source)
    emit(context, CLEAN[source], summary)
    return summary


def take_in(source: str) -> Any:
    """The source's own part of the night."""

    @task_group(group_id=source, tooltip=f"What {source} delivered")
    def delivered() -> None:
        pull(source) >> ingest.override(outlets=[CLEAN[source]])(source)

    return delivered()


@dag(
    # The key's own midnight, so that a back-fill's --to-date is included; `wait` holds the run until 02:00.
    schedule=CronPartitionTimetable(
        "0 0 * * *",
        timezone=load_settings().time_zone,
        key_format=KEY_FORMAT,
        run_immediately=timedelta(minutes=1),
    ),
    catchup=False,
    max_active_runs=8,  # one is at work, the others are in `wait`: a night whose deliveries are late holds up no other
    default_args=DEFAULTS,
    params={"night": NIGHT, "sources": SOURCES_ASKED},
    tags=TAGS,
    doc_md=DOC,
    description="Deliveries to checked Parquet, one night a run",
)
def landmark_ingest() -> None:
    wait = WaitForTurn(task_id="wait", doc_md="Waits for 02:00, for late deliveries and for the night before.")
    wait >> [take_in(source) for source in SOURCES]


landmark_ingest()
