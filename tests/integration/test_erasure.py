"""A person is erased from whole nights: nothing of theirs is left, nobody else loses anything, nobody returns."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipeline import runner
from pipeline.catalog import Store
from pipeline.demo import generate
from pipeline.errors import IdentityError, SettingsError, StageError
from pipeline.privacy import erasure
from pipeline.privacy.subject_access import export
from pipeline.settings import Settings, load_settings
from tests.integration import erasure_case as case

NIGHTS = ("2026-06-28", "2026-06-29", "2026-06-30")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = generate(tmp_path_factory.mktemp("world"), people=150, nights=NIGHTS, seed=11)
    case.plant(folder / "exports", NIGHTS[0])
    case.plant(folder / "exports", NIGHTS[2], late=True)
    return folder


def settings_of(world: Path, data: Path) -> Settings:
    places = {"exports": str(world / "exports"), "journey_map": world / "journey.yml", "data": data}
    return load_settings(environ={}, hash_key="secret", **places)


@pytest.fixture(scope="module")
def two_nights(world: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    data = tmp_path_factory.mktemp("two") / "data"
    for night in NIGHTS[:2]:
        runner.run_night(settings_of(world, data), night)
    (data / "logs").mkdir()
    (data / "logs" / "task.log").write_text(f"read {case.COOKIE}, and {case.MAIL}\nother line\n")
    return data


@pytest.fixture(scope="module")
def erased(world: Path, two_nights: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    data = tmp_path_factory.mktemp("erased") / "data"
    copy(two_nights, data)
    summary = erasure.erase(settings_of(world, data), f"email:{case.MAIL}")
    assert summary["records"] >= 3
    return data


@pytest.fixture(scope="module")
def third_night(world: Path, erased: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    data = tmp_path_factory.mktemp("third") / "data"
    copy(erased, data)
    runner.run_night(settings_of(world, data), NIGHTS[2])
    return data


def copy(data: Path, to: Path) -> None:
    """Copies a data folder; what it shares by hard links stays shared."""
    subprocess.run(["cp", "-a", data, to], check=True)


def build(data: Path, night: str) -> Path:
    store = Store(data)
    return store.folder(night, int(store.read().night(night).build or 0))


def accounts(data: Path, night: str) -> list[tuple[Any, ...]]:
    files = f"read_parquet('{build(data, night)}/ingest/*/files.parquet')"
    found = duckdb.sql(f"select * from {files} order by source, table_name, night, file").fetchall()
    return list(found)


def test_the_person_was_everywhere_before(two_nights: Path) -> None:
    found = case.holding(two_nights, [v for v in case.OWN if "late" not in v])
    assert set(case.OWN) - set(found) <= {v for v in case.OWN if "late" in v}
    kinds = {place.split("/")[0] for places in found.values() for place in places}
    assert {"landing", "builds", "quarantine", "logs"} <= kinds
    for value in (case.CRM, case.FIRST):
        assert any(place.endswith("marts/cards.csv") for place in found[value]), value


def test_the_others_keep_their_cards_and_only_their_owner_can_read_them(two_nights: Path, erased: Path) -> None:
    before, after = (build(data, NIGHTS[1]) / "marts" for data in (two_nights, erased))
    for name in ("cards.csv", "cards.parquet"):
        assert (after / name).stat().st_mode & 0o777 == 0o600
    old, new = ((marts / "cards.csv").read_text("utf-8").splitlines() for marts in (before, after))
    assert set(new) < set(old)
    hers = [line for line in old if line not in new]
    assert hers and all("Q'); drop table x;--*?[9]" in line or "Q-second-77" in line for line in hers)


def test_nothing_of_the_person_is_left_anywhere(erased: Path) -> None:
    assert case.holding(erased, case.OWN) == {}


def test_nothing_comes_back_with_a_later_night_that_delivers_them_again(third_night: Path) -> None:
    assert case.holding(third_night, [*case.OWN, "Q-third"]) == {}
    counted = [row for row in accounts(third_night, NIGHTS[2]) if str(row[2]) == NIGHTS[2] and row[-1]]
    assert {(row[0], row[1]) for row in counted} == {
        ("crm", "customers"), ("crm", "interactions"), ("crm", "orders"), ("partner", "spadework"), ("social", "posts"),
        ("web", "events"),
    }  # fmt: skip


@pytest.mark.parametrize("night", NIGHTS)
def test_every_file_adds_up(third_night: Path, night: str) -> None:
    rows = accounts(third_night, night)
    assert rows
    for *_, arrived, accepted, superseded, quarantined, not_ours, gone in rows:
        assert arrived == accepted + superseded + quarantined + not_ours + gone


def test_a_rebuild_from_what_landed_gives_the_same_accounts(world: Path, third_night: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    shutil.copytree(third_night / "landing", data / "landing")
    shutil.copytree(third_night / "identity", data / "identity")
    settings = settings_of(world, data)
    for night in NIGHTS:
        runner.run_night(settings, night, through="ingest")
    assert case.holding(data, case.OWN) == {}
    folder = data / "builds" / NIGHTS[2] / "1"
    found = f"select * from read_parquet('{folder}/ingest/*/files.parquet') order by source, table_name, night, file"
    assert duckdb.sql(found).fetchall() == accounts(third_night, NIGHTS[2])


def test_other_customers_keep_every_row(two_nights: Path, erased: Path) -> None:
    before, after = build(two_nights, NIGHTS[1]), build(erased, NIGHTS[1])
    for table in ("customers", "orders", "interactions", "events", "posts", "activities"):
        rows = f"select * from read_parquet('{{}}/ingest/*/{table}/*.parquet', union_by_name = true)"
        old, new = rows.format(before), rows.format(after)
        lost = duckdb.execute(f"{old} except {new}").fetchall()
        assert lost and all(is_hers(row) or "INT-of-another" in row for row in lost), table
        added = duckdb.execute(f"{new} except {old}").fetchall()
        assert all("INT-of-another" in row for row in added)


def is_hers(row: tuple[object, ...]) -> bool:
    return any(str(value) in case.OWN for value in row)


def test_other_customers_keep_their_marts(two_nights: Path, erased: Path) -> None:
    before, after = build(two_nights, NIGHTS[1]) / "marts", build(erased, NIGHTS[1]) / "marts"
    for mart in ("touchpoints", "journeys", "identities", "customers", "emotions", "moments", "cards"):
        columns = "* exclude (text)" if mart == "touchpoints" else "*"
        old, new = (f"select {columns} from '{marts / mart}.parquet'" for marts in (before, after))
        assert duckdb.sql(f"{new} except all {old}").fetchall() == []
        if mart in ("touchpoints", "journeys", "identities", "customers", "cards"):
            lost = duckdb.sql(f"select distinct customer_id from ({old} except all {new})").fetchall()
            assert len(lost) == 1, mart


def test_who_mentions_the_person_keeps_the_row_but_not_the_value(erased: Path) -> None:
    rows = duckdb.sql(
        f"select text from read_parquet('{build(erased, NIGHTS[1])}/ingest/crm/interactions/*.parquet')"
        " where interaction_id = 'INT-of-another'"
    ).fetchall()
    assert rows == [("please ask erased, not me (line\nbreak)",)]


def test_what_others_share_stays_in_their_rows(erased: Path) -> None:
    kept = [case.SHARED_COOKIE, "heir-1", "ACT-of-another", "ACT-of-nobody", "POST-in-array"]
    assert set(case.holding(erased, kept)) == set(kept)


def test_what_builds_share_stays_shared(two_nights: Path, erased: Path) -> None:
    def linked(data: Path) -> int:
        return len({part.stat().st_ino for part in data.glob("builds/*/*/ingest/*/*/*.parquet")})

    assert linked(erased) == linked(two_nights)


def test_the_ledger_says_that_the_person_was_erased(erased: Path) -> None:
    ledger = f"read_parquet('{build(erased, NIGHTS[1])}/identity/ledger/*.parquet')"
    told = duckdb.sql(f"select customer_id, night::varchar from {ledger} where event = 'erase'").fetchall()
    assert [night for _, night in told] == [NIGHTS[1]]
    left = duckdb.sql(
        f"select count(*) from {ledger} where customer_id = '{told[0][0]}' and identifier_value is not null"
    )
    assert left.fetchall() == [(0,)]


def test_the_erased_night_can_be_run_again(world: Path, erased: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    copy(erased, data)
    runner.run_night(settings_of(world, data), NIGHTS[1], through="identity")
    assert case.holding(data, case.OWN) == {}


def test_what_is_held_on_the_person_is_given_to_them(world: Path, two_nights: Path, tmp_path: Path) -> None:
    folder = export(settings_of(world, two_nights), f"email:{case.MAIL}", tmp_path / "given")
    late = {"msg-q-late", "INT-Q-late"}
    assert set(case.OWN) - set(case.holding(folder, case.OWN)) <= late
    assert case.holding(folder, [case.HEIR, "heir-1", "INT-of-another", "ACT-of-another", "POST-in-array"]) == {}
    assert {oct(p.stat().st_mode & 0o777) for p in folder.rglob("*")} == {"0o600", "0o700"}
    assert {p.name for p in folder.iterdir()} >= {"README.txt", "delivered", "identity", "marts"}
    with pytest.raises(SettingsError, match="holds something already"):
        export(settings_of(world, two_nights), f"email:{case.MAIL}", folder)


def test_a_night_waits_for_an_erasure_that_was_killed(world: Path, erased: Path, tmp_path: Path) -> None:
    (tmp_path / "identity").mkdir()
    (tmp_path / "identity" / "erasing.json").write_text("{}")
    with pytest.raises(StageError, match="erasure"):
        runner.run_stage(settings_of(world, tmp_path), "pull", NIGHTS[0], "crm")


def test_erasing_twice_is_told(world: Path, erased: Path) -> None:
    for text in (f"email:{case.MAIL}", f"crm_id:{case.CRM}"):
        with pytest.raises(IdentityError, match="erased already"):
            erasure.erase(settings_of(world, erased), text)


@pytest.mark.parametrize(
    "text", ["crm_id:nobody", "'; drop table identity.members;--", "crm_id:*", "", "%", "crm_id:\0"]
)
def test_who_is_unknown_is_told_and_nothing_changes(world: Path, erased: Path, text: str) -> None:
    before = {p: p.stat().st_mtime_ns for p in erased.rglob("*.parquet")}
    with pytest.raises(IdentityError):
        erasure.erase(settings_of(world, erased), text)
    assert before == {p: p.stat().st_mtime_ns for p in erased.rglob("*.parquet")}


@pytest.mark.parametrize("wait_seconds", [0.3])
def test_a_killed_erasure_is_completed_by_running_it_again(
    world: Path, two_nights: Path, erased: Path, tmp_path: Path, wait_seconds: float
) -> None:
    data = tmp_path / "data"
    copy(two_nights, data)
    settings = settings_of(world, data)
    code = f"""
from pathlib import Path
from pipeline.privacy import erasure
from pipeline.settings import load_settings
s = load_settings(environ={{}}, hash_key="secret", exports={str(world / "exports")!r}, data=Path({str(data)!r}))
erasure.erase(s, "email:{case.MAIL}")
"""
    running = subprocess.Popen([sys.executable, "-c", code])
    while not erasure.is_unfinished(data) and running.poll() is None:
        time.sleep(0.01)
    time.sleep(wait_seconds)
    os.kill(running.pid, signal.SIGKILL)
    running.wait()
    if erasure.is_unfinished(data):
        assert erasure.erase(settings, f"email:{case.MAIL}")["records"] >= 3
    assert case.holding(data, case.OWN) == {}
    assert not erasure.is_unfinished(data)
    assert accounts(data, NIGHTS[1]) == accounts(erased, NIGHTS[1])
