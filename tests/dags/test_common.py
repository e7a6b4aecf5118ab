"""The small decisions of the DAGs: which night, whose turn, when to look again, tried again or not, who hears of it."""

import email
import email.policy
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import landmark_common as common
import pytest
from aiosmtpd.controller import Controller
from airflow.sdk import Connection, RetryAction
from airflow.sdk.exceptions import AirflowNotFoundException

from pipeline.catalog import Catalog, Store
from pipeline.embedded.driver import free_port
from pipeline.errors import DeliveryError, LockedError, NightError, PassingError, QualityError
from pipeline.settings import load_settings


@dataclass
class Run:
    partition_key: str | None = None
    run_type: str = "manual"
    run_id: str = "manual__1"


@dataclass
class Event:
    extra: dict[str, Any] | None = field(default_factory=dict)


def context(run: Run, night: str | None = None, **events: list[Event]) -> dict[str, Any]:
    return {"dag_run": run, "params": {"night": night}, "triggering_asset_events": events}


@pytest.mark.parametrize(("key", "asked"), [("2026-11-20", None), (None, "2026-11-20"), ("2026-11-20", "2026-11-20")])
def test_the_night_is_the_key_or_the_field(key: str | None, asked: str | None) -> None:
    assert common.night_of(context(Run(key), asked)) == date(2026, 11, 20)


@pytest.mark.parametrize(("key", "asked", "words"), [(None, None, "no night"), ("2026-11-20", "2026-11-21", "differ")])
def test_a_run_without_one_clear_night_is_refused(key: str | None, asked: str | None, words: str) -> None:
    with pytest.raises(NightError, match=words):
        common.night_of(context(Run(key), asked))


@pytest.mark.parametrize(
    ("run_type", "extra", "expected"),
    [
        ("manual", {}, False),
        ("scheduled", {}, False),
        ("backfill", {}, True),
        ("asset_triggered", {"backfill": True}, True),
        ("asset_triggered", {"backfill": False}, False),
        ("asset_triggered", None, False),
    ],
)
def test_a_back_fill_is_known_through_the_assets(run_type: str, extra: dict[str, Any] | None, expected: bool) -> None:
    assert common.is_backfill(context(Run(run_type=run_type), marts=[Event(extra)])) is expected


# -- whose turn ---------------------------------------------------------------------------------------------------


def name(night: str) -> str:
    return f"backfill__{night}T00:00:00+00:00__{night}__x"


EARLIER, LATER = "manual__2026-11-22T01:00:00+00:00__b", "manual__2026-11-22T02:00:00+00:00__a"


def test_a_night_alone_has_its_turn() -> None:
    assert common.turn(EARLIER, {EARLIER: "running", name("2026-11-01"): "success"}, running=1) is None


def test_a_night_at_work_is_waited_for_whichever_it_is() -> None:
    waits = {EARLIER: "running", name("2026-11-25"): "success"}
    assert common.turn(EARLIER, waits, running=2) == "a night is being taken in"


@pytest.mark.parametrize("state", ["scheduled", "queued", "running", "deferred"])
def test_of_those_that_wait_the_earliest_goes_first(state: str) -> None:
    nights = [name(f"2026-11-{day}") for day in (10, 11, 12)]
    waits: dict[str, str | None] = dict.fromkeys(nights, state)
    said = [common.turn(night, waits, running=3) for night in nights]
    assert said == [None, f"{nights[0]} goes first", f"{nights[0]} goes first"]


def test_a_night_that_waits_for_its_deliveries_holds_no_run_by_hand_up() -> None:
    scheduled = "scheduled__2026-11-22T00:00:00+00:00__2026-11-22__x"
    waits: dict[str, str | None] = {scheduled: "deferred", LATER: "running", EARLIER: "queued"}
    assert common.turn(EARLIER, waits, running=3) is None
    assert common.turn(LATER, waits, running=3) == f"{EARLIER} goes first"
    assert common.turn(scheduled, waits, running=3) == f"{EARLIER} goes first"


def test_a_run_that_is_not_started_yet_holds_nobody_up() -> None:
    waits = {name("2026-11-11"): "running", name("2026-11-10"): None}
    assert common.turn(name("2026-11-11"), waits, running=1) is None


# -- when a scheduled night starts --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("now", "arrived", "expected"),
    [
        ("2026-11-19T22:00", True, "2026-11-20T01:00"),  # 02:00 in Berlin
        ("2026-11-20T01:00", True, None),
        ("2026-11-20T01:00", False, "2026-11-20T01:05"),
        ("2026-11-20T03:58", False, "2026-11-20T04:00"),  # 05:00 in Berlin: the last look
        ("2026-11-20T04:00", False, None),
    ],
)
def test_a_night_starts_at_its_hour_or_when_all_is_there_or_at_the_deadline(
    now: str, arrived: bool, expected: str | None
) -> None:
    settings = load_settings({}, time_zone="Europe/Berlin", wait_until="05:00", hash_key="k")
    missing = [] if arrived else ["crm/orders"]
    found = common.next_look(datetime.fromisoformat(f"{now}+00:00"), date(2026, 11, 20), settings, missing)
    assert found == (datetime.fromisoformat(f"{expected}+00:00").astimezone(UTC) if expected else None)


