"""landmark_watch: says so when the night is not published by its hour."""
# mypy: disallow-untyped-decorators=False

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent))  # also where something else than Airflow reads this file

from datetime import date, timedelta

from airflow.sdk import CronPartitionTimetable, dag, get_current_context, task
from landmark_common import DEFAULTS, KEY_FORMAT, NIGHT, TAGS, night_of, task_settings

from pipeline.errors import NightError
from pipeline.settings import load_settings

SETTINGS = load_settings()
HOUR, MINUTE = SETTINGS.publish_by.split(":")

DOC = f"""
### Is the night published by {SETTINGS.publish_by} ({SETTINGS.time_zone})?

A run is red, and the engineers get a mail, when it is not: whatever the reason, also a night that never started.
Readers keep yesterday's figures until then, and get a line that says so.
"""


@task(retries=0)
def published() -> str:
    """Fails where no night as new as this one is published, or its report is not there."""
    from pipeline import runner
    from pipeline.mailing import approvals

    settings, night = task_settings(), night_of(get_current_context())
    newest = runner.newest_night(settings)
    if newest is None or newest < night.isoformat():
        raise _late(night, "is not published", f"published: {newest}", "landmark_ingest or landmark_build")
    if newest == night.isoformat() and settings.audiences and not approvals.written(settings, night):
        raise _late(night, "has no report", "no letter is written", "landmark_report")
    print(f"published: {newest}, asked for by {SETTINGS.publish_by}: {night}")
    return newest


def _late(night: date, what: str, seen: str, where: str) -> NightError:
    fix = f"See which task of {where} waits or failed"
    return NightError(f"night {night} {what} by {SETTINGS.publish_by}", where="landmark_watch", value=seen, fix=fix)


@dag(
    schedule=CronPartitionTimetable(
        f"{int(MINUTE)} {int(HOUR)} * * *",
        timezone=SETTINGS.time_zone,
        key_format=KEY_FORMAT,
        run_immediately=timedelta(minutes=1),
    ),
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULTS,
    params={"night": NIGHT},
    tags=TAGS,
    doc_md=DOC,
    description="A mail when the night is late",
)
def landmark_watch() -> None:
    published()


landmark_watch()
