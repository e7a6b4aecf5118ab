"""Stage marts: puts the night's published tables together; the runner switches the pointer to them."""

import json
from datetime import date
from pathlib import Path
from typing import Any

from pipeline import measures
from pipeline.context import Run
from pipeline.quarantine import dismissals
from pipeline.reporting import front_line
from pipeline.stages import BY_SOURCE, SOURCES
from pipeline.upkeep import rights
from pipeline.warehouse import Session

NEEDS = ("ingest", "identity", "emotion", "journeys", "missions", "ranking", "actions")
MARTS = (
    "identities", "customers", "touchpoints", "journeys", "moments", "missions", "moment_ranking", "emotions",
    "acted_feelings", "moment_memory", "emotion_curve", "connected_moments", "map_warnings", "quarantine", "runs",
    "personas", "mission_history", "mission_flows", "mission_moods",
    "trials", "moment_kinds", "moment_groups", "moment_pairs", "ranking_changes",
    "next_moments", "cards", "check_history",
)  # fmt: skip
HISTORY = "check_history"


def build(run: Run, session: Session) -> None:
    """Makes every mart, one model each; and of the cards, which only their owner can read, a CSV file for the CRM."""
    import pandas as pd

    rows = _stage_runs(session.output.parent, run.night)
    session.put("marts.stage_runs", pd.DataFrame(rows), grain=("stage",), keep=False)
    _put_checked(session)
    _put_dismissed(run, session)
    for mart in MARTS:
        if mart != HISTORY:
            session.model(f"marts.{mart}", view=True)
    session.model(f"marts.{HISTORY}", night=run.night, first_kept=measures.first_kept(run.night))
    session.private.update(rights.OWN_MARTS)
    session.save(front_line.CARDS_CSV, front_line.as_csv(session.arrow("marts.cards")), private=True)
    session.log(f"{len(MARTS)} marts")


def _put_checked(session: Session) -> None:
    """Scratch tables of the checks of tonight's stages, of last night's marts, and of all nights before."""
    import pyarrow as pa

    tonight = [session.arrow(f"{stage}.checks") for stage in NEEDS if session.has(f"{stage}.checks")]
    every = pa.concat_tables(tonight)
    before = {name: session.previous("marts", name) for name in ("checks", HISTORY)}
    nights = every.slice(0, 0).append_column("night", pa.array([], pa.date32()))
    given = {
        "checked": every,
        "checked_before": every.slice(0, 0) if before["checks"] is None else before["checks"],
        "history_before": nights if before[HISTORY] is None else before[HISTORY],
    }
    for name, table in given.items():
        session.put(f"marts.{name}", table, grain=("table_name",), keep=False)


def _put_dismissed(run: Run, session: Session) -> None:
    """Scratch table marts.dismissed: rows in quarantine that nobody will repair, as was decided by this night."""
    import pyarrow as pa

    decided = dismissals.as_of(run.settings.data, run.night.isoformat())
    columns: dict[str, list[Any]] = {
        n: [getattr(one, n) for one in decided] for n in ("source", "file", "line", "reason")
    }
    columns |= {
        "table_name": [one.table for one in decided],
        "night": [date.fromisoformat(one.night) for one in decided],
    }
    kinds = {"line": pa.int64(), "night": pa.date32()}
    table = pa.table({name: pa.array(values, kinds.get(name, pa.string())) for name, values in columns.items()})
    session.put("marts.dismissed", table, grain=("source", "table_name", "night", "file", "line", "reason"), keep=False)


def _stage_runs(build_folder: Path, night: date) -> list[dict[str, Any]]:
    """One row a stage, source and table of this build, from what each stage noted when it committed."""
    rows = []
    for stage in NEEDS:
        places = [build_folder / stage / source for source in SOURCES] if stage in BY_SOURCE else [build_folder / stage]
        for place in places:
            rows += _rows_of(json.loads((place / "_stage.json").read_text("utf-8")), night)
    return rows


def _rows_of(noted: dict[str, Any], night: date) -> list[dict[str, Any]]:
    shared = {"night": night, "stage": noted["stage"], "source": noted["source"] or ""}
    shared |= {"seconds": noted["seconds"], "peak_memory_mb": noted["peak_memory_mb"]}
    whole = {"table_name": "", "rows_in": noted["rows_in"], "rows_out": noted["rows_out"]}
    rows = [shared | whole | {"rows_quarantined": noted["rows_quarantined"]}]
    for table, count in sorted(noted["tables"].items()):
        rows.append(shared | {"table_name": table, "rows_in": None, "rows_out": count, "rows_quarantined": None})
    return rows
