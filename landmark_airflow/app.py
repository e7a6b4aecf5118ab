"""The reports inside Airflow's UI, a small web application that Airflow's API server mounts at /landmark.

Who may see the runs of landmark_report may read its reports; Airflow's own login and rights decide. A page of ours has
no script. A report's script runs in an origin of its own (the policy's `sandbox`): whatever a report held, it could
not act in Airflow as its reader.
"""
# mypy: disallow-untyped-decorators=False

import base64
import hashlib
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity
from airflow.api_fastapi.common.db.common import SessionDep
from airflow.api_fastapi.core_api.security import requires_access_dag
from airflow.models.dagrun import DagRun
from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.responses import FileResponse, HTMLResponse, RedirectResponse, Response
from sqlalchemy import select
from starlette.exceptions import HTTPException as Refusal

from pipeline import render
from pipeline.reporting import shelf
from pipeline.settings import load_settings

REPORTS_DAG = "landmark_report"
OUR_DAGS = ("landmark_ingest", "landmark_build", REPORTS_DAG, "landmark_watch")
PAGE_LENGTH = 60
SHEET = "airflow/pages.css"
NOTHING = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
PAINTED = f"{NOTHING}; style-src 'unsafe-inline'; img-src data:"
READERS = Depends(requires_access_dag("GET", DagAccessEntity.RUN, REPORTS_DAG))
OF_THE_RUN = Depends(requires_access_dag("GET", DagAccessEntity.RUN))
SAID = {
    401: ("Please log in", "Reports are shown to people who are logged in to Airflow."),
    403: ("Not for your account", "Your account may not see the runs of landmark_report, and so not its reports."),
    404: ("There is no such report", "Its night was not rendered yet, or there is none of that date."),
}


def create_app() -> FastAPI:
    """The application; Airflow mounts it."""
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    app.get("/", dependencies=[READERS])(listing)
    app.get("/nights/{night}", dependencies=[READERS])(of_night)
    app.get("/nights/{night}/quality", dependencies=[READERS])(of_quality)
    app.get("/nights/{night}/report.html", dependencies=[READERS])(document)
    app.get("/nights/{night}/quality.html", dependencies=[READERS])(quality)
    app.get("/nights/{night}/report.pdf", dependencies=[READERS])(pdf)
    app.get("/runs/{dag_id}/{run_id}", dependencies=[READERS, OF_THE_RUN])(of_run)
    app.add_exception_handler(Refusal, refused)
    return app


# -- what is asked for ------------------------------------------------------------------------------------------------


def _night(night: str) -> date:
    named = shelf.night_named(night)
    if named is None:
        raise HTTPException(404)
    return named


def _report(night: Annotated[date, Depends(_night)]) -> shelf.Report:
    report = shelf.report_of(load_settings().data, night)
    if report is None:
        raise HTTPException(404)
    return report


def _with_quality(report: shelf.Report) -> shelf.Report:
    if not report.quality.is_file():
        raise HTTPException(404)
    return report


Asked = Annotated[shelf.Report, Depends(_report)]


def listing(before: str = "") -> Response:
    """The reports, newest first, a page of them."""
    found = shelf.reports(load_settings().data, shelf.night_named(before), PAGE_LENGTH + 1)
    return _page("list", reports=found[:PAGE_LENGTH], more=len(found) > PAGE_LENGTH, is_first=not before)


def of_night(report: Asked) -> Response:
    """A night's report, under a bar that leads back to the list."""
    return _page("report", frame="'self'", report=report, shown="report", home="../")


def of_quality(report: Asked) -> Response:
    """The quality of a night's data, under a bar that leads back to its report."""
    return _page("report", frame="'self'", report=_with_quality(report), shown="quality", home="../../")


def document(report: Asked) -> Response:
    """The report itself, shut in: no request leaves it, and only the scripts that its own policy names run."""
    scripts = " ".join(f"'{name}'" for name in shelf.script_hashes(report.html))
    policy = f"{PAINTED}; sandbox allow-scripts" + (f"; script-src {scripts}" if scripts else "")
    return FileResponse(report.html, media_type="text/html; charset=utf-8", headers=_headers(policy))


def quality(report: Asked) -> Response:
    """The page on the quality of the night's data, which the report leads to; it has no script."""
    return FileResponse(
        _with_quality(report).quality, media_type="text/html; charset=utf-8", headers=_headers(f"{PAINTED}; sandbox")
    )


def pdf(report: Asked) -> Response:
    """The report as PDF, to keep."""
    if report.pdf is None:
        raise HTTPException(404)
    name = f"landmark-{report.night.isoformat()}.pdf"
    return FileResponse(report.pdf, media_type="application/pdf", filename=name, headers=_headers(NOTHING))


def of_run(dag_id: str, run_id: str, session: SessionDep) -> Response:
    """The tab Report of a run: its night's report, or why there is none."""
    asked = select(DagRun.partition_key, DagRun.conf, DagRun.state)
    run = session.execute(asked.where(DagRun.dag_id == dag_id, DagRun.run_id == run_id)).one_or_none()
    if dag_id not in OUR_DAGS or run is None:
        return _told("No report here", "Only runs of Landmark's DAGs have a report.", home="../../")
    night = shelf.night_named(str(run.partition_key or (run.conf or {}).get("night") or ""))
    if night is None:
        return _told("This run has no night", "It has neither a partition key nor a night in its form.", home="../../")
    report = shelf.report_of(load_settings().data, night)
    if report is None:
        reason = f"The report of {night.isoformat()} comes when {REPORTS_DAG} has rendered it; this run is {run.state}."
        return _told("The report is not rendered yet", reason, home="../../")
    return _page("report", frame="'self'", report=report, shown="report", home="../../")


# -- how it is answered -----------------------------------------------------------------------------------------------


def refused(request: Request, error: Any) -> Response:
    """What is refused, in plain words; a person who is not logged in gets Airflow's login, and then the page."""
    if error.status_code == 401 and request.headers.get("sec-fetch-dest") == "document":
        asked = urlsplit(str(request.url))
        here = f"{asked.path}?{asked.query}" if asked.query else asked.path
        return RedirectResponse(get_auth_manager().get_url_login(next_url=here), 303)
    title, text = SAID.get(error.status_code, ("This did not work", str(error.detail)))
    return _told(title, text, home="", status=error.status_code)


def _told(title: str, text: str, home: str, status: int = 200) -> Response:
    return _page("told", status=status, title=title, text=text, home=home)


def _page(name: str, *, status: int = 200, frame: str = "'none'", **values: Any) -> Response:
    html = render.page(f"airflow/{name}.html.j2", sheet=SHEET, **values)
    policy = f"{NOTHING}; style-src '{_hash(render.REPORTS / SHEET)}'; frame-src {frame}"
    return HTMLResponse(html, status, headers=dict(_headers(policy)))


def _hash(path: Path) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(path.read_bytes()).digest()).decode('ascii')}"


def _headers(policy: str) -> Mapping[str, str]:
    return {
        "Content-Security-Policy": policy,
        "Cache-Control": "no-store",
        "Referrer-Policy": "same-origin",
        "X-Content-Type-Options": "nosniff",
    }
