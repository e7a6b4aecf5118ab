"""A whole Airflow in one folder, for trying Landmark: the driver of `make run`, `make up` and `make down`.

It starts Airflow's own commands (SQLite, LocalExecutor, loopback only), talks to them over the REST API, and ends
them. It never imports airflow. All processes are one session, so that ending the session leaves nothing running.
"""

import argparse
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from pipeline.embedded.airflow_api import DAGS, Api, ApiError
from pipeline.embedded.follow import Follower
from pipeline.errors import LandmarkError, NightError

PROJECT = Path(__file__).resolve().parents[2]
START_SECONDS = 300.0
STOP_SECONDS = 40.0
COMPONENTS = """
airflow db migrate || exit 1
airflow scheduler --skip-serve-logs &
airflow dag-processor &
airflow triggerer --skip-serve-logs &
exec airflow api-server
"""


@dataclass(frozen=True)
class Home:
    """Where a trial installation keeps what is its own: the sample company, the data folder, Airflow."""

    path: Path

    @property
    def company(self) -> Path:
        return self.path / "company"

    @property
    def data(self) -> Path:
        return self.path / "data"

    @property
    def airflow(self) -> Path:
        return self.path / "airflow"

    @property
    def log(self) -> Path:
        return self.airflow / "airflow.log"

    @property
    def state(self) -> Path:
        return self.airflow / "running.json"

    def last_night(self) -> str:
        """The newest night that the sample company delivered."""
        nights = {path.name for path in (self.company / "exports").glob("*/*/*") if path.is_dir()}
        if not nights:
            raise NightError("there is no delivery", where=str(self.company), fix="Run make clean, then make run")
        return max(nights)


@dataclass(frozen=True)
class Access:
    """How to reach and how to end a running Airflow: its session and port, and the password of `admin`."""

    session: int
    port: int
    password: str

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


# -- the sample company -----------------------------------------------------------------------------------------------


def prepare_company(home: Home) -> None:
    """Writes the sample deliveries, unless they are there whole."""
    if home.company.exists():
        return
    say("Making up a company and its deliveries")
    fresh = home.path / "company.part"
    shutil.rmtree(fresh, ignore_errors=True)
    landmark = [sys.executable, "-m", "pipeline.cli", "demo", "--to", str(fresh)]
    done = subprocess.run(landmark, cwd=PROJECT, stdout=subprocess.DEVNULL, check=False)
    if done.returncode:
        raise LandmarkError("the sample deliveries could not be written", where=str(fresh))
    fresh.rename(home.company)


# -- the processes ----------------------------------------------------------------------------------------------------


def environment(home: Home, port: int, *, stays: bool = False) -> dict[str, str]:
    """What Airflow and its tasks see: nothing of another Airflow's settings, and nothing that listens to outside.

    An Airflow that stays is where its reports are read, unless the settings name another place.
    """
    own = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")}
    own.pop("PYTHONDONTWRITEBYTECODE", None)
    if stays:
        own.setdefault("LANDMARK_REPORT_URL", f"http://127.0.0.1:{port}/landmark/nights")
    loopback = ",".join(filter(None, [own.get("NO_PROXY"), "127.0.0.1", "localhost"]))
    return own | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{own.get('PATH', os.defpath)}",
        "NO_PROXY": loopback,
        "no_proxy": loopback,
        "LANDMARK_EXPORTS": str(home.company / "exports"),
        "LANDMARK_JOURNEY_MAP": str(home.company / "journey.yml"),
        "LANDMARK_DATA": str(home.data),
        "AIRFLOW_HOME": str(home.airflow),
        "AIRFLOW__CORE__DAGS_FOLDER": str(PROJECT / "dags"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        "AIRFLOW__CORE__PARALLELISM": "4",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home.airflow}/airflow.db",
        "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.3",
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__BASE_URL": f"http://127.0.0.1:{port}",
        "AIRFLOW__API__SECRET_KEY": secrets.token_hex(64),
        "AIRFLOW__API_AUTH__JWT_SECRET": secrets.token_hex(64),
    }


