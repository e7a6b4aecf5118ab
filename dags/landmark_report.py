"""landmark_report: the report of a published night, and its delivery."""
# mypy: disallow-untyped-decorators=False

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent))  # also where something else than Airflow reads this file

from typing import Any

from airflow.sdk import IdentityMapper, PartitionedAssetTimetable, dag, get_current_context, task
from landmark_common import DEFAULTS, MARTS, NIGHT, TAGS, run_stage

DOC = """
### Renders and sends the night's report

Starts when `marts` of a night (the partition key) is published. `report` renders the HTML report and the e-mails,
`deliver` sends each audience its own, once. A back-fill, or a night older than the published one, sends no mail.
"""


@task
def report() -> dict[str, Any]:
    """Renders the report of the night."""
    return run_stage(get_current_context(), "report")


@task(retries=6, retry_policy=None)
def deliver() -> dict[str, Any]:
    """Sends the report to its audiences, once each; a mail server that is away is asked again."""
    return run_stage(get_current_context(), "deliver")


@dag(
    schedule=PartitionedAssetTimetable(assets=MARTS, default_partition_mapper=IdentityMapper()),
    max_active_runs=16,
    default_args=DEFAULTS,
    params={"night": NIGHT},
    tags=TAGS,
    doc_md=DOC,
    description="Published marts to the report and its e-mails",
)
def landmark_report() -> None:
    report() >> deliver()


landmark_report()
