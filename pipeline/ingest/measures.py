"""What a source's delivery measured: rows, what of them was set aside, how new they are, which categories they have.

Only the parts of this night are looked at, and of a table's first delivery, which is its whole history, none.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from pipeline import measures
from pipeline.context import Run
from pipeline.ingest.door import ask
from pipeline.sources.forms import forms_of
from pipeline.sources.vendors import route
from pipeline.warehouse import Session, quoted

# By table of schema ingest: the times at which its rows happened or changed, and the columns whose values are few.
TIMES = {
    "customers": ("created_at", "updated_at"),
    "orders": ("ordered_at", "updated_at"),
    "interactions": ("occurred_at", "updated_at"),
    "events": ("occurred_at",),
    "posts": ("created_at", "updated_at"),
    "activities": ("occurred_at", "updated_at"),
}
CATEGORIES = {
    "customers": {"country": "country", "consent_analytics": "cast(consent_analytics as varchar)"},
    "orders": {"status": "status", "category": "category", "currency": "currency"},
    "interactions": {"channel": "channel", "type": "type", "outcome": "outcome"},
    "events": {"event": "coalesce(event, name, type)", "type": "type", "outcome": "outcome"},
    "posts": {"platform": "platform", "lang": "lang"},
    "activities": {"activity_type": "activity_type", "outcome": "outcome"},
    "factors": {"factor": "factor"},
}
MOST_CATEGORIES = 50  # a column with more of them is no category, and the rare ones say nothing


def measure(run: Run, session: Session, source: str, parts: Mapping[str, Sequence[Path]]) -> None:
    """Makes ingest.measures and ingest.usual of the source. parts: by table, those of this night."""
    measures.show_before(run, session, "door.measured")
    session.model(
        "ingest.volumes", keep=False, night=run.night, first_kept=measures.first_kept(run.night)
    )  # fmt: skip
    _show_observed(session, source, parts)
    session.model("ingest.contents", keep=False, most_categories=MOST_CATEGORIES)
    session.model("ingest.measures", small_group=run.settings.small_group)
    measures.judge(run, session, must_come=_must_come(run, session, source))


def _must_come(run: Run, session: Session, source: str) -> set[str]:
    """The tables without whose rows the night stops, by the source's setting `missing`."""
    told = run.settings.sources[source]
    if told.missing != "stop":
        return set()
    tables = [row[0] for row in ask(session, "select distinct table_name from ingest.files order by all")]
    ways = {table: route(source, table, told) for table in tables}
    return {f"{source}/{table}" for table, way in ways.items() if way is not None and not way.form.is_extra}


def _show_observed(session: Session, source: str, parts: Mapping[str, Sequence[Path]]) -> None:
    """Makes door.observed: of each row that arrived now, when it happened, and one row a column that has categories."""
    columns = "table_name varchar, night date, happened_at timestamp, column_name varchar, category varchar"
    ask(session, f"create table door.no_rows ({columns})")
    selects = ["select * from door.no_rows"]
    for form in forms_of(source):
        for column, value in {"": "''", **CATEGORIES.get(form.name, {})}.items() if parts.get(form.name) else ():
            files = ", ".join(quoted(part) for part in parts[form.name])
            times = ", ".join(TIMES.get(form.name, ("cast(null as timestamp)",)))
            selects.append(
                f"select '{source}/' || {form.folder_sql()} as table_name, delivered_night, greatest({times}), "
                f"'{column}', {value} from read_parquet([{files}]) "
                "where delivered_night in (select night from ingest.volumes where not is_first)"
            )
    ask(session, f"create view door.observed as {' union all '.join(selects)}")
