"""landmark_report: the report of a published night, and its delivery."""
# mypy: disallow-untyped-decorators=False

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent))  # also where something else than Airflow reads this file

from datetime import timedelta
from typing import Any

from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk import IdentityMapper, PartitionedAssetTimetable, dag, get_current_context, task
from airflow.sdk.exceptions import AirflowSkipException
from landmark_common import (
    DEFAULTS,
    DELIVERY_RETRIES,
    MARTS,
    NIGHT,
    REPORT,
    TAGS,
    AskEngineers,
    announce_report,
    is_backfill,
    mail_flags,
    night_of,
    run_stage,
    task_settings,
)

from pipeline.settings import load_settings
from pipeline.stage_docs import described

SETTINGS = load_settings()
IS_ASKED = any(audience.approval != "never" for audience in SETTINGS.audiences)

DOC = f"""
### Renders and sends the night's report

Starts when `marts` of a night (the partition key) is published. `report` renders the HTML report and the e-mails,
`deliver` sends each audience its own, once. A back-fill, or a night older than the published one, sends no mail; a
night that was made again is mailed again only where it tells other figures, as a correction.

Mail goes by Airflow's connection `smtp_default` where there is one, else by the setting `smtp`, else into the outbox.

*Approval*: an audience whose setting `approval` asks for it gets its e-mail once somebody chose Approve in the task
`approve` (Required Actions). Nobody did within {SETTINGS.approval.minutes} minutes: the e-mails are
{"sent" if SETTINGS.approval.default == "send" else "held back"}.
"""


@task(outlets=[REPORT], doc_md=described("report"))
def report() -> dict[str, Any]:
    """Renders the report of the night, and announces it with its headline."""
    context = get_current_context()
    summary = run_stage(context, "report", **mail_flags())
    announce_report(context, summary)
    return summary


@task(retries=6, retry_policy=DELIVERY_RETRIES, doc_md=described("deliver"))
def deliver() -> dict[str, Any]:
    """Sends the report to its audiences, once each; a mail server that is away is asked again."""
    return run_stage(get_current_context(), "deliver", **mail_flags())


@task
def ask() -> dict[str, Any]:
    """Reads the letters that wait for approval; skips what follows where none does."""
    from pipeline.mailing import approvals

    context = get_current_context()
    waiting = approvals.asked(task_settings(), night_of(context), is_backfill(context))
    if not waiting:
        raise AirflowSkipException("no e-mail waits for approval")
    return {"letters": {name: letter.digest for name, letter in waiting.items()}, "body": approvals.body(waiting)}


@task(retries=6, retry_policy=DELIVERY_RETRIES)
def deliver_approved() -> dict[str, Any]:
    """Sends the e-mails that were approved, as they were read then."""
    from pipeline.mailing import approvals

    context = get_current_context()
    asked, answer = (context["ti"].xcom_pull(task_ids=name) for name in ("ask", "approve"))
    approvals.approve(task_settings(), night_of(context), asked["letters"], approvals.responder(answer))
    return run_stage(context, "deliver", **mail_flags())


def approve() -> ApprovalOperator:
    """Waits for somebody to approve the letters that `ask` read."""
    return ApprovalOperator(
        task_id="approve",
        subject="Send the e-mails of {{ dag_run.partition_key or params.night }}?",
        body="{{ ti.xcom_pull(task_ids='ask')['body'] }}",
        defaults="Approve" if SETTINGS.approval.default == "send" else "Reject",
        response_timeout=timedelta(minutes=SETTINGS.approval.minutes),
        notifiers=[AskEngineers()],
        doc_md="Somebody reads the e-mails and chooses Approve or Reject, under Required Actions.",
    )


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
    rendered = report()
    rendered >> deliver()
    if IS_ASKED:
        rendered >> ask() >> approve() >> deliver_approved()


landmark_report()
