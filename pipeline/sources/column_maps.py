"""Column maps: how a delivery that calls its columns otherwise is read, as the settings tell it.

A map is a column of the canonical form (its name, or its path in a delivery) to one of

    'booking'            a text that is the same in every row
    {night}/{line}       a text made of columns in braces; night, file and line tell where the row was delivered
    Booking Date         the column of that name; dots lead into JSON objects
    *                    of factors: each column that the map does not name is a factor, and what stands in it its value

or several of these: in each row, the first that is not empty counts; a column may be called otherwise for one night.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from pipeline.sources.forms import Column, Form
from pipeline.sources.map_errors import MapError, choice, form_at, line

PLACES = {
    "night": "cast(delivered_night as varchar)",
    "file": "regexp_replace(delivered_file, '^.*/', '')",
    "line": "cast(delivered_line as varchar)",
}
CONSENTS = ("consent_analytics", "consent_marketing")  # without them, who refused would be taken to agree
PLAIN_EMAIL = "email"
HASHED_EMAIL = "email_sha256"
EVERY, _NAMED, _VALUE = "*", "factor", "value"
_BRACES = re.compile(r"\{([^{}]+)\}")
Given = str | tuple[str, ...]


@dataclass(frozen=True)
class ColumnMap:
    """One table's map: a form's column names to what they are made of, the first that is there."""

    form: Form
    columns: tuple[tuple[str, tuple[str, ...]], ...]

    def raw(self) -> Form:
        """The columns in which the files arrive: those that are mapped, and the form's own of which nothing is told."""
        needed = [given for name, given in self.columns if self._is_needed(name, given)]
        alone = {given[0] for given in needed if len(given) == 1}
        taken = {HASHED_EMAIL if self._is_plain(name) else name for name, _ in self.columns}
        taken |= {_VALUE} if self.is_wide else set()
        own = tuple(column for column in self.form.columns if column.name not in taken)
        named = tuple(Column(self._slot(path), path, path in alone) for path in self._paths())
        groups = tuple(group for group in self.form.one_of if not taken & set(group))
        several = tuple(tuple(map(self._slot, given)) for given in needed if len(given) > 1)
        name = f"{self.form.name}__as_delivered"
        return Form(self.form.source, self.form.table, name, (), (*named, *own), (*groups, *several))

    @property
    def is_wide(self) -> bool:
        """Whether a row has a value in each of its columns, instead of one."""
        return (_NAMED, (EVERY,)) in self.columns

    def _is_needed(self, name: str, given: tuple[str, ...]) -> bool:
        """Whether a file must have one of the columns given: it is needed, and nothing else can stand for it."""
        required = {column.name for column in self.form.columns if column.required} | set(CONSENTS)
        return name in required and all(_kind(each) == "column" for each in given)

    def select(self) -> dict[str, str]:
        """SQL of each mapped column of the form, over rows of the raw form."""
        return dict(self._made(name, given) for name, given in self.columns if given != (EVERY,))

    def _made(self, name: str, given: tuple[str, ...]) -> tuple[str, str]:
        values = [f"nullif({self._value(each)}, '')" for each in given]
        value = values[0] if len(values) == 1 else f"coalesce({', '.join(values)})"
        if self._is_plain(name):
            return HASHED_EMAIL, f"sha256(lower(trim({value})))"
        return name, value

    def _value(self, given: str) -> str:
        if _kind(given) == "text":
            return _quoted(given[1:-1])
        if _kind(given) == "column":
            return f'"{self._slot(given)}"'
        return " || ".join(self._piece(nth, piece) for nth, piece in enumerate(_BRACES.split(given)) if piece)

    def _piece(self, nth: int, piece: str) -> str:
        if not nth % 2:
            return _quoted(piece)
        return PLACES.get(piece) or f'"{self._slot(piece)}"'

    def _paths(self) -> list[str]:
        """The delivery's columns that the map names, each once."""
        found: dict[str, None] = {}
        for given in (each for _, several in self.columns for each in several):
            if _kind(given) == "column":
                found[given] = None
            elif _kind(given) == "made":
                found |= dict.fromkeys(name for name in _BRACES.findall(given) if name not in PLACES)
        return list(found)

    def _slot(self, path: str) -> str:
        return f"given_{self._paths().index(path)}"

    def _is_plain(self, name: str) -> bool:
        return name == PLAIN_EMAIL and name not in {column.name for column in self.form.columns}


def column_map(form: Form, told: Mapping[str, Given], table: str) -> ColumnMap:
    """The map of a table's files as the settings tell it; raises MapError where there can be no such map."""
    names = {column.path: column.name for column in form.columns} | {
        column.name: column.name for column in form.columns
    }
    if HASHED_EMAIL in names:
        names |= {PLAIN_EMAIL: PLAIN_EMAIL}
    for name, given in told.items():
        at = ("sources", form.source, "columns", table, name)
        if name not in names:
            fix = f"On the left stand columns of ours. {choice(name, names, 'They')}"
            raise MapError(f"{form.source}/{table} has no column {name!r}", at, line(name, given), fix)
        if not all(map(str.strip, each_of(given) or ("",))):
            fix = "Name the delivery's column, or a text in single quotes; or leave the line out"
            raise MapError(f"nothing is told of column {name!r} of {form.source}/{table}", at, line(name, given), fix)
        if EVERY in each_of(given) and (form.name, name, given, _VALUE in told) != ("factors", _NAMED, EVERY, False):
            fix = f"Only of context/factors can columns be factors: {line(_NAMED, EVERY)}, alone and without a value"
            raise MapError(f"column {name!r} of {form.source}/{table} cannot be {EVERY}", at, line(name, given), fix)
    return ColumnMap(form, tuple((names[name], each_of(given)) for name, given in told.items()))


def check_columns(source: str, told: Mapping[str, Mapping[str, Given]]) -> None:
    """Raises MapError where a source's column maps are of a table or column that it has not."""
    for table, columns in told.items():
        column_map(form_at(source, "columns", table, columns), columns, table)


def each_of(given: Given) -> tuple[str, ...]:
    """What a column may be made of, the first of it first."""
    return (given,) if isinstance(given, str) else given


def paths_of(given: Given) -> tuple[str, ...]:
    """The columns of a delivery that a map which says this names."""
    found: list[str] = []
    for each in each_of(given):
        found += [each] if _kind(each) == "column" else []
        found += [name for name in _BRACES.findall(each) if name not in PLACES] if _kind(each) == "made" else []
    return tuple(found)


def is_column(given: str) -> bool:
    """Whether a map that says this means the column of that name."""
    return bool(given.strip()) and _kind(given) == "column"


def _kind(given: str) -> str:
    if given == EVERY:
        return "every"
    if len(given) > 1 and given[0] == given[-1] == "'":
        return "text"
    return "made" if _BRACES.search(given) else "column"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
