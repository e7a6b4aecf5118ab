"""What the DAGs share: which night a run is for, when a task is tried again, who hears of a failure."""

import re
from datetime import date, datetime, time, timedelta
from email.message import EmailMessage
from html import escape
from typing import Any
from zoneinfo import ZoneInfo

from airflow.sdk import Asset, BaseHook, ExceptionRetryPolicy, Param, RetryAction, RetryRule
from airflow.sdk.exceptions import AirflowNotFoundException

from pipeline.errors import LandmarkError, LockedError, NightError
from pipeline.settings import Audience, Settings, load_settings
from pipeline.stages import SOURCES

TAGS = ["landmark"]
KEY_FORMAT = "%Y-%m-%d"
OPENS = time(2)
UNFINISHED = frozenset({"scheduled", "queued", "running", "deferred", "up_for_retry", "restarting"})
NIGHT_IN_RUN_ID = re.compile(r"__(\d{4}-\d{2}-\d{2})__")
LOCK_WAIT_SECONDS = 6 * 3600.0
MARTS = Asset("marts", uri="landmark://marts", group="landmark")
CLEAN = {source: Asset(f"clean_{source}", uri=f"landmark://clean/{source}", group="landmark") for source in SOURCES}

NIGHT = Param(
    None,
    type=["null", "string"],
    format="date",
    title="Night",
    description_md="The date of the delivery. Leave it empty where the run has a partition key: that is its night.",
    section="Which night",
)

# What passes by itself is tried again; what says clearly that it is wrong fails at once. A killed process raises
# nothing, so that the plain number of retries holds for it.
RETRIES = ExceptionRetryPolicy(
    rules=[
        RetryRule(exception=LockedError, action=RetryAction.RETRY),
        RetryRule(exception=LandmarkError, action=RetryAction.FAIL),
        RetryRule(exception=[ConnectionError, TimeoutError], action=RetryAction.RETRY),
        RetryRule(exception="builtins.Exception", action=RetryAction.FAIL),
    ]
)


def task_settings(**flags: object) -> Settings:
    """The settings of a task: it waits for its turn at the data folder."""
    return load_settings(None, lock_wait_seconds=LOCK_WAIT_SECONDS, **flags)


def night_of(context: Any) -> date:
    """The run's night: its partition key, else the form's field; raises NightError where both are absent or differ."""
    key = context["dag_run"].partition_key
    asked = context["params"].get("night")
    if not (key or asked):
        raise NightError("the run has no night", where=context["dag_run"].run_id, fix="Fill in Night in the form")
    if key and asked and key != asked:
        raise NightError("the partition key and the night differ", where=f"partition key {key}", value=asked)
    return date.fromisoformat(key or asked)


def is_backfill(context: Any) -> bool:
    """Whether the run belongs to a back-fill: its own kind, or what the runs that caused it say."""
    if context["dag_run"].run_type == "backfill":
        return True
    causes = context["triggering_asset_events"].values()
    return any((event.extra or {}).get("backfill") for events in causes for event in events)


def run_stage(context: Any, stage: str, source: str | None = None, **flags: object) -> dict[str, Any]:
    """Runs the stage for the run's night and returns its summary; flags: settings that this run overrides."""
    from pipeline import runner

    settings, night = task_settings(**flags), night_of(context)
    return runner.run_stage(settings, stage, night, source, backfill=is_backfill(context), progress=print)


def emit(context: Any, asset: Asset, summary: dict[str, Any]) -> None:
    """Tells the asset's readers what was made for the night, also where the run has no partition key of its own."""
    event = context["outlet_events"][asset]
    event.extra = {
        "rows": summary["rows_out"],
        "quarantined": summary["rows_quarantined"],
        "backfill": is_backfill(context),
    }
    if not context["dag_run"].partition_key:
        event.add_partitions(night_of(context).isoformat())


