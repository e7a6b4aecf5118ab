"""What the DAGs share: which night a run is for, when a task is tried again, who hears of a failure."""

import re
from datetime import UTC, date, datetime, time, timedelta
from email.message import EmailMessage
from typing import Any
from zlib import crc32
from zoneinfo import ZoneInfo

from airflow.sdk import Asset, BaseHook, BaseNotifier, ExceptionRetryPolicy, Param, RetryAction, RetryRule
from airflow.sdk.exceptions import AirflowNotFoundException

from pipeline.errors import LandmarkError, LockedError, NightError, PassingError, SettingsError
from pipeline.settings import Audience, Settings, load_settings
from pipeline.sources.connections import connection_of
from pipeline.stages import SOURCES

TAGS = ["landmark"]
KEY_FORMAT = "%Y-%m-%d"
OPENS = time(2)
UNFINISHED = frozenset({"scheduled", "queued", "running", "deferred", "up_for_retry", "restarting"})
NIGHT_IN_RUN_ID = re.compile(r"__(\d{4}-\d{2}-\d{2})__")
LOCK_WAIT_SECONDS = 6 * 3600.0


def _asset(name: str, path: str, **told: str) -> Asset:
    """An asset of ours; told: what it is, in few words, for Airflow's page of the asset."""
    return Asset(name, uri=f"landmark://{path}", group="landmark", extra=told)


CLEAN = {
    source: _asset(
        f"clean_{source}",
        f"clean/{source}",
        what=f"{source}: typed and checked rows",
        refused="DATA/quarantine/<night>",
        columns="docs/deliveries.md",
    )
    for source in SOURCES
}
MARTS = _asset(
    "marts",
    "marts",
    what="a night's published tables",
    form="Parquet, one file a mart",
    folder="landmark marts",
    views="DATA/landmark.duckdb",
)
REPORT = _asset(
    "report",
    "report",
    what="a night's report and letters",
    files="DATA/reports/<night>",
    shown="the tab Report of the run",
)

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
        RetryRule(exception=[LockedError, PassingError], action=RetryAction.RETRY),
        RetryRule(exception=LandmarkError, action=RetryAction.FAIL),
        RetryRule(exception=[ConnectionError, TimeoutError], action=RetryAction.RETRY),
        RetryRule(exception="builtins.Exception", action=RetryAction.FAIL),
    ]
)

# A mail server that is away may be back; a wrong setting stays wrong.
DELIVERY_RETRIES = ExceptionRetryPolicy(
    rules=[
        RetryRule(exception=SettingsError, action=RetryAction.FAIL),
        RetryRule(exception="builtins.Exception", action=RetryAction.RETRY),
    ]
)


def task_settings(**flags: object) -> Settings:
    """The settings of a task: it waits for its turn at the data folder, and opens places by Airflow's connections."""
    settings = load_settings(None, lock_wait_seconds=LOCK_WAIT_SECONDS, **flags)
    ours = {name: connection_of(name, told) for name in settings.named_connections() if (told := _connection(name))}
    return settings.model_copy(update={"connections": settings.connections | ours})


def _connection(name: str) -> dict[str, Any] | None:
    """What Airflow knows of a connection, in whichever store it keeps it; None where it knows none."""
    try:
        found = BaseHook.get_connection(name)
    except AirflowNotFoundException:
        return None
    names = ("conn_type", "host", "port", "login", "password", "schema")
    return {field: getattr(found, field) for field in names} | {"extra": found.extra_dejson}


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


def announce_report(context: Any, summary: dict[str, Any]) -> None:
    """Tells that the night's report is rendered, with its headline: the plugin makes that the run's note."""
    headline = next(iter(summary["messages"]), "")
    context["outlet_events"][REPORT].extra = {"headline": headline, "backfill": is_backfill(context)}


def next_look(now: datetime, night: date, settings: Settings, missing: list[str]) -> datetime | None:
    """When to look again whether a scheduled night may start; None: it may.

    It starts at 02:00 in the company's time zone, as soon as all has arrived that is still waited for: a source's
    tables are until its own `wait_until`, else until that of all.
    """
    zone = ZoneInfo(settings.time_zone)
    opens = datetime.combine(night, OPENS, zone)
    hours = {settings.waited_for_until(name.partition("/")[0]) for name in missing}
    deadlines = sorted(datetime.combine(night, time.fromisoformat(hour), zone) for hour in hours)
    ahead = [deadline for deadline in deadlines if now < deadline]
    if now < opens:
        return opens
    return min(now + timedelta(minutes=5), ahead[0]) if ahead else None


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


