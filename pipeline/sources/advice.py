"""What to do about files that no rule takes or that their rule cannot read: which settings or which folder would fit.

Everything here is a proposal, made from the names of folders and columns and from the kinds of values.
"""

import re
from collections import Counter
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

from pipeline.sources.column_maps import Given, each_of
from pipeline.sources.forms import ANY, FORMS, form_of, forms_of
from pipeline.sources.guesses import ENOUGH, Fit, Guess, best, fit, habits, names_of
from pipeline.sources.map_errors import line
from pipeline.sources.samples import Sample
from pipeline.sources.tables import VendorTable
from pipeline.sources.toml import key, text
from pipeline.sources.vendors import TABLES

_FAIR = 0.5  # of a form's columns, so well they are met, that a file may be meant for it
_SURE = 0.8
_FEWEST, _EVERYWHERE = 2, 8  # columns by which a vendor's table is known; what so many tables have tells none


@dataclass(frozen=True)
class Advice:
    """What a person may do: in words; and for the settings of a source: the vendor whose form it may be, how it writes
    what can be written in several ways, a column map, value maps, which table a folder is."""

    words: str
    source: str = ""
    vendor: str = ""
    habits: tuple[tuple[str, str], ...] = ()
    columns: tuple[str, ...] = ()
    values: tuple[tuple[str, ...], ...] = ()
    folder: tuple[str, str] | None = None


def advised(source: str, folder: str, found: Sample, *, is_in_night: bool = False) -> Advice:
    """What to do about a file of these columns in <source>/<folder>; either may be unknown or ''.

    is_in_night: it lies in a night's folder, so that the folder need only be told to be a table.
    """
    vendor = vendor_of(source, folder, found)
    if vendor is not None:
        return _as_vendor(source, folder, vendor, is_in_night=is_in_night)
    if not found.columns:
        return Advice(_unread(found))
    forms = forms_of(source) or FORMS
    one = best(forms, found)
    if one is None or one.share < _FAIR:
        named = ", ".join(sorted(found.columns)[:8])
        near = f"; the nearest is {_place(one, folder)}" if one and one.share >= ENOUGH / 2 else ""
        return Advice(f"no table here has columns like these ({named}){near}: leave them out, or map them by hand")
    where = _place(one, folder)
    table = where.partition("/")[2]
    lines = tuple(toml_map((one.form.source, table), one))
    is_told = is_in_night and where == f"{source}/{table}"
    moved = "" if where == f"{source}/{folder}" or is_told else f": deliver it as {where}/<YYYY-MM-DD>/…"
    lines, habit = lines if len(lines) > 1 else (), tuple(habits(one, found).items())
    added = f"{' and' if moved else ':'} add the settings below" if lines or habit or is_told else ""
    told = (folder, table) if is_told else None
    return Advice(f"looks like {where}{moved}{added}", one.form.source, habits=habit, columns=lines, folder=told)


def mended(
    source: str,
    table: str,
    found: Sample,
    settled: Container[str],
    told: Mapping[str, Given] | None = None,
    *,
    is_refused: bool,
) -> Advice | None:
    """What to do about a table that was read and would say more by a setting; None where nothing better is known.

    settled: the settings that the source has. told: the table's column map, if it has one. is_refused: most of it
    could not be taken in, so that it may be a vendor's, and every required column matters.
    """
    form, told = form_of(source, table), told or {}
    if form is None or not found.columns:
        return None
    vendor = vendor_of(source, table, found) if is_refused and not told else None
    if vendor is not None:
        return _as_vendor(source, table, vendor)
    one = fit(form, found, told)
    known = {word for column in form.columns if not told.keys() & set(names_of(column)) for word in names_of(column)}
    new = [g for g in one.guesses if not (g.is_told or g.given in known) and (is_refused or g.likeness >= _SURE)]
    kept = tuple(g for g in one.guesses if g.is_told or g.given in known or g in new)
    named = {column.name for column in form.columns if found.columns.keys() & set(names_of(column))}
    one = replace(one, guesses=kept, open_=tuple(name for name in one.open_ if name not in named))
    is_mapped = new or (is_refused and one.open_ and kept)
    lines = tuple(toml_map((source, table), one, told)) if is_mapped else ()
    habit = tuple((name, how) for name, how in habits(one, found).items() if name not in settled)
    if is_refused and not kept:
        theirs = ", ".join(sorted(found.columns)[:8])
        return Advice(f"its columns ({theirs}) are like none of {_place(one, table)}'s: map them by hand")
    more = ", in place of the map that is there" if told and lines else ""
    return Advice(f"add the settings below{more}", source, habits=habit, columns=lines) if lines or habit else None


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