def next_look(now: datetime, night: date, settings: Settings, arrived: bool) -> datetime | None:
    """When to look again whether a scheduled night may start; None: it may.

    It starts at 02:00 in the company's time zone, as soon as all has arrived, and at `wait_until` at the latest.
    """
    zone = ZoneInfo(settings.time_zone)
    opens = datetime.combine(night, OPENS, zone)
    deadline = datetime.combine(night, time.fromisoformat(settings.wait_until), zone)
    if now < opens:
        return opens
    return None if arrived or now >= deadline else min(now + timedelta(minutes=5), deadline)


def turn(run: str, waits: dict[str, str | None], running: int) -> str | None:
    """Why a run of landmark_ingest does not have its turn yet; None where it has.

    Nights are taken in one by one, because each carries on from the one before it: runs by hand first, as they were
    asked for, then the others by night. waits: the state of the task `wait` of every run, by run id; running: how many
    runs are running, this one included. Those of them past their wait are at work.
    """
    waiting = {other for other, state in waits.items() if state in UNFINISHED or other == run}
    if running > len(waiting):
        return "a night is being taken in"
    first = min(waiting, key=_rank)
    return f"{first} goes first" if first != run else None


def _rank(run: str) -> tuple[str, str]:
    """The order of runs that wait: by night, those by hand (whose ids name no night) before all."""
    found = NIGHT_IN_RUN_ID.search(run)
    return (found[1] if found else "", run)


# -- failures -------------------------------------------------------------------------------------------------------


def mail_failure(context: Any) -> None:
    """Mails a failure to the engineers: by Airflow's SMTP connection, else the settings' server, else the outbox."""
    settings = load_settings()
    instance, run = context["task_instance"], context["dag_run"]
    night = run.partition_key or context["params"].get("night") or "unknown"
    reason = context.get("exception") or "no exception: the process was ended"
    message = EmailMessage()
    message["From"], message["To"] = settings.mail_from, ", ".join(settings.alert_recipients)
    message["Subject"] = f"Landmark: {instance.dag_id} {instance.task_id} failed, night {night}"
    message.set_content(f"{reason}\n\nRun: {run.run_id}\nLog: {instance.log_url}\n", cte="8bit")
    name = re.sub(r"[^a-z0-9-]", "-", f"failed-{night}-{instance.task_id}-{instance.try_number}".lower())
    if has_connection("smtp_default"):
        _by_connection(settings, message, context)
    elif settings.smtp.host:
        _by_settings(settings, message, name[:40])
    else:
        _into_outbox(settings, message, name)


def has_connection(name: str) -> bool:
    try:
        BaseHook.get_connection(name)
    except AirflowNotFoundException:
        return False
    return True


def _by_connection(settings: Settings, message: EmailMessage, context: Any) -> None:
    from airflow.providers.smtp.notifications.smtp import SmtpNotifier

    html = f"<pre>{escape(message.get_content())}</pre>"
    to, sender = list(settings.alert_recipients), settings.mail_from
    SmtpNotifier(to=to, from_email=sender, subject=message["Subject"], html_content=html).notify(context)


def _by_settings(settings: Settings, message: EmailMessage, name: str) -> None:
    from pipeline import mail

    ledger = mail.Ledger(settings.data / "outbox" / "alerts.jsonl")
    engineers = Audience(name=name, recipients=settings.alert_recipients)
    mail.send(bytes(message), engineers, date.today(), settings, ledger)


def _into_outbox(settings: Settings, message: EmailMessage, name: str) -> None:
    outbox = settings.data / "outbox"
    outbox.mkdir(parents=True, exist_ok=True)
    (outbox / f"{name}.eml").write_bytes(bytes(message))


DEFAULTS = {
    "owner": "landmark",
    "retries": 2,
    "retry_delay": timedelta(minutes=2),
    "retry_exponential_backoff": 2.0,
    "max_retry_delay": timedelta(minutes=15),
    "retry_policy": RETRIES,
    "on_failure_callback": [mail_failure],
}
