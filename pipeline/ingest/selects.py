"""SQL that makes rows of door.<table> of a slab: its texts taken apart, not yet read as what they mean."""

import json
from collections.abc import Collection
from functools import partial
from typing import Any

from pipeline.ingest.reading import Arrival, File
from pipeline.sources import json_door
from pipeline.sources.forms import JSON_COLUMNS, Form
from pipeline.warehouse import quoted

_PLACE = {"table_name": "varchar", "delivered_night": "date", "delivered_file": "varchar", "delivered_line": "bigint"}
_TEXTS = ("broken", "raw", "unmapped")
_ELEMENT = r"regexp_replace(regexp_replace(raw, '^[\[,\s]+', ''), '[\],\s]+$', '')"
_NUL = r"contains(text, '\u0000') and regexp_matches(text, '(^|[^\\])(\\\\)*\\u0000')"


def columns_of(form: Form) -> dict[str, str]:
    """The columns of door.<table>, in their order, with their types."""
    return _PLACE | dict.fromkeys((*_TEXTS, *(column.name for column in form.columns)), "varchar")


def view(form: Form, file: File) -> str:
    """A statement that makes door.<table> a view of `slab`."""
    names = ", ".join(f'"{name}"' for name in columns_of(form))
    return f"create or replace view door.{form.name} ({names}) as {select(form, file)}"


def select(form: Form, file: File) -> str:
    """A select from `slab`, of the columns of door.<table> in their order."""
    return _csv_select(form, file) if file.header else _json_select(form, file)


def place(arrival: Arrival, line: str) -> str:
    """The first columns: where a row is from."""
    return f"{quoted(arrival.table)}, date {quoted(arrival.night)}, {quoted(arrival.label)}, {line}"


def _csv_select(form: Form, file: File) -> str:
    at = {name: f"c{position}" for position, name in enumerate(file.header)}
    mapped = {c.name: next((n for n in (c.path, c.name) if n in at), None) for c in form.columns}
    columns = ", ".join(_text(key, f"trim({at[name]})") if name else "null::varchar" for key, name in mapped.items())
    extra = [name for name in file.header if name and name not in mapped.values()]
    pairs = ", ".join(f"{quoted(name)}, {at[name]}" for name in sorted(extra))
    unmapped = f"json_object({pairs})::varchar" if extra else "null::varchar"
    broken = _refused("broken", file.lacks)
    return f"select {place(file.arrival, 'line')}, {broken}, raw, {unmapped}, {columns} from slab"


def _json_select(form: Form, file: File) -> str:
    is_text = file.arrival.ending != ".parquet"
    raw, broken = ("raw", "broken") if is_text else ("to_json(row)::varchar", "null::varchar")
    text = _ELEMENT if file.has_signs else "raw"
    parents = [c.path for c in form.columns if c.name in JSON_COLUMNS]
    structure = partial(_structure, as_json=parents)
    inner = {p: [c.path for c in form.columns if c.path.startswith(f"{p}.")] for p in parents}
    within = {path: number for number, paths in enumerate(inner.values()) for path in paths}
    every = [c.path for c in form.columns]
    above = {path for path in every if any(other.startswith(f"{path}.") for other in every)} - {*parents, *within}
    outer = [path for path in every if path not in within and path not in above]
    values = {path: _whole(path) if path in above else _dotted(path, within) for path in every}
    columns = ", ".join(_value(c.name, values[c.path]) for c in form.columns)
    opened = "".join(
        f", json_transform({_value(parent, _dotted(parent, {}))}, {structure(paths, parent)}) as inner{number}"
        for number, (parent, paths) in enumerate(inner.items())
        if paths
    )
    nul = f"when {_NUL} then {quoted('unreadable: a NUL character')}"
    reason = _refused(f"coalesce(broken, case when not ok then {quoted(json_door.BROKEN)} {nul} end)", file.lacks)
    tops = sorted({_names(column.path)[0] for column in form.columns})
    known, without = ", ".join(map(quoted, tops)), quoted(json.dumps(dict.fromkeys(tops)))
    found = " + ".join(f"cast({_dotted(top, {})} is not null as integer)" for top in tops)
    return f"""
        with given as (select line, {raw} as raw, {broken} as broken from slab),
        told as (select *, {text} as text from given),
        judged as (
            select *, coalesce(json_valid(text), false) and (
                case when starts_with(text, '{{') then true else left(ltrim(text), 1) = '{{' end) as ok
            from told
        ),
        outer_values as (
            select line, raw, text, broken, ok,
                case when ok then json_transform(text, {structure(outer, "")}) end as outer_,
                case when ok then json_keys(text) end as keys
            from judged
            where broken is not null or case when starts_with(raw, '{{') then true else regexp_matches(raw, '\\S') end
        ),
        all_values as (
            select *,
                case when len(keys) > {found} then list_filter(keys, lambda k: k not in ({known})) end as extra
                {opened}
            from outer_values
        )
        select {place(file.arrival, "line")}, {reason}, raw,
            case when len(extra) > 0 then json_merge_patch(text, {without})::varchar end, {columns}
        from all_values"""


def _structure(paths: list[str], above: str, as_json: Collection[str]) -> str:
    """The texts, and values as JSON, to take out of a JSON object, as json_transform wants them told."""
    tree: dict[str, Any] = {}
    for path in paths:
        *parents, last = _names(path.removeprefix(f"{above}."))
        branch = tree
        for parent in parents:
            branch = branch.setdefault(parent, {})
        branch[last] = "JSON" if path in as_json else "VARCHAR"
    return quoted(json.dumps(tree))


def _whole(path: str) -> str:
    """The text of a value that may be an object, of which another column is a part."""
    pointer = "".join(f"/{name.replace('~', '~0').replace('/', '~1')}" for name in _names(path))
    return f"json_extract_string(case when ok then text end, {quoted(pointer)})"


def _dotted(path: str, within: dict[str, int]) -> str:
    """Where a path's text lies: in the values of the object, or of the JSON column that it is within."""
    names = ['"' + name.replace('"', '""') + '"' for name in _names(path)]
    return ".".join([f"inner{within[path]}", *names[1:]] if path in within else ["outer_", *names])


def _names(path: str) -> list[str]:
    """The names that lead to a value; dots that part nothing are part of a name."""
    names = path.split(".")
    return names if all(names) else [path]


def _value(name: str, value: str) -> str:
    """A column's text, of a value that was taken out of JSON; what must be JSON may stand in it as a text."""
    if name not in JSON_COLUMNS:
        return _text(name, value)
    text = f"json_extract_string({value}, '$')"
    return f"case when starts_with({value}, '\"') then {_text(name, text)} else nullif({value}, 'null')::varchar end"


def _text(name: str, value: str) -> str:
    """A column's text, null where it is empty; what must be JSON is JSON."""
    text = f"nullif({value}, '')"
    if name not in JSON_COLUMNS:
        return text
    return f"case when json_valid({text}) then {text} else to_json({text})::varchar end"


def _refused(broken: str, lacks: str | None) -> str:
    return quoted(f"missing_column: the file has no column {lacks}") if lacks else broken
