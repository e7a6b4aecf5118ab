"""Whole nights through a real Airflow: make run, back-fills, runs by hand, a failure mended in the UI's way."""

import contextlib
import filecmp
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pipeline.demo import NIGHTS, generate
from pipeline.embedded import driver
from pipeline.embedded.airflow_api import DAGS, Api
from pipeline.embedded.driver import Home

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[2]
PATIENCE_SECONDS = 900


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small company's three nights."""
    return generate(tmp_path_factory.mktemp("company") / "company", people=300)


@pytest.fixture(scope="module")
def by_hand(company: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The marts of all nights in order ("all") and of a first run on the last night ("last"), by the command line."""
    marts = {}
    for name, nights in (("all", NIGHTS), ("last", NIGHTS[-1:])):
        data = tmp_path_factory.mktemp(name)
        asked = [word for night in nights for word in ("--night", night)]
        places = [
            "--exports",
            str(company / "exports"),
            "--journey-map",
            str(company / "journey.yml"),
            "--data",
            str(data),
        ]
        done = subprocess.run(
            [sys.executable, "-m", "pipeline.cli", "run", *asked, *places],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
        marts[name] = Path(done.stdout.strip())
    return marts


def home_of(company: Path, folder: Path) -> Home:
    shutil.copytree(company, folder / "company")
    return Home(folder)


def same_marts(one: Path, other: Path) -> bool:
    """Whether the tables are the same bytes; `runs` (times) apart."""
    names = sorted({path.name for path in (*one.glob("*.parquet"), *other.glob("*.parquet"))} - {"runs.parquet"})
    assert "moment_ranking.parquet" in names
    return filecmp.cmpfiles(one, other, names, shallow=False) == (names, [], [])


def published(home: Home) -> Path:
    """The folder of the published marts."""
    command = [sys.executable, "-m", "pipeline.cli", "marts", "--data", str(home.data)]
    return Path(subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip())


def launched(home: Home, output: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "pipeline.embedded.driver", "run", "--home", str(home.path)]
    with output.open("wb") as handle:
        return subprocess.Popen(command, cwd=ROOT, stdout=handle, stderr=subprocess.STDOUT)


def wait_until(holds: Callable[[], Any], what: str) -> Any:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (found := holds()):
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.5)
    return found


def session_of(home: Home) -> int:
    return int(wait_until(lambda: driver.running(home), "Airflow's start").session)


# -- make run -------------------------------------------------------------------------------------------------------


def test_a_night_runs_through_airflow_and_leaves_nothing_running(
    company: Path, by_hand: dict[str, Path], tmp_path: Path
) -> None:
    home = home_of(company, tmp_path / "home")
    process = launched(home, tmp_path / "output")
    session = session_of(home)
    assert process.wait(PATIENCE_SECONDS) == 0, (tmp_path / "output").read_text("utf-8")
    assert driver.members(session) == []
    assert same_marts(published(home), by_hand["last"]), "the DAGs and the command line differ"
    told = (tmp_path / "output").read_text("utf-8")
    for word in ("Report  ", "E-mail  "):
        path = told.split(word)[1].splitlines()[0]
        assert Path(path).stat().st_size > 1000


def test_an_interrupted_run_ends_its_airflow(company: Path, tmp_path: Path) -> None:
    home = home_of(company, tmp_path / "home")
    process = launched(home, tmp_path / "output")
    session = session_of(home)
    wait_until(lambda: "pull" in (tmp_path / "output").read_text("utf-8"), "the first pull")
    process.send_signal(signal.SIGINT)
    assert process.wait(120) != 0
    assert driver.members(session) == []
    assert not home.state.exists()


def test_a_wrong_journey_map_fails_once_by_name_and_mails_once(company: Path, tmp_path: Path) -> None:
    home = home_of(company, tmp_path / "home")
    (home.company / "journey.yml").write_text("brand: X\nstepz: []\n", "utf-8")
    process = launched(home, tmp_path / "output")
    session = session_of(home)
    assert process.wait(PATIENCE_SECONDS) == 1
    assert driver.members(session) == []
    assert "JourneyMapError" in (tmp_path / "output").read_text("utf-8")
    (mail,) = (home.data / "outbox").glob("*.eml")
    assert "stepz" in mail.read_text("utf-8")
    assert not (home.data / "catalog.json").exists()


# -- make up --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def airflow(company: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Home, Api]]:
    """An Airflow that stays up, with the DAGs switched on."""
    home = home_of(company, tmp_path_factory.mktemp("up") / "home")
    try:
        assert driver.main(["up", "--home", str(home.path)]) == 0
        access = driver.running(home)
        assert access is not None
        api = Api(access.url)
        api.log_in("admin", access.password)
        yield home, api
    finally:
        assert driver.main(["down", "--home", str(home.path)]) == 0


def ended(api: Api, dag: str, count: int, night: str) -> list[dict[str, Any]] | None:
    """The night's runs of the DAG, once there are as many and all have ended."""
    runs = api.runs(dag, night)
    return runs if len(runs) >= count and all(run["state"] in ("success", "failed") for run in runs) else None


def test_a_back_fill_from_the_command_line_goes_night_by_night_and_mails_nobody(
    airflow: tuple[Home, Api], by_hand: dict[str, Path]
) -> None:
    home, api = airflow
    command = ["airflow", "backfill", "create", "--dag-id", "landmark_ingest", "--reprocess-behavior", "completed"]
    surroundings = driver.environment(home, 0)
    dates = ["--from-date", NIGHTS[0], "--to-date", NIGHTS[-1]]
    subprocess.run([*command, *dates], env=surroundings, cwd=ROOT, capture_output=True, check=True)
    for night in NIGHTS:
        for dag in DAGS:
            runs = wait_until(lambda dag=dag, night=night: ended(api, dag, 1, night), f"{dag} {night}")
            assert [run["state"] for run in runs] == ["success"], f"{dag} {night}"
    starts = [api.runs("landmark_build", night)[0]["start_date"] for night in NIGHTS]
    assert starts == sorted(starts)
    assert same_marts(published(home), by_hand["all"]), "a back-fill and the command line differ"
    assert not list((home.data / "outbox").glob(f"{NIGHTS[-1]}-*.eml"))


def test_a_run_from_the_form_without_a_key_starts_what_follows(airflow: tuple[Home, Api]) -> None:
    home, api = airflow
    before = {dag: len(api.runs(dag, NIGHTS[-1])) for dag in DAGS[1:]}
    body = {"logical_date": None, "conf": {"night": NIGHTS[-1], "sources": ["crm"]}}
    api.call("POST", "/api/v2/dags/landmark_ingest/dagRuns", body)
    for dag in DAGS[1:]:
        runs = wait_until(lambda dag=dag: ended(api, dag, before[dag] + 1, NIGHTS[-1]), dag)
        assert runs[-1]["state"] == "success"
    assert list((home.data / "outbox").glob(f"{NIGHTS[-1]}-*.eml")), "the newest night, run by hand, is mailed"


def hold(api: Api, held: bool) -> None:
    """Lets no building stage start, or lets them again."""
    body = {"name": "landmark_build", "slots": 0 if held else 1, "description": "", "include_deferred": False}
    api.call("PATCH", "/api/v2/pools/landmark_build", body)


def test_a_stage_that_failed_is_cleared_and_resumed(airflow: tuple[Home, Api]) -> None:
    home, api = airflow
    journey_map, good = home.company / "journey.yml", (home.company / "journey.yml").read_text("utf-8")
    count = len(api.runs("landmark_build", NIGHTS[-1]))
    hold(api, True)
    ingest = api.trigger("landmark_ingest", NIGHTS[-1])
    wait_until(lambda: api.run_state("landmark_ingest", ingest) == "success", "ingest")
    standing = published(home)
    journey_map.write_text(good.replace("steps:", "stepz:", 1), "utf-8")
    hold(api, False)
    run = wait_until(lambda: ended(api, "landmark_build", count + 1, NIGHTS[-1]), "the build")[-1]
    assert run["state"] == "failed"
    assert published(home) == standing, "a failed night publishes nothing"
    assert list((home.data / "outbox").glob("failed-*-identity-*.eml"))
    journey_map.write_text(good, "utf-8")
    name = run["dag_run_id"]
    api.call(
        "POST",
        "/api/v2/dags/landmark_build/clearTaskInstances",
        {"dry_run": False, "dag_run_id": name, "only_failed": True, "reset_dag_runs": True},
    )
    wait_until(lambda: api.run_state("landmark_build", name) == "success", "the build's second try")
    assert published(home) != standing
    assert same_marts(published(home), standing)


def test_the_api_lets_nobody_in_without_a_password(airflow: tuple[Home, Api]) -> None:
    _, api = airflow
    with pytest.raises(driver.ApiError, match="401"):
        Api(api.url).call("GET", "/api/v2/dags")
    with pytest.raises(driver.ApiError, match="401"):
        Api(api.url).log_in("admin", "wrong")


def _open_files(pid: int) -> list[str]:
    found = []
    for link in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(OSError):
            found.append(str(link.readlink()))
    return found


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="needs Linux's /proc")
def test_airflow_listens_on_the_loopback_alone(airflow: tuple[Home, Api]) -> None:
    home, _ = airflow
    access = driver.running(home)
    assert access is not None
    sockets = {name for pid, _ in driver.members(access.session) for name in _open_files(pid)}
    listening = set()
    for table in ("tcp", "tcp6"):
        for row in Path(f"/proc/net/{table}").read_text("ascii").splitlines()[1:]:
            cells = row.split()
            if cells[3] == "0A" and f"socket:[{cells[9]}]" in sockets:
                listening.add(cells[1].split(":")[0])
    assert listening == {"0100007F"}