# -- mail -----------------------------------------------------------------------------------------------------------


def mail_flags() -> dict[str, Any]:
    """The settings of mail as Airflow's connection smtp_default has them; none where there is no such connection.

    As Airflow's own operators read it: encrypted from the first byte unless disable_ssl, else by STARTTLS unless
    disable_tls. The server's certificate is always checked.
    """
    connection = smtp_connection()
    if connection is None:
        return {}
    extra = connection.extra_dejson
    tls = not extra.get("disable_ssl", False)
    starttls = not tls and not extra.get("disable_tls", False)
    smtp = {
        "host": connection.host or "localhost",
        "port": connection.port or (465 if tls else 587 if starttls else 25),
        "tls": tls,
        "starttls": starttls,
        "user": connection.login or "",
        "password": connection.password or "",
        "timeout_seconds": float(extra.get("timeout", 30)),
    }
    return {"smtp": smtp} | ({"mail_from": extra["from_email"]} if extra.get("from_email") else {})


def smtp_connection() -> Any:
    """Airflow's connection smtp_default, or None."""
    try:
        return BaseHook.get_connection("smtp_default")
    except AirflowNotFoundException:
        return None


def tell_engineers(subject: str, text: str, name: str) -> None:
    """Mails the engineers, by Airflow's connection, else the settings' server, else into the outbox as <name>.eml."""
    from pipeline.catalog import write_bytes
    from pipeline.mailing import mail
    from pipeline.upkeep import rights

    settings = load_settings(**mail_flags())
    message = EmailMessage()
    message["From"], message["To"] = settings.mail_from, ", ".join(settings.alert_recipients)
    message["Subject"] = subject
    message.set_content(text, cte="8bit")
    name = re.sub(r"[^a-z0-9-]", "-", name.lower())
    if settings.smtp.host:
        engineers = Audience.model_construct(name=name, recipients=settings.alert_recipients)
        ledger = mail.Ledger(settings.data / "outbox" / "alerts.jsonl")
        with rights.owner_only():
            mail.send(mail.Parcel(bytes(message), engineers, date.today()), settings, ledger)
    else:
        with rights.owner_only():
            write_bytes(settings.data / "outbox" / f"{name}.eml", bytes(message))


def _mark(run_id: str) -> str:
    """What tells the mails of one run from those of another run of the same night."""
    return f"{crc32(run_id.encode('utf-8')):08x}"


def mail_failure(context: Any) -> None:
    """Mails a failure to the engineers, and tells readers which figures stand where it is too late to mend it."""
    instance, run = context["task_instance"], context["dag_run"]
    night = run.partition_key or context["params"].get("night") or "unknown"
    reason = context.get("exception") or "no exception: the process was ended"
    tell_engineers(
        f"Landmark: {instance.dag_id} {instance.task_id} failed, night {night}",
        f"{reason}\n\nRun: {run.run_id}\nLog: {instance.log_url}\n",
        f"failed-{night}-{instance.task_id}-{instance.try_number}-{_mark(run.run_id)}",
    )
    tell_readers(context, datetime.now(UTC))


def tell_readers(context: Any, now: datetime) -> None:
    """Tells the readers, once a night, which figures stand, where the night's hour has passed and it is no back-fill.

    Before its hour a failed night may still be mended; landmark_watch looks again at that hour.
    """
    from pipeline.mailing import late

    settings = load_settings(**mail_flags())
    if is_backfill(context) or now < due(settings, night_of(context)):
        return
    for line in late.tell(settings, night_of(context)):
        print(line)


def due(settings: Settings, night: date) -> datetime:
    """When the night should be published."""
    return datetime.combine(night, time.fromisoformat(settings.publish_by), ZoneInfo(settings.time_zone))


class AskEngineers(BaseNotifier):  # type: ignore[misc]
    """Mails the engineers that something waits for an answer in Airflow, with the link to it."""

    def notify(self, context: Any) -> None:
        link = context["task"].generate_link_to_ui_from_context(context=context)
        asked = context["task"].hitl_summary
        name = f"asked-{night_of(context)}-{_mark(context['dag_run'].run_id)}"
        tell_engineers(f"Landmark: {asked['subject']}", f"{link}\n\n{asked['body']}\n", name)


DEFAULTS = {
    "owner": "landmark",
    "retries": 2,
    "retry_delay": timedelta(minutes=2),
    "retry_exponential_backoff": 2.0,
    "max_retry_delay": timedelta(minutes=15),
    "retry_policy": RETRIES,
    "on_failure_callback": [mail_failure],
    "show_return_value_in_logs": False,  # the five lines say it better
}
