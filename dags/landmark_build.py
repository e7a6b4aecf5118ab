"""landmark_build: from the clean sources of a night to its published marts."""
# mypy: disallow-untyped-decorators=False

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent))  # also where something else than Airflow reads this file

from typing import Any

from airflow.sdk import AssetAll, IdentityMapper, PartitionedAssetTimetable, chain, dag, get_current_context, task
from landmark_common import CLEAN, DEFAULTS, MARTS, NIGHT, TAGS, emit, run_stage, task_settings

from pipeline.stage_docs import described
from pipeline.stages import STAGES

BUILDING = STAGES[STAGES.index("ingest") + 1 : STAGES.index("marts")]

DOC = """
### Builds and publishes the night's marts

Starts when every `clean_<source>` of a night (the partition key) has come. Each stage is a transaction: it commits its
own tables or nothing. `marts` publishes all of them with one switch; until then readers see the night before.

*A stage failed*: mend the cause and clear it together with its downstream tasks: what came before it stands.
*A night was rebuilt that later nights rest on*: `rebuild_stale` rebuilds those in order; otherwise it does nothing.
*By hand*: trigger with the night as the partition key, or in the form.
"""


def building(stage: str) -> Any:
    @task(task_id=stage, pool="landmark_build", doc_md=described(stage))
    def build_stage() -> dict[str, Any]:
        return run_stage(get_current_context(), stage)

    return build_stage()


@task(pool="landmark_build", outlets=[MARTS], doc_md=described("marts"))
def marts() -> dict[str, Any]:
    """Assembles the marts and publishes the night."""
    context = get_current_context()
    summary = run_stage(context, "marts")
    emit(context, MARTS, summary)
    return summary


@task(pool="landmark_build")
def rebuild_stale() -> list[str]:
    """Rebuilds the later nights that rest on this one, in order."""
    from pipeline import runner

    rebuilt: list[str] = runner.rebuild_stale(task_settings(), progress=print)
    print(f"rebuilt: {', '.join(rebuilt) or 'nothing was stale'}")
    return rebuilt


@dag(
    schedule=PartitionedAssetTimetable(assets=AssetAll(*CLEAN.values()), default_partition_mapper=IdentityMapper()),
    max_active_runs=1,
    default_args=DEFAULTS,
    params={"night": NIGHT},
    tags=TAGS,
    doc_md=DOC,
    description="Clean sources to published marts, one night a run",
)
def landmark_build() -> None:
    chain(*(building(stage) for stage in BUILDING), marts(), rebuild_stale())


landmark_build()