def _as_vendor(source: str, folder: str, table: VendorTable, *, is_in_night: bool = False) -> Advice:
    is_here = source == table.source and folder in (table.table, table.name)
    told = (folder, table.name) if is_in_night and source == table.source and not is_here else None
    moved = "" if is_here or told else f", deliver it as {table.source}/{table.table}/<YYYY-MM-DD>/…"
    counted = "" if table.is_used else "; its rows count for nothing here"
    words = f"looks like {table.vendor}'s {table.table}: set the form below{moved}{counted}"
    return Advice(words, table.source, vendor=table.vendor, folder=told)


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


def source_toml(advice: Sequence[Advice]) -> list[str]:
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
        lines += [f"[sources.{key(source)}]", *form, *(_habit(name, how) for name, how in told[source].items()), ""]
    for source in sorted({one.source for one in advice if one.folder}):
        folders = dict(one.folder for one in advice if one.folder and one.source == source)
        lines += [f"[sources.{key(source)}.folders]", *(line(*told) for told in sorted(folders.items())), ""]
    return lines


def _habit(name: str, how: str) -> str:
    """A setting's line; one that somebody has to decide is a comment."""
    return f"# {name} = {how[2:]}" if how.startswith("# ") else f"{name} = {how}"


def toml_map(place: tuple[str, str], one: Fit, told: Mapping[str, Given] | None = None) -> list[str]:
    """A column map: what is told already, then what is guessed. What could not be is a comment that says what to write.

    A line that is told of a column which the files have not names the guess, too: it was called otherwise once.
    """
    told = told or {}
    of = {name: column.name for column in one.form.columns for name in names_of(column)}
    paths = {column.name: column.path for column in one.form.columns}
    guessed = {guess.column: guess for guess in one.guesses}
    lines = [f"[sources.{key(place[0])}.columns.{key(place[1])}]"]
    for name, given in told.items():
        guess = guessed.get(of[name])
        if guess is None:
            lines.append(f"{line(name, given)}   # no such column in the newest files: look at it")
        else:
            lines.append(line(name, given) if guess.is_told else _line(name, guess, each_of(given)))
    for guess in one.guesses:
        is_own = guess.given in ("", paths[guess.column], guess.column)
        if not is_own and guess.column not in map(of.get, told):
            lines.append(_line(paths[guess.column], guess))
    open_ = [name for name in one.open_ if name not in map(of.get, told)]
    return lines + [f"# {key(paths[name])} = {_example(name, place[1])}" for name in open_]


def _line(name: str, guess: Guess, before: tuple[str, ...] = ()) -> str:
    doubt = "" if guess.likeness >= _SURE else "   # a guess: look at it"
    return line(name, (*before, guess.given) if before else guess.given) + doubt


def _example(name: str, table: str) -> str:
    fixed = {"currency": "'EUR'", "status": "'completed'"}
    if name in ("activity_type", "type", "platform", "channel"):
        fixed[name] = f"'{re.sub(r'[^a-z0-9_]+', '_', table.lower())}'"
    if name in fixed:
        return f"{text(fixed[name])}   # decide: a text in quotes is the same in every row"
    if name.endswith("_id") and name not in ("crm_id", "from_id", "to_id"):
        return '"{night}/{file}/{line}"   # decide: only where rows have no id of their own and never come twice'
    return '"?"   # decide: nothing is like it, and it must be there'