@pytest.mark.parametrize(
    ("now", "missing", "expected"),
    [
        ("2026-11-20T02:58", ["crm/orders", "web/events"], "2026-11-20T03:00"),
        ("2026-11-20T03:00", ["crm/orders", "web/events"], "2026-11-20T03:05"),
        ("2026-11-20T03:00", ["web/events"], None),
        ("2026-11-20T03:00", ["crm"], "2026-11-20T03:05"),
        ("2026-11-20T05:00", ["crm/orders"], None),
    ],
)
def test_each_source_is_waited_for_until_its_own_hour(now: str, missing: list[str], expected: str | None) -> None:
    sources = {"web": {"wait_until": "03:00"}}
    settings = load_settings({}, wait_until="05:00", sources=sources, hash_key="k")
    found = common.next_look(datetime.fromisoformat(f"{now}+00:00"), date(2026, 11, 20), settings, missing)
    assert found == (datetime.fromisoformat(f"{expected}+00:00") if expected else None)


# -- what opens the places ----------------------------------------------------------------------------------------


def test_airflow_s_connections_open_the_places(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANDMARK_HASH_KEY", "k")
    monkeypatch.setenv("LANDMARK_SOURCES__CRM__CONNECTION", "crm_db")
    monkeypatch.setenv("LANDMARK_SOURCES__WEB__CONNECTION", "nobody")
    uri = "postgres://reader:s3cret%2Fword@db.example:6432/crm?sslmode=require"
    kept = {"crm_db": Connection(conn_id="crm_db", uri=uri)}

    def get_connection(name: str) -> Connection:
        if name not in kept:
            raise AirflowNotFoundException(name)
        return kept[name]

    monkeypatch.setattr(common.BaseHook, "get_connection", get_connection)
    found = common.task_settings().connections
    assert list(found) == ["crm_db"]
    told = found["crm_db"]
    assert (told.kind, told.host, told.port, told.login, told.password, told.database, told.told("sslmode")) == (
        "postgresql", "db.example", 6432, "reader", "s3cret/word", "crm", "require",
    )  # fmt: skip
    assert "s3cret" not in repr(common.task_settings())


# -- what is tried again ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "action"),
    [
        (ConnectionResetError("gone"), RetryAction.RETRY),
        (TimeoutError(), RetryAction.RETRY),
        (LockedError("another run"), RetryAction.RETRY),
        (PassingError("the place does not answer"), RetryAction.RETRY),
        (DeliveryError("no such place"), RetryAction.FAIL),
        (QualityError("rows do not add up"), RetryAction.FAIL),
        (KeyError("a defect"), RetryAction.FAIL),
    ],
)
def test_only_what_may_pass_by_itself_is_tried_again(error: Exception, action: RetryAction) -> None:
    assert common.RETRIES.evaluate(error, 1, 3).action is action


# -- who hears of a failure ---------------------------------------------------------------------------------------


@dataclass
class Instance:
    dag_id: str = "landmark_build"
    task_id: str = "missions"
    try_number: int = 1
    log_url: str = "http://127.0.0.1/log"


def failure(words: str = "rows do not add up") -> dict[str, Any]:
    run = context(Run("2026-11-20", "asset_triggered"))
    return run | {"task_instance": Instance(), "ti": Instance(), "exception": QualityError(words)}


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LANDMARK_DATA", str(tmp_path))
    monkeypatch.setenv("LANDMARK_ALERT_RECIPIENTS", "a@example.org,b@example.org")
    monkeypatch.setattr(common, "smtp_connection", lambda: None)
    return tmp_path


class Catcher:
    """A mail server that keeps what it is given."""

    def __init__(self) -> None:
        self.mails: list[tuple[list[str], email.message.EmailMessage]] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        self.mails.append((list(envelope.rcpt_tos), message))  # type: ignore[arg-type]
        return "250 OK"


@pytest.fixture
def server() -> Iterator[tuple[Catcher, int]]:
    catcher = Catcher()
    controller = Controller(catcher, hostname="127.0.0.1", port=free_port())
    controller.start()
    yield catcher, controller.port
    controller.stop()


def test_without_a_mail_server_a_failure_is_filed_in_the_outbox(data: Path) -> None:
    common.mail_failure(failure("Übernachtung {{ 1/0 }} <b>"))
    (path,) = (data / "outbox").glob("*.eml")
    message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    assert message["Subject"] == "Landmark: landmark_build missions failed, night 2026-11-20"
    assert message["To"] == "a@example.org, b@example.org"
    assert "Übernachtung {{ 1/0 }} <b>" in message.get_content()  # type: ignore[attr-defined]


