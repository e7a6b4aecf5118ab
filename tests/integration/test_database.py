"""Tables of a real PostgreSQL as deliveries: what a night reads, what it says, and that nothing secret is told."""

import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from pipeline.errors import DeliveryError, PassingError
from pipeline.sources import retrying
from tests.integration import servers
from tests.integration.place_case import NIGHT, Remote, tell_nothing
from tests.integration.servers import QUOTED, SECRET


@pytest.fixture(autouse=True)
def no_long_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retrying, "WAITS_SECONDS", (0.05, 0.05))


@pytest.fixture(scope="module")
def postgres() -> Iterator[servers.Postgres]:
    with servers.postgres() as server:
        yield server


@dataclass
class Tables(Remote):
    """A company whose web events are a table of a database."""

    relation: str = "public.events"

    def __post_init__(self) -> None:
        self.more = {"tables": {"events": {"relation": self.relation, "updated_at": "changed"}}}


@pytest.fixture
def tables(tmp_path: Path, postgres: servers.Postgres) -> Tables:
    postgres.run(
        'drop table if exists public.events cascade; create table public.events ("messageId" text, type text, '
        '"anonymousId" text, timestamp timestamptz, score numeric, properties jsonb, changed timestamptz)'
    )
    return Tables(tmp_path, place="postgresql:///postgres", variable=postgres.connection)


def add(postgres: servers.Postgres, name: str, changed: str, kind: str = "page") -> None:
    when = "null" if changed == "null" else f"'{changed}'"
    postgres.run(f"""insert into public.events values ('{name}', '{kind}', 'a', '2026-01-01 01:00+00', 1.50,
        '{{"topic": "spa"}}', {when})""")


def landed(case: Remote, night: str) -> list[str]:
    import pyarrow.parquet as pq

    path = next(line["path"] for line in case.manifest() if line["night"] == night)
    return sorted(pq.read_table(case.root / "data/landing" / path).column("messageId").to_pylist())


def test_a_night_reads_what_changed_since_the_night_before(tables: Tables, postgres: servers.Postgres) -> None:
    for name, changed in (("old", "2025-12-01"), ("new", "2026-01-01 23:30:00.5+00"), ("ahead", "2026-01-02 00:00+00")):
        add(postgres, name, changed)
    tables.night("2026-01-02", "web")
    assert landed(tables, "2026-01-02") == ["new", "old"]
    assert tables.manifest()[0]["watermark"] == "2026-01-02 00:00:00.000000+00:00"
    add(postgres, "late", "2026-01-01 23:00+00")  # committed after the first night, inside the overlap
    tables.night("2026-01-03", "web")
    assert landed(tables, "2026-01-03") == ["ahead", "late", "new"]
    rows = tables.ask("web", "select message_id, topic from ingest.events order by 1")
    assert rows == [("ahead", "spa"), ("late", "spa"), ("new", "spa"), ("old", "spa")]
    files = tables.ask("web", "select arrived, accepted, superseded, quarantined from ingest.files order by night")
    assert files == [(2, 1, 1, 0), (3, 3, 0, 0)]


def test_a_night_without_changes_brings_no_row(tables: Tables, postgres: servers.Postgres) -> None:
    add(postgres, "old", "2026-01-01 22:00+00")
    tables.night("2026-01-02", "web").night("2026-01-03", "web")
    assert landed(tables, "2026-01-03") == []
    assert tables.ask("web", "select message_id from ingest.events") == [("old",)]


def test_a_night_that_is_not_over_is_read_on_from_now(tables: Tables, postgres: servers.Postgres) -> None:
    add(postgres, "old", "2026-01-01")
    tables.night("2099-01-02", "web")
    assert tables.manifest()[0]["watermark"][:4] < "2099"


