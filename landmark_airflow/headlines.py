"""Puts a night's headline on the run that rendered its report, as the run's note.

Tasks cannot write notes. The task `report` announces its asset with the headline; Airflow's API server, which takes
the announcement in and holds the database, calls this listener.
"""
# mypy: disallow-untyped-decorators=False

from typing import Any

from airflow.listeners import hookimpl

REPORT_URI = "landmark://report"  # Airflow adds a slash
LONGEST = 1000  # what Airflow keeps of a note
AUTHOR = "landmark"


class Headlines:
    """The listener."""

    @hookimpl
    def on_asset_event_emitted(self, asset_event: Any) -> None:
        headline = (asset_event.extra or {}).get("headline")
        if asset_event.asset.uri.rstrip("/") == REPORT_URI and headline and asset_event.source_run_id:
            note(asset_event.source_dag_id, asset_event.source_run_id, str(headline))


def note(dag: str, run: str, text: str) -> None:
    """Writes the run's note, in place of one written here before; a person's own note stays."""
    from airflow.models.dagrun import DagRun, DagRunNote
    from airflow.utils.session import create_session
    from sqlalchemy import select

    with create_session() as session:
        found = session.scalar(select(DagRun).where(DagRun.dag_id == dag, DagRun.run_id == run))
        if found is None:
            return
        if found.dag_run_note is None:
            found.dag_run_note = DagRunNote(content=text[:LONGEST], user_id=AUTHOR)
        elif found.dag_run_note.user_id == AUTHOR:
            found.dag_run_note.content = text[:LONGEST]