def test_the_mail_server_of_the_settings_gets_the_failure(
    data: Path, server: tuple[Catcher, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    catcher, port = server
    monkeypatch.setenv("LANDMARK_SMTP__HOST", "127.0.0.1")
    monkeypatch.setenv("LANDMARK_SMTP__PORT", str(port))
    monkeypatch.setenv("LANDMARK_SMTP__STARTTLS", "false")
    common.mail_failure(failure())
    assert sorted(to for to, _ in catcher.mails) == [["a@example.org"], ["b@example.org"]]
    assert "rows do not add up" in catcher.mails[0][1].get_content()
    assert not list((data / "outbox").glob("*.eml"))


@dataclass
class MailConnection:
    """Airflow's connection, as its operators read it."""

    host: str = "127.0.0.1"
    port: int | None = None
    login: str | None = None
    password: str | None = None
    extra_dejson: dict[str, Any] = field(default_factory=dict)


def test_airflows_connection_goes_before_the_settings(
    data: Path, server: tuple[Catcher, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    catcher, port = server
    extra = {"disable_ssl": True, "disable_tls": True, "from_email": "us@example.org"}
    monkeypatch.setenv("LANDMARK_SMTP__HOST", "mail.invalid")
    monkeypatch.setattr(common, "smtp_connection", lambda: MailConnection(port=port, extra_dejson=extra))
    common.mail_failure(failure("<b>{{ 1/0 }}"))
    assert sorted(to for to, _ in catcher.mails) == [["a@example.org"], ["b@example.org"]]
    message = catcher.mails[0][1]
    assert message["From"] == "us@example.org"
    assert "<b>{{ 1/0 }}" in message.get_content()  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("extra", "port", "tls", "starttls"),
    [
        ({}, 465, True, False),
        ({"disable_ssl": True}, 587, False, True),
        ({"disable_ssl": True, "disable_tls": True}, 25, False, False),
    ],
)
def test_a_connection_is_encrypted_as_airflow_s_own_operators_have_it(
    extra: dict[str, Any], port: int, tls: bool, starttls: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(common, "smtp_connection", lambda: MailConnection("mx", None, "me", "pass", extra))
    smtp = load_settings({}, hash_key="k", **common.mail_flags()).smtp
    assert (smtp.host, smtp.port, smtp.tls, smtp.starttls) == ("mx", port, tls, starttls)
    assert (smtp.user, smtp.password) == ("me", "pass")


def test_a_connection_that_is_not_there_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(_: str) -> None:
        raise AirflowNotFoundException("no such connection")

    monkeypatch.setattr(common.BaseHook, "get_connection", absent)
    assert common.mail_flags() == {}


# -- what readers hear of a failure -------------------------------------------------------------------------------


@pytest.fixture
def told(data: Path) -> Path:
    """A data folder whose readers have the letters of the night before."""
    Store(data).update(lambda _: Catalog(published="2026-11-19"))
    letters = data / "reports" / "2026-11-19" / "letters"
    letters.mkdir(parents=True)
    return data


def lines(data: Path) -> list[str]:
    return sorted(path.name for path in (data / "outbox").glob("*.eml") if "failed" not in path.name)


HOUR = datetime(2026, 11, 20, 6, 30, tzinfo=UTC)


def test_readers_hear_once_which_figures_stand(told: Path) -> None:
    for _ in range(2):
        common.tell_readers(failure(), HOUR)
    (name,) = lines(told)
    assert name == "2026-11-20-executives-late.eml"
    message = email.message_from_bytes((told / "outbox" / name).read_bytes(), policy=email.policy.default)
    assert message["Subject"] == "No new figures today: those of 19 November 2026 stand"
    assert (told / "outbox" / "ledger.jsonl").read_text("utf-8").count('"filed"') == 1


def test_readers_hear_nothing_while_the_night_can_still_be_mended(told: Path) -> None:
    common.tell_readers(failure(), HOUR - timedelta(minutes=1))
    assert lines(told) == []


def test_readers_hear_nothing_of_a_back_fill(told: Path) -> None:
    run = context(Run("2026-11-20", "backfill"))
    common.tell_readers(failure() | run, HOUR)
    assert lines(told) == []


def test_a_failure_past_the_hour_reaches_engineers_and_readers(told: Path) -> None:
    common.mail_failure(failure())
    assert lines(told) == ["2026-11-20-executives-late.eml"]
    assert list((told / "outbox").glob("failed-*.eml"))


@pytest.mark.parametrize("night", ["2026-11-20", "2026-11-21"])
def test_readers_of_newer_figures_hear_nothing(told: Path, night: str) -> None:
    Store(told).update(lambda _: Catalog(published=night))
    for name in ("executives.eml", "executives.json"):
        path = told / "reports" / night / "letters" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("{}", "utf-8")
    common.tell_readers(failure(), HOUR)
    assert lines(told) == []


def test_a_night_that_is_published_without_its_report_is_late_too(told: Path) -> None:
    Store(told).update(lambda _: Catalog(published="2026-11-20"))
    common.tell_readers(failure(), HOUR)
    assert lines(told) == ["2026-11-20-executives-late.eml"]


def test_where_readers_never_had_figures_none_stand(data: Path) -> None:
    common.tell_readers(failure(), HOUR)
    assert not (data / "outbox").exists()
