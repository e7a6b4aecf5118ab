"""What a source writes its own way becomes, at the ingest door, what all models read: ISO 8601 in UTC, decimal points.

A text that the source's conventions do not allow stays one that no model can read, so that it is set aside or told.
"""

from typing import Any

from pipeline.sources.conventions import NEVER_SHOWN, Conventions
from pipeline.sources.forms import Form
from pipeline.warehouse import Session, quoted

TIMES = ("created_at", "deleted_at", "ends_at", "occurred_at", "ordered_at", "received_at", "starts_at", "updated_at")
DATES = ("birth_date", "date")
NUMBERS = ("amount", "duration_seconds", "likes", "rating", "shares", "value")

_DATED = r"^([0-9]{1,2}[.][0-9]{1,2}[.]|[0-9]{1,2}/[0-9]{1,2}/|[0-9]{1,2}-[0-9]{1,2}-)[0-9]{4}([ T,].*)?$"
_PARTS = r"^([0-9]+).([0-9]+).([0-9]{4})[ T,]*"
_CLOCKS = ("%H:%M", "%H:%M:%S", "%H:%M:%S.%f", "%I:%M %p", "%I:%M:%S %p")
_ZONELESS = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{1,2}:[0-9]{2}(:[0-9]{2}([.][0-9]+)?)?)?$"
_SPACES = r"\x{A0}\x{202F} "
_GROUPED = rf"[0-9]{{1,3}}([.][0-9]{{3}})+|[0-9]{{1,3}}([{_SPACES}][0-9]{{3}})+|[0-9]{{1,15}}"
_WITH_COMMA = rf"^[+-]?({_GROUPED})(,[0-9]*)?([eE][+-]?[0-9]{{1,2}})?$"
_SET_BACK_MINUTES = (120, 60, 30)  # by how much clocks of this world are set back in autumn


def translate(session: Session, form: Form, how: Conventions, ending: str, after: int) -> str:
    """Rewrites the rows of door.<form> behind the row number `after`, of a file with this ending; tells what is odd."""
    names = [column.name for column in form.columns]
    told = {name: _as_told(name, how, ending) for name in names}
    if changes := [f'"{name}" = {sql}' for name, sql in told.items() if sql]:
        _ran(session, f"update door.{form.name} set {', '.join(changes)} where rowid > {after}")
    zoned = [name for name in names if name in TIMES and how.time_zone != "UTC"]
    twice = sum(_in_utc(session, form, name, how.time_zone, after) for name in zoned)
    return f"{twice} times that clocks of {how.time_zone} showed twice: the earlier is taken" if twice else ""


def _ran(session: Session, sql: str) -> list[tuple[Any, ...]]:
    return list(session.connection.execute(sql).fetchall())


def last_row(session: Session, form: Form) -> int:
    """The number of the last row of door.<form>."""
    return int(_ran(session, f"select coalesce(max(rowid), -1) from door.{form.name}")[0][0])


def _as_told(name: str, how: Conventions, ending: str) -> str:
    """SQL of a column's text as it is meant; '' where it is meant as it stands."""
    if name in NUMBERS and how.decimals == "comma" and ending in (".csv", ".tsv"):
        return _with_point(name)
    return _iso(name, how.dates) if name in (*TIMES, *DATES) and how.dates != "iso" else ""


def _with_point(name: str) -> str:
    """A point that parts no thousands is no number's here."""
    text = f'"{name}"'
    digits = f"replace(regexp_replace({text}, '[.{_SPACES}]', '', 'g'), ',', '.')"
    is_odd = f"contains({text}, '.')"
    return (
        f"case when regexp_matches({text}, '{_WITH_COMMA}') then {digits}"
        f" when {is_odd} then concat({text}, ' with a point') else {text} end"
    )


def _iso(name: str, order: str) -> str:
    """A date whose year stands last, with or without a time of day, as ISO; what is no such date stays as it is."""
    text = f'"{name}"'
    day = r"\1-\2-\3" if order == "day_first" else r"\2-\1-\3"
    plain = f"try_strptime(regexp_replace({text}, '{_PARTS}', '{day}'), '%d-%m-%Y')"
    clocks = ", ".join(quoted(f"%d-%m-%Y {clock}") for clock in _CLOCKS)
    timed = f"try_strptime(regexp_replace({text}, '{_PARTS}', '{day} '), [{clocks}])"
    return (
        f"case when not regexp_matches({text}, '{_DATED}') then {text} else coalesce("
        f"strftime({plain}, '%Y-%m-%d'), strftime({timed}, '%Y-%m-%dT%H:%M:%S.%f'), {text}) end"
    )


def _in_utc(session: Session, form: Form, name: str, zone: str, after: int) -> int:
    """Times without a zone, in UTC; returns how many were shown twice.

    Of two instants at which the zone's clocks showed a time it is the earlier one; a time they never showed is none,
    which its row says where it cannot do without.
    """
    rows = f"door.{form.name}"
    at = f"timezone({quoted(zone)}, "
    earlier = "".join(
        f" when {at}instant - interval {minutes} minute) = local then instant - interval {minutes} minute"
        for minutes in _SET_BACK_MINUTES
    )
    _ran(
        session,
        f"""
        create or replace table door.zoned as
        with given as (
            select rowid as number, "{name}" as text, try_cast("{name}" as timestamp) as local
            from {rows} where rowid > {after} and regexp_matches("{name}", '{_ZONELESS}')),
        placed as (select *, {at}local) as instant from given where local is not null)
        select number, text, {at}instant) = local as is_shown, instant, case{earlier} else instant end as first
        from placed""",
    )
    _ran(
        session,
        f"""
        update {rows} set "{name}" = case
            when is_shown then strftime(timezone('UTC', first), '%Y-%m-%dT%H:%M:%S.%fZ')
            else concat(zoned.text, ' ', {quoted(zone)}) end
        from door.zoned as zoned where zoned.number = {rows}.rowid""",
    )
    column = next(column for column in form.columns if column.name == name)
    if column.required or name == "deleted_at":
        never = quoted(f"bad_time: {column.path} is {NEVER_SHOWN} of {zone}")
        _ran(
            session,
            f"""
            update {rows} set broken = coalesce(broken, {never})
            from door.zoned as zoned where zoned.number = {rows}.rowid and not is_shown""",
        )
    return int(_ran(session, "select count(*) from door.zoned where first <> instant")[0][0])
