"""A row as an example that tells nobody's data: its form without its content."""

import csv
import json
import re
from collections.abc import Sequence
from typing import Any

_LONGEST = 120
_FIELD = re.compile(r"[A-Za-z_$][A-Za-z0-9_.$-]{0,39}")


def example(raw: str, column: str, header: Sequence[str] = (), delimiter: str = ",") -> str:
    """The row on one line: x for letters, 9 for digits; where it has the column, that column's value alone.

    header, delimiter: the columns of a row of a CSV file, and what parts them. Names of JSON fields stay: they are the
    sender's own. "Ann,1990-02-03" is "xxx,9999-99-99".
    """
    told = _read(raw, header, delimiter)
    if told is None:
        return _cut(_masked(raw.strip()))
    value: Any = told
    for name in [column] if column in told else column.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    if value not in (None, "", told):
        return f"{column} {_cut(json.dumps(_of(value, 1), ensure_ascii=False))}"
    return _cut(json.dumps(_of(told), ensure_ascii=False))


def _read(raw: str, header: Sequence[str], delimiter: str) -> dict[str, Any] | None:
    """The row as names and values; None where it is none."""
    try:
        if header:
            row = next(csv.reader([raw.rstrip("\r\n")], delimiter=delimiter), [])
            return dict(zip(header, row, strict=True))
        told = json.loads(raw.strip().strip(","))
    except (ValueError, RecursionError, csv.Error):
        return None
    return told if isinstance(told, dict) else None


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _of(value: Any, depth: int = 0) -> Any:
    if isinstance(value, dict):
        return {_name(name): _of(inner, depth + 1) for name, inner in value.items()} if depth < 3 else "…"
    if isinstance(value, list):
        return ["…"] if value else []
    return value if value is None or isinstance(value, bool) else _masked(str(value))


def _name(name: str) -> str:
    return name if _FIELD.fullmatch(name) else _masked(name)[:40]


def _masked(text: str) -> str:
    return "".join("9" if c.isdigit() else "x" if c.isalnum() else c if c.isprintable() else " " for c in text)
