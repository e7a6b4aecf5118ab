"""What to do about files that no rule takes or that their rule cannot read: which settings or which folder would fit.

Everything here is a proposal, made from the names of folders and columns and from the kinds of values.
"""

import re
from collections import Counter
from collections.abc import Container, Iterable
from dataclasses import dataclass, replace
from functools import cache

from pipeline.sources.forms import ANY, FORMS, form_of, forms_of
from pipeline.sources.guesses import ENOUGH, Fit, best, fit, habits
from pipeline.sources.samples import Sample
from pipeline.sources.tables import VendorTable
from pipeline.sources.vendors import TABLES

_FAIR = 0.5  # of a form's columns, so well they are met, that a file may be meant for it
_SURE = 0.8
_FEWEST, _EVERYWHERE = 2, 8  # columns by which a vendor's table is known; what so many tables have tells none


@dataclass(frozen=True)
class Advice:
    """What a person may do: in words; and for the settings of a source: the vendor whose form it may be, how it writes
    what can be written in several ways, a column map."""

    words: str
    source: str = ""
    vendor: str = ""
    habits: tuple[tuple[str, str], ...] = ()
    columns: tuple[str, ...] = ()


def advised(source: str, folder: str, found: Sample) -> Advice:
    """What to do about a file of these columns in <source>/<folder>; either may be unknown or ''."""
    vendor = vendor_of(source, folder, found)
    if vendor is not None:
        return _as_vendor(source, folder, vendor)
    if not found.columns:
        return Advice(_unread(found))
    forms = forms_of(source) or FORMS
    one = best(forms, found)
    if one is None or one.share < _FAIR:
        named = ", ".join(sorted(found.columns)[:8])
        near = f"; the nearest is {_place(one, folder)}" if one and one.share >= ENOUGH / 2 else ""
        return Advice(f"no table here has columns like these ({named}){near}: leave them out, or map them by hand")
    where = _place(one, folder)
    lines = tuple(toml_map((one.form.source, where.partition("/")[2]), one))
    moved = "" if where == f"{source}/{folder}" else f": deliver it as {where}/<YYYY-MM-DD>/…"
    lines, told = lines if len(lines) > 1 else (), tuple(habits(one, found).items())
    added = f"{' and' if moved else ':'} add the settings below" if lines or told else ""
    return Advice(f"looks like {where}{moved}{added}", one.form.source, habits=told, columns=lines)


def mended(source: str, table: str, found: Sample, settled: Container[str], *, is_refused: bool) -> Advice | None:
    """What to do about a table that was read and would say more by a setting; None where nothing better is known.

    settled: the settings that the source has. is_refused: most of it could not be taken in, so that it may be a
    vendor's, and every required column matters.
    """
    form = form_of(source, table)
    if form is None or not found.columns:
        return None
    vendor = vendor_of(source, table, found) if is_refused else None
    if vendor is not None:
        return _as_vendor(source, table, vendor)
    one = fit(form, found)
    known = {word for column in form.columns for word in (column.name, column.path)}
    told = [g for g in one.guesses if g.given not in known and (is_refused or g.likeness >= _SURE)]
    kept = tuple(g for g in one.guesses if g.given in known or g in told)
    is_mapped = told or (is_refused and one.open_ and kept)
    lines = tuple(toml_map((source, table), replace(one, guesses=kept))) if is_mapped else ()
    habit = tuple((name, how) for name, how in habits(one, found).items() if name not in settled)
    if is_refused and not kept:
        named = ", ".join(sorted(found.columns)[:8])
        return Advice(f"its columns ({named}) are like none of {_place(one, table)}'s: map them by hand")
    return Advice("add the settings below", source, habits=habit, columns=lines) if lines or habit else None


def vendor_of(source: str, folder: str, found: Sample) -> VendorTable | None:
    """The vendor's table that these columns may be of, the folder's own name first; None where it is none."""
    of_source = [table for table in TABLES if source in ("", table.source)]
    fitting = [table for table in of_source if table.is_used and _carries(table, found)]
    named = [table for table in of_source if folder in (table.table, table.name)]
    landed = [t for t in named if _marks() & found.columns.keys() and _paths(t.required) <= found.columns.keys()]
    whole = [table for table in named if folder == table.name and not found.columns]
    best_ = sorted(fitting, key=lambda t: (-len(_telling(t) & found.columns.keys()), not _is_named(t, folder)))
    return next(iter([*(table for table in named if table in fitting), *landed, *best_, *whole]), None)