def free_port(wanted: int = 0) -> int:
    """A port on the loopback that nobody listens on: the wanted one where it is free."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with suppress(OSError):
                probe.bind(("127.0.0.1", port))
                return int(probe.getsockname()[1])
    raise LandmarkError("no port is free on 127.0.0.1")


def start(home: Home, wanted_port: int = 0, *, stays: bool = False) -> Access:
    """Starts Airflow's components in a session of their own; returns at once."""
    home.airflow.mkdir(parents=True, exist_ok=True, mode=0o700)
    port, password = free_port(wanted_port), secrets.token_urlsafe(12)
    write_private(home.airflow / "simple_auth_manager_passwords.json.generated", json.dumps({"admin": password}))
    with home.log.open("wb") as log:
        process = subprocess.Popen(
            ["sh", "-c", COMPONENTS],
            env=environment(home, port, stays=stays),
            cwd=PROJECT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    access = Access(process.pid, port, password)
    write_private(home.state, json.dumps(vars(access)))
    return access


def write_private(path: Path, text: str) -> None:
    path.touch(mode=0o600)
    path.chmod(0o600)
    path.write_text(text, "utf-8")


def running(home: Home) -> Access | None:
    """The Airflow that runs in this home, if one does."""
    try:
        access = Access(**json.loads(home.state.read_text("utf-8")))
    except (FileNotFoundError, ValueError, TypeError):
        return None
    return access if any("airflow" in command for _, command in members(access.session)) else None


def members(session: int) -> list[tuple[int, str]]:
    """The processes of a session: their ids and commands."""
    listed = subprocess.run(["ps", "-A", "-o", "pid=,stat=,args="], capture_output=True, text=True, check=True).stdout
    found = []
    for pid, state, *command in (line.split(maxsplit=2) for line in listed.splitlines()):
        with suppress(ProcessLookupError, PermissionError):
            if os.getsid(int(pid)) == session and not state.startswith("Z"):
                found.append((int(pid), "".join(command)))
    return found


def stop(home: Home, session: int) -> None:
    """Ends every process of the session: asks first, then insists."""
    deadline = time.monotonic() + STOP_SECONDS
    tell(session, signal.SIGTERM)
    while members(session) and time.monotonic() < deadline:
        time.sleep(0.3)
    while members(session):
        tell(session, signal.SIGKILL)
        time.sleep(0.3)
    home.state.unlink(missing_ok=True)


def tell(session: int, signal_number: int) -> None:
    for pid, _ in members(session):
        with suppress(ProcessLookupError):
            os.kill(pid, signal_number)


def ready(home: Home, access: Access) -> Api:
    """Waits until Airflow is healthy and knows the DAGs; creates the pools and switches the DAGs on."""
    deadline = time.monotonic() + START_SECONDS
    api = Api(access.url)
    while not api.is_healthy():
        check_alive(home, access)
        if time.monotonic() > deadline:
            raise LandmarkError(
                f"Airflow did not start in {START_SECONDS:.0f} s", where=str(home.log), fix=tail(home.log)
            )
        time.sleep(0.5)
    api.log_in("admin", access.password)
    api.create_pools(json.loads((PROJECT / "dags" / "pools.json").read_text("utf-8")))
    while not api.knows_dags():
        check_alive(home, access)
        if time.monotonic() > deadline:
            raise LandmarkError("Airflow did not find the DAGs", where=str(PROJECT / "dags"), fix=tail(home.log))
        time.sleep(0.5)
    return api


def check_alive(home: Home, access: Access) -> None:
    if not members(access.session):
        raise LandmarkError("Airflow ended by itself", where=str(home.log), fix=tail(home.log))


def tail(path: Path, lines: int = 15) -> str:
    text = path.read_text("utf-8", "replace") if path.exists() else ""
    return "Its last lines:\n" + "\n".join(text.splitlines()[-lines:])


# -- the commands -----------------------------------------------------------------------------------------------------


def say(text: str) -> None:
    print(text, flush=True)


@contextmanager
def stopped_at_the_end(home: Home, access: Access) -> Iterator[None]:
    """Ends Airflow whatever happens, a signal included."""

    def leave(number: int, _: FrameType | None) -> None:
        raise SystemExit(128 + number)

    asked = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    for number in asked:
        signal.signal(number, leave)
    try:
        yield
    finally:
        for number in asked:
            signal.signal(number, signal.SIG_IGN)
        say("Stopping Airflow")
        stop(home, access.session)


def run(home: Home) -> int:
    """One night of the sample company through Airflow, from its start to its end."""
    if running(home):
        raise LandmarkError("an Airflow is running here already", where=str(home.path), fix="Run make down first")
    prepare_company(home)
    night = home.last_night()
    shutil.rmtree(home.airflow, ignore_errors=True)
    started = time.monotonic()
    say(f"Starting Airflow for the night {night} (its log: {home.log})")
    access = start(home)
    with stopped_at_the_end(home, access):
        api = ready(home, access)
        ingest = api.trigger(DAGS[0], night)
        api.switch_on(DAGS)
        follower = Follower(api, night, home.airflow / "logs", say, lambda: check_alive(home, access))
        done = follower.follow(ingest)
    if not done:
        say(f"The night {night} failed; nothing of it was published. Airflow's logs: {home.airflow / 'logs'}")
        return 1
    show_results(home, night, time.monotonic() - started)
    return 0


def show_results(home: Home, night: str, seconds: float) -> None:
    say(f"\nThe night {night} is published, {seconds:.0f} s after the start.")
    for name, told in (("report.html", "Report "), ("quality.html", "Quality")):
        say(f"{told} {home.data / 'reports' / night / name}")
    for path in sorted((home.data / "outbox").rglob("*.eml")):
        say(f"E-mail  {path}")
    say("Airflow's UI with this night in it: make up")


def up(home: Home) -> int:
    """Leaves Airflow running, with the DAGs switched on, and tells how to get in."""
    access = running(home)
    if access is None:
        prepare_company(home)
        say(f"Starting Airflow (its log: {home.log})")
        access = start(home, wanted_port=8080, stays=True)
        try:
            ready(home, access).switch_on(DAGS)
        except BaseException:
            stop(home, access.session)
            raise
    say(f"Airflow   {access.url}\nUser      admin\nPassword  {access.password}")
    say(f"Reports   {access.url}/landmark/")
    say(f"Trigger landmark_ingest for the night {home.last_night()}. To end it: make down")
    return 0


def down(home: Home) -> int:
    """Ends the Airflow of this home."""
    access = running(home)
    if access is None:
        say("No Airflow is running here.")
        return 0
    stop(home, access.session)
    say("Airflow is stopped.")
    return 0


COMMANDS = {"run": run, "up": up, "down": down}


def main(arguments: Sequence[str] | None = None) -> int:
    """python -m pipeline.embedded.driver run|up|down; exit code 0 done, 1 failed, 2 wrong usage."""
    parser = argparse.ArgumentParser(prog="python -m pipeline.embedded.driver", description=__doc__)
    parser.add_argument("command", choices=sorted(COMMANDS))
    parser.add_argument("--home", type=Path, default=PROJECT / "run", help="where it keeps everything (default: run)")
    given = parser.parse_args(arguments)
    try:
        return COMMANDS[given.command](Home(given.home.absolute()))
    except (LandmarkError, ApiError) as error:
        print(f"landmark: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
