"""What the night's rows refer to across tables, and how many touches are a known customer's, beside what is usual.

The first night, which is the whole history, is judged by limits that hold for any night, and no part of what is usual.
"""

from datetime import date, timedelta

from pipeline import measures
from pipeline.context import Run
from pipeline.warehouse import Session


def measure(run: Run, session: Session) -> None:
    """Makes identity.measures and identity.usual of whole.identifiers and of what was delivered."""
    measures.show_before(run, session, "identity.measured")
    first = _night(session, "min", "ingest.files") or run.night
    since = _night(session, "max", "identity.measured") or first - timedelta(days=1)
    for model in ("identity.referred", "identity.touched_by"):
        session.model(model, keep=False, since=since, night=run.night)
    session.model("identity.measures")
    measures.judge(run, session, but=first)


def _night(session: Session, which: str, table: str) -> date | None:
    row = session.connection.execute(f"select cast({which}(night) as date) from {table}").fetchone()
    return row[0] if row else None