def _carries(table: VendorTable, found: Sample) -> bool:
    """Whether all that the vendor's table must have is there, and enough of what tells it from others."""
    telling, required = _telling(table), _paths(table.required)
    shared = len(telling & found.columns.keys())
    enough = shared >= min(len(telling) / 3, len(found.columns) / 2) and shared >= min(_FEWEST, len(telling))
    return bool(telling) and enough and required <= found.columns.keys()


@cache
def _often() -> Counter[str]:
    """In how many vendors' tables each column is."""
    return Counter(path for table in TABLES for path in _paths(f"{table.required} {table.optional}"))


@cache
def _marks() -> frozenset[str]:
    """Columns that connectors add to every table that they land."""
    return frozenset(path for path, count in _often().items() if count >= _EVERYWHERE and path.startswith("_"))


@cache
def _telling(table: VendorTable) -> frozenset[str]:
    """The table's columns but for those that many tables have."""
    paths = _paths(f"{table.required} {table.optional}")
    return frozenset(path for path in paths if _often()[path] < _EVERYWHERE)


def _paths(words: str) -> set[str]:
    return {word.partition("=")[2] or word for word in words.split()}


def _is_named(table: VendorTable, folder: str) -> bool:
    return table.table in re.split(r"[^a-z0-9]+__|/", folder) or table.table in folder


def _as_vendor(source: str, folder: str, table: VendorTable) -> Advice:
    here = source == table.source and folder in (table.table, table.name)
    moved = "" if here else f", deliver it as {table.source}/{table.table}/<YYYY-MM-DD>/…"
    counted = "" if table.is_used else "; its rows count for nothing here"
    words = f"looks like {table.vendor}'s {table.table}: set the form below{moved}{counted}"
    return Advice(words, table.source, vendor=table.vendor)


def _unread(found: Sample) -> str:
    if found.fault:
        return f"it cannot be read ({found.fault}): deliver it again as CSV, JSON lines or Parquet"
    return "it is empty"


def _place(one: Fit, folder: str) -> str:
    table = one.form.table
    if table == ANY:
        table = re.sub(r"[^a-z0-9]+", "_", folder.rpartition("/")[2].lower()).strip("_") or "<partner>"
    return f"{one.form.source}/{table}"


# -- as lines of a settings file ------------------------------------------------------------------------------------


def source_toml(advice: Iterable[Advice]) -> list[str]:
    """The settings of each source that are no column map."""
    vendors: dict[str, dict[str, None]] = {}
    told: dict[str, dict[str, str]] = {}
    for one in advice:
        if one.vendor:
            vendors.setdefault(one.source, {})[one.vendor] = None
        if one.vendor or one.habits:
            told.setdefault(one.source, {}).update(dict(one.habits))
    lines = []
    for source in sorted(told):
        form = [f"form = [{', '.join(map(text, vendors[source]))}]"] if source in vendors else []
        lines += [f"[sources.{key(source)}]", *form, *(f"{name} = {how}" for name, how in told[source].items()), ""]
    return lines


def toml_map(place: tuple[str, str], one: Fit) -> list[str]:
    """A column map. What could not be guessed is a comment that says what to write."""
    paths = {column.name: column.path for column in one.form.columns}
    lines = [f"[sources.{key(place[0])}.columns.{key(place[1])}]"]
    for guess in one.guesses:
        if guess.given not in (paths[guess.column], guess.column):
            doubt = "" if guess.likeness >= _SURE else "   # a guess: look at it"
            lines.append(f"{key(paths[guess.column])} = {text(guess.given)}{doubt}")
    for name in one.open_:
        lines.append(f"# {key(paths[name])} = {_example(name, place[1])}")
    return lines


def _example(name: str, table: str) -> str:
    fixed = {"currency": "'EUR'", "status": "'completed'"}
    if name in ("activity_type", "type", "platform", "channel"):
        fixed[name] = f"'{re.sub(r'[^a-z0-9_]+', '_', table.lower())}'"
    if name in fixed:
        return f"{text(fixed[name])}   # decide: a text in quotes is the same in every row"
    if name.endswith("_id") and name not in ("crm_id", "from_id", "to_id"):
        return '"{night}/{file}/{line}"   # decide: only where rows have no id of their own and never come twice'
    return '"?"   # decide: nothing is like it, and it must be there'


def key(name: str) -> str:
    """A key of a TOML file."""
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else text(name)


def text(value: str) -> str:
    """A text of a TOML file, whatever it holds."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else f"\\U{ord(c):08X}" for c in escaped) + '"'
