"""The driver of make run: what it gives to Airflow, and that what it starts it ends."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pipeline.embedded import driver, follow
from pipeline.embedded.driver import Access, Home


def session(code: str) -> subprocess.Popen[bytes]:
    """A session of its own in which a shell runs the code."""
    return subprocess.Popen(["sh", "-c", code], start_new_session=True)


def wait_for(count: int, leader: int) -> list[tuple[int, str]]:
    deadline = time.monotonic() + 20
    while len(found := driver.members(leader)) != count and time.monotonic() < deadline:
        time.sleep(0.05)
    return found


def test_a_session_is_ended_with_all_in_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(driver, "STOP_SECONDS", 1.0)
    deaf = "import os, signal, time; signal.signal(15, signal.SIG_IGN); os.setpgid(0, 0); time.sleep(60)"
    stubborn = f"{sys.executable} -c '{deaf}'"
    process = session(f"sleep 60 & {stubborn} & sleep 60")
    assert len(wait_for(4, process.pid)) == 4
    driver.stop(Home(tmp_path), process.pid)
    assert driver.members(process.pid) == []
    assert process.wait(5) < 0


def test_only_an_airflow_that_still_lives_counts_as_running(tmp_path: Path) -> None:
    home = Home(tmp_path)
    assert driver.running(home) is None
    process = session("sleep 60; true airflow")
    home.airflow.mkdir()
    home.state.write_text(json.dumps(vars(Access(process.pid, 8080, "secret"))), "utf-8")
    wait_for(2, process.pid)
    assert driver.running(home) == Access(process.pid, 8080, "secret")
    os.killpg(process.pid, signal.SIGKILL)
    process.wait(5)
    wait_for(0, process.pid)
    assert driver.running(home) is None


def test_a_second_run_beside_the_first_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    process = session("sleep 60; true airflow")
    (tmp_path / "airflow").mkdir()
    Home(tmp_path).state.write_text(json.dumps(vars(Access(process.pid, 8080, "secret"))), "utf-8")
    wait_for(2, process.pid)
    try:
        assert driver.main(["run", "--home", str(tmp_path)]) == 1
    finally:
        driver.stop(Home(tmp_path), process.pid)
    assert "make down" in capsys.readouterr().err


def test_down_without_an_airflow_is_no_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert driver.main(["down", "--home", str(tmp_path)]) == 0
    assert "No Airflow is running" in capsys.readouterr().out


def test_airflow_sees_nothing_of_another_airflow_and_listens_on_the_loopback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", "postgresql://production")
    monkeypatch.setenv("AIRFLOW__CORE__PLUGINS_FOLDER", "/elsewhere")
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    given = driver.environment(Home(tmp_path), 12345)
    assert "production" not in given["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"]
    assert "AIRFLOW__CORE__PLUGINS_FOLDER" not in given
    assert "PYTHONDONTWRITEBYTECODE" not in given
    assert given["AIRFLOW__API__HOST"] == "127.0.0.1"
    assert len(given["AIRFLOW__API_AUTH__JWT_SECRET"]) >= 64
    assert "--skip-serve-logs" in driver.COMPONENTS, "Airflow's log server listens on every interface"
    assert Path(given["PATH"].split(os.pathsep)[0]) == Path(sys.executable).parent


def test_reports_are_read_in_an_airflow_that_stays_unless_the_settings_say_where(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LANDMARK_REPORT_URL", raising=False)
    given = driver.environment(Home(tmp_path), 12345, stays=True)
    assert given["LANDMARK_REPORT_URL"] == "http://127.0.0.1:12345/landmark/nights"
    assert "LANDMARK_REPORT_URL" not in driver.environment(Home(tmp_path), 12345)
    monkeypatch.setenv("LANDMARK_REPORT_URL", "https://reports.example.org")
    assert driver.environment(Home(tmp_path), 1, stays=True)["LANDMARK_REPORT_URL"] == "https://reports.example.org"


def test_the_last_night_is_the_newest_that_was_delivered(tmp_path: Path) -> None:
    for path in ("crm/orders/2026-06-28", "web/events/2026-06-30", "crm/orders/2026-06-29"):
        (tmp_path / "company" / "exports" / path).mkdir(parents=True)
    assert Home(tmp_path).last_night() == "2026-06-30"


def test_a_wanted_port_that_is_taken_gives_another() -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert driver.free_port(port) not in (0, port)


def test_secrets_are_readable_by_their_owner_only(tmp_path: Path) -> None:
    (tmp_path / "file").touch(mode=0o644)
    driver.write_private(tmp_path / "file", "secret")
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o600


# -- what is shown --------------------------------------------------------------------------------------------------


def test_a_stages_counts_are_told_in_a_few_words() -> None:
    tables = {"orders": 1234, "_orders": 5, "files": 3}
    assert follow.rows_told({"tables": tables, "rows_quarantined": 0}) == ": 1,234 orders, 3 files"
    assert follow.rows_told({"tables": tables, "rows_quarantined": 7}).endswith("; 7 quarantined")
    assert follow.rows_told({"tables": dict.fromkeys("abcdef", 1), "rows_quarantined": 0}).endswith("and 2 tables more")
    assert follow.rows_told(None) == follow.rows_told(["2026-06-30"]) == ""


def test_a_failed_task_shows_the_end_of_its_last_log(tmp_path: Path) -> None:
    folder = tmp_path / "dag_id=d" / "run_id=r" / "task_id=t"
    folder.mkdir(parents=True)
    (folder / "attempt=1.log").write_text('{"event": "the first try"}\n', "utf-8")
    error = {
        "level": "error",
        "event": "Task failed",
        "error_detail": [{"exc_type": "QualityError", "exc_value": "why"}],
    }
    lines = ['{"level": "info", "event": "::group::Pre Execute"}', json.dumps(error), "not JSON"]
    (folder / "attempt=2.log").write_text("\n".join(lines), "utf-8")
    shown = follow.log_tail(tmp_path, "d", "r", "t")
    assert shown == "    error Task failed\n    QualityError: why\n    not JSON"
    assert follow.log_tail(tmp_path, "d", "r", "other") == "    (it left no log)"


def test_the_checkout_is_found() -> None:
    assert (driver.PROJECT / "dags" / "pools.json").is_file()
