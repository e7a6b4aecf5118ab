"""docker-compose.yml: valid by the compose specification, and what a production needs of it holds."""

import importlib.util
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline.settings import load_settings

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "docker-compose.yml"
TEXT = FILE.read_text("utf-8")
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
AIRFLOW = {"init", "api-server", "scheduler", "dag-processor", "triggerer"}
REQUIRED = {name for name, mark in re.findall(r"\$\{([A-Z_]+)(:\?)?", TEXT) if mark}
NAMED = set(re.findall(r"(?<!\$)\$\{([A-Z_]+)", TEXT))
EXAMPLE = (ROOT / ".env.example").read_text("utf-8")
FILLED = {"POSTGRES_PASSWORD": "p", "EXPORTS_FOLDER": "/tmp", "JOURNEY_MAP_FILE": "/tmp/journey.yml"}


def filled(value: str) -> str:
    """The value as compose reads it, with every required variable filled in."""
    value = re.sub(r"\$\{([A-Z_]+):\?[^}]*\}", lambda m: FILLED.get(m[1], "k" * 64), value)
    return re.sub(r"\$\{[A-Z_]+:-([^}]*)\}", r"\1", value)


def test_it_is_valid_by_the_compose_specification() -> None:
    if importlib.util.find_spec("check_jsonschema") is None:
        pytest.skip("check-jsonschema is not installed: the compose file is not validated (make install)")
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(FILE)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_compose_itself_accepts_it(tmp_path: Path) -> None:
    has_plugin = (
        shutil.which("docker")
        and not subprocess.run(["docker", "compose", "version"], capture_output=True, check=False).returncode
    )
    if not has_plugin:
        pytest.skip("docker compose is not installed: only the schema was checked")
    secrets = tmp_path / "env"
    secrets.write_text("".join(f"{name}={FILLED.get(name, 'x')}\n" for name in sorted(REQUIRED)), "utf-8")
    command = [
        "docker",
        "compose",
        "--file",
        str(FILE),
        "--env-file",
        str(secrets),
        "--profile",
        "mail",
        "config",
        "-q",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_services_are_those_of_a_small_production() -> None:
    assert set(SERVICES) == AIRFLOW | {"postgres", "mail"}
    assert SERVICES["mail"]["profiles"] == ["mail"]
    assert not [name for name in AIRFLOW | {"postgres"} if SERVICES[name].get("profiles")]
    commands = {name: SERVICES[name]["command"] for name in AIRFLOW - {"init"}}
    assert commands == {name: ["airflow", name] for name in commands}


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_a_service_is_watched_or_runs_once(name: str) -> None:
    service = SERVICES[name]
    if service["restart"] == "no":
        waiting = [s for s in SERVICES.values() if name in s.get("depends_on", {})]
        assert waiting
        assert all(s["depends_on"][name]["condition"] == "service_completed_successfully" for s in waiting)
    else:
        assert service["restart"] == "unless-stopped"
        assert len(service["healthcheck"]["test"]) > 1


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_a_service_waits_for_services_that_there_are(name: str) -> None:
    for other, how in SERVICES[name].get("depends_on", {}).items():
        assert other in SERVICES
        wanted = "service_completed_successfully" if SERVICES[other]["restart"] == "no" else "service_healthy"
        assert how["condition"] == wanted


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_images_are_pinned(name: str) -> None:
    image, _, tag = SERVICES[name]["image"].partition(":")
    assert image
    assert re.search(r"\d+\.\d+", tag), f"{name} runs {image} at no version"


def test_the_image_and_its_tools_are_pinned() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text("utf-8")
    assert re.search(r"^FROM python:3\.\d+\.\d+-slim", dockerfile, re.M)
    python = re.search(r"^FROM python:(3\.\d+)", dockerfile, re.M)
    assert python
    assert f"constraints/py{python[1]}.txt" in dockerfile
    assert (ROOT / "constraints" / f"py{python[1]}.txt").exists()
    assert re.search(r"uv==\d", dockerfile)
    assert re.search(r"^USER landmark$", dockerfile, re.M)
    for source in re.findall(r"^COPY (?!--)(.+) \S+$", dockerfile, re.M):
        assert all((ROOT / part).exists() for part in source.split()), source


def test_no_secret_has_a_value_and_each_is_asked_for() -> None:
    secret = re.compile(r"PASSWORD|SECRET|FERNET|HASH_KEY", re.I)
    for name, service in SERVICES.items():
        for variable, value in service.get("environment", {}).items():
            if secret.search(variable) and not variable.endswith("PASSWORDS_FILE"):
                assert re.fullmatch(r"\$\{[A-Z_]+:(\?.+|-)\}", str(value)), f"{name}: {variable}"
    assert {name for name in NAMED if secret.search(name)} - {"SMTP_PASSWORD"} <= REQUIRED


def test_the_example_names_every_variable_and_gives_no_secret() -> None:
    lines = dict(re.findall(r"^#?([A-Z_]+)=(.*)$", EXAMPLE, re.M))
    assert set(lines) == NAMED
    assert all(lines[name] == "" for name in REQUIRED)
    assert all(re.search(rf"^{name}=", EXAMPLE, re.M) for name in REQUIRED)


@pytest.mark.parametrize("name", sorted(AIRFLOW))
def test_landmark_takes_the_settings_that_it_is_given(name: str) -> None:
    given = {key: filled(str(value)) for key, value in SERVICES[name]["environment"].items()}
    file = given.pop("LANDMARK_SETTINGS")
    settings = load_settings(given | {"LANDMARK_SETTINGS": "/dev/null"})  # which it is where none is named
    assert settings.exports == "/exports"
    assert str(settings.journey_map) == "/etc/landmark/journey.yml"
    mounts = {volume.rsplit(":", 1)[0] if volume.endswith(":ro") else volume for volume in SERVICES[name]["volumes"]}
    inside = {filled(mount).rsplit(":", 1)[1] for mount in mounts}
    assert {settings.exports, str(settings.journey_map), str(settings.data), file} <= inside


def test_the_components_share_their_secrets() -> None:
    shared = ("AIRFLOW__API_AUTH__JWT_SECRET", "AIRFLOW__CORE__FERNET_KEY", "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN")
    for variable in shared:
        assert len({SERVICES[name]["environment"][variable] for name in AIRFLOW}) == 1


def test_volumes_are_named_and_ports_stay_on_the_loopback() -> None:
    used = {volume.split(":")[0] for service in SERVICES.values() for volume in service.get("volumes", [])}
    assert {volume for volume in used if not volume.startswith("${")} == set(COMPOSE["volumes"])
    ports = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)
