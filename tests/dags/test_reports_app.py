"""The reports in Airflow's UI: who may see them, what is served how, and what a strange address comes to."""

import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from airflow.api_fastapi.app import get_auth_manager, init_auth_manager
from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser
from airflow.models.dagrun import DagRun, DagRunNote
from airflow.utils.db import initdb
from airflow.utils.session import create_session
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import delete, select

from landmark_airflow.headlines import REPORT_URI, Headlines
from landmark_airflow.plugin import LandmarkPlugin
from pipeline.catalog import Store

NIGHT, OLDER = "2026-06-29", "2026-06-28"
SCRIPT_HASH = "sha256-" + "B" * 43 + "="
HOSTILE = '<script>alert(1)</script> & "quoted" {{ 7*7 }}'
PATHS = ["/", f"/nights/{NIGHT}", f"/nights/{NIGHT}/report.html", f"/nights/{NIGHT}/report.pdf"]
PATHS += [f"/nights/{NIGHT}/quality", f"/nights/{NIGHT}/quality.html"]


def rendered(data: Path, night: str, headline: str) -> None:
    folder = Store(data).begin(night) / "report"
    folder.mkdir()
    (folder / "_stage.json").write_text(json.dumps({"messages": [headline]}), "utf-8")
    Store(data).publish(night)
    reports = data / "reports" / night
    reports.mkdir(parents=True)
    policy = f'<meta http-equiv="Content-Security-Policy" content="script-src \'{SCRIPT_HASH}\'">'
    (reports / "report.html").write_text(f"<!doctype html><head>{policy}</head><p>The night {night}</p>", "utf-8")
    (reports / "quality.html").write_text("<!doctype html><p>The quality of the data</p>", "utf-8")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FastAPI]:
    """A server with Airflow's own rights, and the plugin's application mounted as Airflow mounts it."""
    logging.disable(logging.WARNING)
    initdb()
    app = FastAPI()
    init_auth_manager(app)
    for given in LandmarkPlugin().fastapi_apps:
        app.mount(given["url_prefix"], given["app"])
    yield app
    logging.disable(logging.NOTSET)


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LANDMARK_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("LANDMARK_HASH_KEY", "k")
    rendered(tmp_path / "data", OLDER, HOSTILE)
    rendered(tmp_path / "data", NIGHT, "Check in queue: 13 in 100 fewer customers come back")
    (tmp_path / "data" / "reports" / NIGHT / "report.pdf").write_bytes(b"%PDF-1.7 x")
    return tmp_path / "data"


def client(root: FastAPI, role: str | None = "VIEWER") -> TestClient:
    """A browser of a person of that role; None: of nobody."""
    made = TestClient(root, follow_redirects=False)
    if role is not None:
        token = get_auth_manager().generate_jwt(SimpleAuthManagerUser(username="ann", role=role))
        made.cookies.set("_token", token)
    return made


# -- who may see them -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [*PATHS, "/runs/landmark_report/some_run"])
def test_nobody_sees_anything_without_a_login(root: FastAPI, data: Path, path: str) -> None:
    answer = client(root, None).get(f"/landmark{path}")
    assert answer.status_code == 401
    assert "customers" not in answer.text
    assert client(root, None).get(f"/landmark{path}", headers={"Authorization": "Bearer x.y.z"}).status_code == 403


@pytest.mark.parametrize("path", [*PATHS, "/runs/landmark_report/some_run"])
def test_an_account_without_rights_on_the_runs_sees_nothing(root: FastAPI, data: Path, path: str) -> None:
    answer = client(root, "").get(f"/landmark{path}")
    assert answer.status_code == 403
    assert "customers come back" not in answer.text


@pytest.mark.parametrize("path", PATHS)
def test_who_may_see_the_runs_may_read_the_reports(root: FastAPI, data: Path, path: str) -> None:
    assert client(root, "VIEWER").get(f"/landmark{path}").status_code == 200


def test_a_link_from_an_e_mail_leads_through_the_login_to_the_report(root: FastAPI, data: Path) -> None:
    path = f"/landmark/nights/{NIGHT}/report.html"
    answer = client(root, None).get(path, headers={"Sec-Fetch-Dest": "document"})
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/auth/login?next={quote(path, safe='')}"


# -- what is served ---------------------------------------------------------------------------------------------------


def policy(answer: Any) -> dict[str, str]:
    """The answer's content security policy, by directive."""
    parts = answer.headers["content-security-policy"].split("; ")
    return {name: value for name, _, value in (part.partition(" ") for part in parts)}


