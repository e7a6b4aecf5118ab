"""Other forms at the ingest door: rows of door.<vendor>__<table> become rows of door.<table>, one for one.

sql/ingest/<vendor>__<table>.sql says what they mean. What it says of a row in `broken` sets the row aside: not_ours (it
tells nothing that counts here, and is counted on its own) or unmatched (it names a record that has not arrived). It may
look things up in door.known_<table>, all rows of the source's tables so far, superseded ones too, by the night in which
they arrived.
"""

from collections.abc import Sequence
from pathlib import Path

from pipeline.sources.column_maps import ColumnMap
from pipeline.sources.forms import Form, forms_of
from pipeline.sources.vendors import Route
from pipeline.warehouse import Session, quoted

NOT_OURS, UNMATCHED = "not_ours", "unmatched"
OBJECTS = ("attributes", "properties")
MOST_VALUES = 1000  # of a wide row, so that each has a number of its own
_CARRIED = ("table_name", "delivered_night", "delivered_file", "delivered_line", "broken", "raw", "unmapped")


def know(session: Session, form: Form, parts: Sequence[Path]) -> None:
    """Makes door.known_<form>: the rows of these parts."""
    listed = f"read_parquet([{', '.join(map(quoted, parts))}], union_by_name = true)"
    session.connection.execute(f"create or replace view door.known_{form.name} as select * from {listed}")


def know_nothing(session: Session, source: str) -> None:
    """Makes an empty door.known_<form> of each of the source's tables that has none."""
    for form in forms_of(source):
        columns = ", ".join(f'null::varchar as "{column.name}"' for column in form.columns)
        session.connection.execute(
            f"create view if not exists door.known_{form.name} as"
            f" select {columns}, null::varchar as unmapped, null::date as delivered_night limit 0"
        )


def translate(session: Session, route: Route, currency: str, known_night: str) -> int:
    """Puts what stands in the vendor's scratch table into door.<form>; returns how many rows.

    known_night: by when what the rows name must have arrived; '': by their own night.
    """
    if route.columns is not None:
        rows = _apart(session, route.columns.raw().name) if route.columns.is_wide else ""
        return _mapped(session, route.columns, rows or f"door.{route.columns.raw().name}")
    if route.vendor is None:
        return 0
    name, form = f"ingest.{route.vendor.name}", route.form.name
    if not route.vendor.is_used:
        reason = quoted(f"{NOT_OURS}: nothing of this table counts here")
        rows = f"(select * replace (coalesce(broken, {reason}) as broken) from door.{route.vendor.name})"
        return _insert(session, form, _CARRIED, rows)
    night = f"date {quoted(known_night)}" if known_night else "delivered_night"
    rows = f"door.{route.vendor.name}"
    session.connection.execute(f"create or replace table {rows} as select *, {night} as known_night from {rows}")
    session.model(name, keep=False, currency=currency)
    told = [row[0] for row in session.connection.execute(f"describe {name}").fetchall()]
    count = _insert(session, form, told, name)
    session.drop(name)
    return count


def _apart(session: Session, raw: str) -> str:
    """A table of a row for each value of a wide row: 1,000 times its line and the place of the column's name.

    An empty cell is no value. A row that cannot be read stays one.
    """
    columns = [row[0] for row in session.connection.execute(f"describe door.{raw}").fetchall()]
    kept = ", ".join(f'd."{name}"' for name in columns if name not in ("delivered_line", "broken", "unmapped"))
    many = f"case when len(json_keys(d.unmapped)) >= {MOST_VALUES} then 'unreadable: {MOST_VALUES} columns or more' end"
    session.connection.execute(
        f"""
        create or replace table door.apart as
        with judged as (select d.* replace (coalesce(d.broken, {many}) as broken) from door.{raw} as d),
        cells as (
            select {kept}, d.delivered_line, e.key as factor, json_extract_string(e.value, '$') as value,
                row_number() over (partition by d.delivered_line order by e.key) as place
            from judged as d, json_each(d.unmapped) as e where d.broken is null)
        select {kept}, d.delivered_line * {MOST_VALUES} as delivered_line, d.broken, d.unmapped,
            null::varchar as factor, null::varchar as value
        from judged as d where d.broken is not null
        union all by name
        select * exclude (delivered_line, place), delivered_line * {MOST_VALUES} + place as delivered_line
        from cells where trim(coalesce(value, '')) <> ''
        order by delivered_line"""
    )
    return "door.apart"


def _mapped(session: Session, columns: ColumnMap, rows: str) -> int:
    """A column that nothing is told of keeps its own name; where no JSON object is, what is unmapped stands for it."""
    raw = columns.raw()
    own = {column.name: f'"{column.name}"' for column in raw.columns if column in columns.form.columns}
    made = {name: f"nullif({sql}, '')" for name, sql in columns.select().items()}
    for name in OBJECTS:
        if name in made:
            made[name] = f"case when json_valid({made[name]}) then {made[name]} else to_json({made[name]})::varchar end"
        elif name in own:
            own[name] = f'coalesce("{name}", unmapped)'
    wide = {name: f"trim({name})" for name in ("factor", "value") if columns.is_wide}
    told = {name: name for name in _CARRIED} | own | made | wide
    listed = ", ".join(f'{sql} as "{name}"' for name, sql in told.items())
    return _insert(session, columns.form.name, list(told), f"(select {listed} from {rows})")


def _insert(session: Session, form: str, columns: Sequence[str], rows: str) -> int:
    listed = ", ".join(f'"{column}"' for column in columns)
    done = session.connection.execute(f"insert into door.{form} ({listed}) select {listed} from {rows}").fetchall()
    return int(done[0][0])
