"""The report of a night, and the letters that announce it: one page as HTML and PDF, and one e-mail an audience.

The figures are those of the night's published marts; the stages before them tell what arrived, what was checked, and
by how much two nights differ from noise. Written to DATA/reports/<night>/: report.html; quality.html, for whoever looks
after the data; report.pdf (where this machine can make one); and letters/<audience>.eml, which the stage deliver sends
as they are. The same tables give the same
bytes.
"""

from dataclasses import dataclass
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline import render
from pipeline.catalog import write_bytes
from pipeline.context import Run
from pipeline.mailing import letter_words, letters
from pipeline.reporting import quality_page, report_values

if TYPE_CHECKING:
    from pipeline.warehouse import Session

NEEDS = ("marts", "ingest", "identity", "emotion", "journeys", "missions", "ranking", "actions")
Row = dict[str, Any]
Tables = dict[str, list[Row]]


@dataclass(frozen=True)
class Section:
    """One section of the report: reports/sections/<name>.html.j2, filled from tables that sql/report/ makes."""

    name: str
    title: str
    tables: tuple[str, ...] = ()


SECTIONS = (
    Section("headline", "What to do", ("headline", "stop_list")),
    Section("ranking", "What each moment changes"),
    Section("stop_list", "What to stop polishing"),
    Section("front_line", "What staff can do now", ("front_line", "front_line_counts")),
    Section("changes", "What changed", ("ranking_changes",)),
    Section("journey_map", "Where journeys go", ("journey_map", "emotion_curve", "acted_signs")),
    Section("missions", "What customers are trying to do", ("missions", "personas", "mission_flows", "mission_moods")),
    Section("memories", "What is remembered", ("moment_memory",)),
    Section("connected_moments", "What one moment leads to", ("connected_moments",)),
    Section("where", "Where and for whom", ("moment_kinds", "moment_groups", "moment_pairs")),
    Section("surroundings", "What goes on outside", ("factor_days", "factors")),
    Section("cannot_tell", "What we cannot tell, and why", ("cannot_tell",)),
    Section("data_quality", "What arrived", ("arrivals", "set_aside", "check_outcomes", "map_warnings")),
    Section("method", "How we know", ("trials", "diagnostics")),
    Section("glossary", "Words used here"),
)
_BASE = ("ranking", "audience_ranking", "facts", "troubles")  # every section rests on these


def build(run: Run, session: "Session") -> None:
    """Makes the report's tables, then the report, then one letter an audience."""
    tables = _tables(run, session)
    values = report_values.values(run, tables) | {"sections": SECTIONS}
    values |= letter_words.told(values)
    folder = run.settings.data / "reports" / run.night.isoformat()
    html = render.page("report.html.j2", **values, is_print=False).encode("utf-8")
    write_bytes(folder / "report.html", html)
    quality = render.page("quality.html.j2", **values, **quality_page.values(run, tables))
    write_bytes(folder / quality_page.FILE, quality.encode("utf-8"))
    session.log(values["subject"])
    letters.write(run, session, tables, values)
    session.log(f"report of {len(html) / 1e6:.2f} MB at {folder / 'report.html'}")
    session.log(_print(values, folder / "report.pdf"))


def _print(values: Row, path: Path) -> str:
    """Writes the same page as PDF; says so, or why there is none. One of before goes first: its figures may differ."""
    path.unlink(missing_ok=True)
    lacks = render.pdf_lacks()
    if lacks:
        return f"no PDF: {lacks}"
    data = render.pdf(render.page("report.html.j2", **values, is_print=True), values["night"])
    write_bytes(path, data)
    return f"PDF of {len(data) / 1e6:.2f} MB at {path}"


# -- tables ---------------------------------------------------------------------------------------------------------


def _tables(run: Run, session: "Session") -> Tables:
    """The report's tables by name, as lists of rows in the order of their grain."""
    from pipeline.reporting import month_changes

    _put_map(run, session)
    _put_checked(session)
    letters.put_audiences(run, session)
    names = dict.fromkeys((*_BASE, *quality_page.TABLES, *(table for section in SECTIONS for table in section.tables)))
    for name in names:
        session.model(
            f"report.{name}",
            night=run.night,
            small_group=run.settings.small_group,
            headlines=letters.HEADLINES,
            worth_seeing=report_values.WORTH_SEEING,
        )
    month_changes.build(run, session)
    return {name: _rows(session, f"report.{name}") for name in (*names, "month_changes")}


def _put_map(run: Run, session: "Session") -> None:
    """The journey map's own order, for the models: scratch tables report.sub_steps and report.places."""
    import pyarrow as pa

    sub_steps = [
        {"step": step, "sub_step": sub.name, "position": position}
        for position, (step, sub) in enumerate(run.journey_map.sub_steps())
    ]
    places = [
        {"moment": row.moment, "moment_position": position} for position, row in enumerate(run.journey_map.moments())
    ]
    session.put("report.sub_steps", pa.Table.from_pylist(sub_steps), grain=("sub_step",), keep=False)
    schema = pa.schema([("moment", pa.string()), ("moment_position", pa.int64())])
    session.put("report.places", pa.Table.from_pylist(places, schema=schema), grain=("moment",), keep=False)


def _put_checked(session: "Session") -> None:
    """The outcomes of all stages' checks: scratch table report.checked."""
    import pyarrow as pa

    tables = [session.arrow(f"{stage}.checks") for stage in NEEDS if session.has(f"{stage}.checks")]
    session.put("report.checked", pa.concat_tables(tables), grain=("table_name",), keep=False)


def _rows(session: "Session", table: str) -> list[Row]:
    rows = [{k: _known(v) for k, v in row.items()} for row in session.arrow(table).to_pylist()]
    return sorted(rows, key=lambda row: [str(row[column]) for column in session.kept[table]])


def _known(value: Any) -> Any:
    return None if isinstance(value, float) and isnan(value) else value
