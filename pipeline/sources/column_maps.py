"""Column maps: how a delivery that calls its columns otherwise is read, as the settings tell it.

A map is a column of the canonical form (its name, or its path in a delivery) to one of

    'booking'            a text that is the same in every row
    {night}/{line}       a text made of columns in braces; night, file and line tell where the row was delivered
    Booking Date         the column of that name; dots lead into JSON objects
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from pipeline.sources.forms import Column, Form

PLACES = {
    "night": "cast(delivered_night as varchar)",
    "file": "regexp_replace(delivered_file, '^.*/', '')",
    "line": "cast(delivered_line as varchar)",
}
CONSENTS = ("consent_analytics", "consent_marketing")  # without them, who refused would be taken to agree
PLAIN_EMAIL = "email"
_HASHED_EMAIL = "email_sha256"
_BRACES = re.compile(r"\{([^{}]+)\}")


@dataclass(frozen=True)
class ColumnMap:
    """One table's map: a form's column names to what they are made of."""

    form: Form
    columns: tuple[tuple[str, str], ...]

    def raw(self) -> Form:
        """The columns in which the files arrive: those that are mapped, and the form's own of which nothing is told."""
        required = {column.name for column in self.form.columns if column.required} | set(CONSENTS)
        needed = {given: name in required for name, given in self.columns if _kind(given) == "column"}
        taken = {_HASHED_EMAIL if self._is_plain(name) else name for name, _ in self.columns}
        own = tuple(column for column in self.form.columns if column.name not in taken)
        named = tuple(Column(self._slot(path), path, needed.get(path, False)) for path in self._paths())
        groups = tuple(group for group in self.form.one_of if not taken & set(group))
        return Form(self.form.source, self.form.table, f"{self.form.name}__as_delivered", (), (*named, *own), groups)

    def select(self) -> dict[str, str]:
        """SQL of each mapped column of the form, over rows of the raw form."""
        return dict(self._made(name, given) for name, given in self.columns)

    def _made(self, name: str, given: str) -> tuple[str, str]:
        if _kind(given) == "text":
            value = _quoted(given[1:-1])
        elif _kind(given) == "column":
            value = f'"{self._slot(given)}"'
        else:
            value = " || ".join(self._piece(nth, piece) for nth, piece in enumerate(_BRACES.split(given)) if piece)
        if self._is_plain(name):
            return _HASHED_EMAIL, f"sha256(lower(trim({value})))"
        return name, value

    def _piece(self, nth: int, piece: str) -> str:
        if not nth % 2:
            return _quoted(piece)
        return PLACES.get(piece) or f'"{self._slot(piece)}"'

    def _paths(self) -> list[str]:
        """The delivery's columns that the map names, each once."""
        found: dict[str, None] = {}
        for _, given in self.columns:
            if _kind(given) == "column":
                found[given] = None
            elif _kind(given) == "made":
                found |= dict.fromkeys(name for name in _BRACES.findall(given) if name not in PLACES)
        return list(found)

    def _slot(self, path: str) -> str:
        return f"given_{self._paths().index(path)}"

    def _is_plain(self, name: str) -> bool:
        return name == PLAIN_EMAIL and name not in {column.name for column in self.form.columns}


def column_map(form: Form, told: Mapping[str, str]) -> ColumnMap:
    """A table's map as the settings tell it; raises ValueError where it names a column that the form has not."""
    names = {column.path: column.name for column in form.columns} | {
        column.name: column.name for column in form.columns
    }
    if _HASHED_EMAIL in names:
        names |= {PLAIN_EMAIL: PLAIN_EMAIL}
    unknown = next((name for name in told if name not in names), None)
    if unknown is not None:
        raise ValueError(f"{form.source} has no column {unknown!r}; its columns are {', '.join(sorted(names))}")
    empty = next((name for name, given in told.items() if not given.strip()), None)
    if empty is not None:
        raise ValueError(f"nothing is told of column {empty!r}")
    return ColumnMap(form, tuple((names[name], given) for name, given in told.items()))


def is_column(given: str) -> bool:
    """Whether a map that says this means the column of that name."""
    return bool(given.strip()) and _kind(given) == "column"


def _kind(given: str) -> str:
    if len(given) > 1 and given[0] == given[-1] == "'":
        return "text"
    return "made" if _BRACES.search(given) else "column"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