def test_a_night_that_is_run_again_reads_the_same_rows(tables: Tables, postgres: servers.Postgres) -> None:
    add(postgres, "one", "2026-01-01")
    tables.night("2026-01-02", "web")
    add(postgres, "two", "2026-01-01 23:30+00")
    tables.night("2026-01-02", "web")
    assert landed(tables, "2026-01-02") == ["one"]
    tables.night("2026-01-03", "web")
    assert tables.ask("web", "select message_id from ingest.events order by 1") == [("one",), ("two",)]


def test_a_row_whose_change_is_unknown_comes_every_night(tables: Tables, postgres: servers.Postgres) -> None:
    add(postgres, "never", "null")
    add(postgres, "ever", "infinity")
    tables.night("2026-01-02", "web").night("2026-01-03", "web")
    assert landed(tables, "2026-01-03") == ["ever", "never"]


@pytest.mark.parametrize(
    ("relation", "column", "told"),
    [
        ("public.nowhere", "changed", "no such table"),
        ("public.events", "score", "no time"),
        ("public.events", "nothing", "absent"),
        ('events"; drop table events; --', "changed", "no such table"),
    ],
)
def test_what_the_settings_get_wrong_is_said_at_once(
    tables: Tables, postgres: servers.Postgres, relation: str, column: str, told: str
) -> None:
    tables.more = {"tables": {"events": {"relation": relation, "updated_at": column}}}
    with pytest.raises(DeliveryError, match=told) as caught:
        tables.night(NIGHT, "web")
    assert not isinstance(caught.value, PassingError)
    add(postgres, "still there", "2026-01-01")


def test_a_wrong_password_fails_at_once_and_is_not_told(tables: Tables) -> None:
    tables.variable = tables.variable.replace(QUOTED, QUOTED[::-1].replace("%", "") + "x")
    with pytest.raises(DeliveryError, match="password authentication failed") as caught:
        tables.night(NIGHT, "web")
    assert not isinstance(caught.value, PassingError)
    assert QUOTED[::-1].replace("%", "") not in str(caught.value)


def test_a_database_that_is_away_may_come_back(tables: Tables) -> None:
    tables.more |= {"missing": "stop"}
    tables.variable = f"postgres://crm:{QUOTED}@127.0.0.1:{servers.free_port()}/postgres"
    with pytest.raises(PassingError, match="refused") as caught:
        tables.night(NIGHT, "web")
    tell_nothing(caught.value)


def test_a_database_is_asked_again_after_it_hung_up(tables: Tables) -> None:
    calls: list[int] = []
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()

        def hang_up() -> None:
            for _ in range(3):
                caller, _ = listener.accept()
                calls.append(1)
                caller.close()

        threading.Thread(target=hang_up, daemon=True).start()
        tables.variable = f"postgres://crm:{QUOTED}@127.0.0.1:{listener.getsockname()[1]}/x?sslmode=disable"
        tables.night(NIGHT, "web")
    assert len(calls) == 3
    assert any("left for a later night" in text for text in tables.logs)


@pytest.mark.parametrize("kind", ["timestamp", "date"])
def test_a_time_of_change_without_a_zone_is_utc(tables: Tables, postgres: servers.Postgres, kind: str) -> None:
    for name, changed in (("before", "2026-01-01 23:59:59+00"), ("after", "2026-01-02 00:00:00+00")):
        add(postgres, name, changed)
    postgres.run(
        "set time zone 'Asia/Tokyo'",
        f"alter table public.events alter changed type {kind} using changed at time zone 'UTC'",
    )
    tables.night("2026-01-02", "web")
    assert landed(tables, "2026-01-02") == ["before"]
    tables.night("2026-01-03", "web")
    assert "after" in landed(tables, "2026-01-03")


def test_a_user_who_may_only_read_is_enough(tables: Tables, postgres: servers.Postgres) -> None:
    add(postgres, "one", "2026-01-01")
    postgres.run(
        "drop role if exists reader",
        f"create role reader login password '{SECRET}'",
        "grant select on public.events to reader",
    )
    tables.variable = tables.variable.replace("crm:", "reader:")
    tables.night(NIGHT, "web")
    assert landed(tables, NIGHT) == ["one"]
    postgres.run("revoke all on public.events from reader")