def test_the_list_names_every_night_newest_first(root: FastAPI, data: Path) -> None:
    text = client(root).get("/landmark/").text
    assert text.index("29 June 2026") < text.index("28 June 2026")
    assert "13 in 100 fewer customers" in text
    assert f'href="nights/{NIGHT}/report.pdf"' in text
    assert text.count("report.pdf") == 1, "the older night has no PDF"


def test_a_hostile_headline_is_text(root: FastAPI, data: Path) -> None:
    for path in ("/landmark/", f"/landmark/nights/{OLDER}"):
        text = client(root).get(path).text
        assert "<script" not in text
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
        assert "{{ 7*7 }}" in text


@pytest.mark.parametrize("path", ["/", f"/nights/{NIGHT}", "/runs/landmark_report/absent", "/nothing"])
def test_our_own_pages_run_no_script_and_load_nothing_from_elsewhere(root: FastAPI, data: Path, path: str) -> None:
    answer = client(root).get(f"/landmark{path}")
    given = policy(answer)
    assert given["default-src"] == given["base-uri"] == given["form-action"] == "'none'"
    assert given["frame-ancestors"] == "'self'"
    assert "script-src" not in given
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_the_style_of_our_pages_is_the_one_that_their_policy_lets_through(root: FastAPI, data: Path) -> None:
    import base64
    import hashlib

    answer = client(root).get("/landmark/")
    style = answer.text.split("<style>")[1].split("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policy(answer)["style-src"] == f"'sha256-{digest}'"


def test_a_report_is_shut_in(root: FastAPI, data: Path) -> None:
    answer = client(root).get(f"/landmark/nights/{NIGHT}/report.html")
    assert answer.text.endswith(f"<p>The night {NIGHT}</p>")
    given = policy(answer)
    assert given["default-src"] == given["base-uri"] == given["form-action"] == "'none'"
    assert given["sandbox"] == "allow-scripts", "an origin of its own: it cannot act as its reader"
    assert given["script-src"] == f"'{SCRIPT_HASH}'"
    assert given["img-src"] == "data:"


def test_a_pdf_is_downloaded_under_its_night_s_name(root: FastAPI, data: Path) -> None:
    answer = client(root).get(f"/landmark/nights/{NIGHT}/report.pdf")
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["content-disposition"] == f'attachment; filename="landmark-{NIGHT}.pdf"'


def test_the_quality_page_is_served_beside_the_report_and_runs_nothing(root: FastAPI, data: Path) -> None:
    answer = client(root).get(f"/landmark/nights/{NIGHT}/quality.html")
    assert "The quality of the data" in answer.text
    policy = answer.headers["content-security-policy"]
    assert "script-src" not in policy and policy.endswith("; sandbox") and "default-src 'none'" in policy
    assert f'href="../nights/{NIGHT}/quality"' in client(root).get(f"/landmark/nights/{NIGHT}").text
    framed = client(root).get(f"/landmark/nights/{NIGHT}/quality").text
    assert f'src="../../nights/{NIGHT}/quality.html" sandbox>' in framed and f'href="../../nights/{NIGHT}"' in framed
    (data / "reports" / NIGHT / "quality.html").unlink()
    assert client(root).get(f"/landmark/nights/{NIGHT}/quality.html").status_code == 404
    assert client(root).get(f"/landmark/nights/{NIGHT}/quality").status_code == 404
    assert "/quality" not in client(root).get(f"/landmark/nights/{NIGHT}").text


@pytest.mark.parametrize(
    "night",
    ["%2e%2e", "..%2f..%2fcatalog.json", f"{NIGHT}%2f..", "2026-06-29%00", "2026-6-29", "~", "2026-06-30"],
)
@pytest.mark.parametrize("rest", ["", "/report.html", "/quality.html", "/report.pdf", "/letters/executives.eml"])
def test_a_trick_in_the_night_finds_nothing(root: FastAPI, data: Path, night: str, rest: str) -> None:
    answer = client(root).get(f"/landmark/nights/{night}{rest}")
    assert answer.status_code == 404
    assert "published" not in answer.text


def test_nothing_is_written_through_it(root: FastAPI, data: Path) -> None:
    for method in ("post", "put", "patch", "delete"):
        assert getattr(client(root, "ADMIN"), method)(f"/landmark/nights/{NIGHT}").status_code == 405


# -- the tab of a run -------------------------------------------------------------------------------------------------


@pytest.fixture
def run(request: pytest.FixtureRequest) -> Iterator[dict[str, Any]]:
    """A run in Airflow's database; request.param: what differs from a night's run of landmark_report."""
    values: dict[str, Any] = {"dag_id": "landmark_report", "run_id": "asset__1", "partition_key": NIGHT, "conf": {}}
    values |= getattr(request, "param", {})
    with create_session() as session:
        session.add(DagRun(run_type="manual", state="running", **values))
    yield values
    with create_session() as session:
        session.execute(delete(DagRunNote))
        session.execute(delete(DagRun))


def tab(root: FastAPI, run: dict[str, Any]) -> str:
    answer = client(root).get(f"/landmark/runs/{run['dag_id']}/{quote(run['run_id'], safe='')}")
    assert answer.status_code == 200
    return answer.text


@pytest.mark.parametrize(
    "run",
    [
        {},
        {"dag_id": "landmark_ingest", "run_id": "manual__2026-11-22T01:00:00+00:00"},
        {"partition_key": None, "conf": {"night": NIGHT}},
    ],
    indirect=True,
)
def test_the_tab_shows_the_report_of_the_run_s_night(root: FastAPI, data: Path, run: dict[str, Any]) -> None:
    assert f'src="../../nights/{NIGHT}/report.html" sandbox="allow-scripts"' in tab(root, run)


@pytest.mark.parametrize(
    ("run", "words"),
    [
        ({"partition_key": "2026-07-01"}, "not rendered yet"),
        ({"partition_key": None}, "has no night"),
        ({"partition_key": "../../etc"}, "has no night"),
        ({"dag_id": "somebody_elses"}, "No report here"),
    ],
    indirect=["run"],
)
def test_the_tab_says_why_there_is_no_report(root: FastAPI, data: Path, run: dict[str, Any], words: str) -> None:
    text = tab(root, run)
    assert words in text
    assert "<iframe" not in text


# -- the run's note -------------------------------------------------------------------------------------------------


class Event:
    """What Airflow hands to the plugin when a task announces an asset."""

    def __init__(self, run: dict[str, Any], headline: str, uri: str = f"{REPORT_URI}/") -> None:
        self.asset = type("Asset", (), {"uri": uri})
        self.extra = {"headline": headline}
        self.source_dag_id, self.source_run_id = run["dag_id"], run["run_id"]


def noted() -> str | None:
    with create_session() as session:
        return session.scalar(select(DagRunNote.content))


def test_the_headline_becomes_the_run_s_note_and_the_last_one_stays(root: FastAPI, run: dict[str, Any]) -> None:
    Headlines().on_asset_event_emitted(asset_event=Event(run, "First"))
    assert noted() == "First"
    Headlines().on_asset_event_emitted(asset_event=Event(run, "x" * 2000))
    assert noted() == "x" * 1000


def test_a_person_s_own_note_stays(root: FastAPI, run: dict[str, Any]) -> None:
    with create_session() as session:
        found = session.scalars(select(DagRun)).one()
        found.dag_run_note = DagRunNote(content="Mine", user_id="ann")
    Headlines().on_asset_event_emitted(asset_event=Event(run, "First"))
    assert noted() == "Mine"


@pytest.mark.parametrize(("uri", "headline"), [("landmark://marts", "First"), (f"{REPORT_URI}/", "")])
def test_other_announcements_leave_no_note(root: FastAPI, run: dict[str, Any], uri: str, headline: str) -> None:
    Headlines().on_asset_event_emitted(asset_event=Event(run, headline, uri))
    Headlines().on_asset_event_emitted(asset_event=Event({"dag_id": "gone", "run_id": "gone"}, "First"))
    assert noted() is None


def test_the_dag_announces_what_the_plugin_listens_to() -> None:
    import landmark_common

    assert landmark_common.REPORT.uri.rstrip("/") == REPORT_URI


# -- how airflow finds it ---------------------------------------------------------------------------------------------


def test_airflow_finds_the_plugin_by_its_entry_point() -> None:
    found = [point for point in entry_points(group="airflow.plugins") if point.value.startswith("landmark_airflow")]
    if not found:
        pytest.fail("the plugin is not installed: run make install")
    assert found[0].load() is LandmarkPlugin


def test_what_every_process_of_airflow_loads_is_light() -> None:
    code = "import sys, landmark_airflow.plugin; print(sorted(sys.modules))"
    root = Path(__file__).resolve().parents[2]
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root).stdout
    assert not any(f"'{name}'" in loaded for name in ("landmark_airflow.app", "pipeline", "fastapi", "pandas"))


def test_every_asset_says_what_it_is() -> None:
    import landmark_common

    for asset in (*landmark_common.CLEAN.values(), landmark_common.MARTS, landmark_common.REPORT):
        assert asset.extra["what"], asset.name
        assert len(asset.extra) > 1, "and where to look"


def test_its_views_are_relative_so_that_airflow_may_live_below_a_path() -> None:
    views = {view["destination"]: view for view in LandmarkPlugin.external_views}
    assert set(views) == {"nav", "dag_run"}
    assert all(view["href"].startswith("landmark/") for view in views.values())
    assert "{DAG_ID}/{RUN_ID}" in views["dag_run"]["href"]
