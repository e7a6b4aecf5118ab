"""What the night's log says of a table that arrives otherwise than it is read: values, columns, and what may help."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from pipeline.ingest.conventions import DATES, NUMBERS, TIMES
from pipeline.ingest.door import ask
from pipeline.sources.column_maps import CONSENTS
from pipeline.sources.conventions import Conventions
from pipeline.sources.forms import Column, Form
from pipeline.sources.likeness import nearest, told
from pipeline.sources.map_errors import line
from pipeline.warehouse import Session, quoted

YES, NO = ("true", "t", "1", "yes", "y"), ("false", "f", "0", "no", "n")  # as sql/ingest/customers.sql reads them
_TYPED = (*TIMES, *DATES, *NUMBERS, *CONSENTS)
_OF_MODELS = ("missing_value", "bad_time", "bad_number")  # what models say of rows that the door could read
_MOST_NAMES = 20
_DAYS = "^[0-9]{1,2}[./-][0-9]{1,2}[./-][0-9]{2,4}"
_COMMAS = "^[+-]?[0-9. ]*,[0-9]+$"


@dataclass
class Notes:
    """One table's, over all its slabs. unread: by column, values that are not what they should be; likely: of those,
    how many look like another convention; filled: readable rows in which a required column is filled.
    """

    session: Session
    form: Form
    conventions: Conventions
    rows: int = 0
    readable: int = 0
    unknown: set[str] = field(default_factory=set)
    unread: Counter[str] = field(default_factory=Counter)
    likely: Counter[str] = field(default_factory=Counter)
    filled: Counter[str] = field(default_factory=Counter)

    def take(self, model: str) -> None:
        """Looks at what the table's model read."""
        required = [column for column in self.form.columns if column.required]
        typed = [column for column in self.form.columns if column.name in _TYPED]
        is_read = f"(problem is null or split_part(problem, ':', 1) in ({', '.join(map(quoted, _OF_MODELS))}))"
        wanted = {
            "readable": [is_read],
            "filled": [f"{is_read} and ({_is_filled(column)})" for column in required],
            "unread": [f'"{column.name}_unread" is not null' for column in typed],
            "likely": [f'regexp_matches("{column.name}_unread", {quoted(_pattern(column))})' for column in typed],
        }
        counts = ", ".join(f"count(*) filter (where {each})" for conditions in wanted.values() for each in conditions)
        rows, readable, *found = ask(self.session, f"select count(*), {counts} from {model}")[0]
        self.rows, self.readable = self.rows + rows, self.readable + readable
        given = iter(found)
        for counter, columns in ((self.filled, required), (self.unread, typed), (self.likely, typed)):
            counter.update({column.name: next(given) for column in columns})
        self.unknown |= self._unknown(model)

    def _unknown(self, model: str) -> set[str]:
        """The unknown columns of readable rows: of a file without a header they would be anybody's data."""
        rows = f"select distinct unnest(json_keys(unmapped)) as name from {model} where unmapped is not null"
        found = ask(self.session, f"{rows} and not coalesce(starts_with(problem, 'missing_column'), false)")
        return {name for (name,) in found}

    def tell(self) -> None:
        """Says what was found, once."""
        if self.unknown:
            names = sorted(self.unknown)
            more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
            listed = ", ".join(map(told, names[:_MOST_NAMES]))
            self.session.log(f"note: {self.form.name}: unknown columns kept: {listed}{more}")
        for note in (*self._of_columns(), *self._of_values()):
            self.session.log(f"warning: {self.form.name}: {note}")

    def _of_columns(self) -> Iterator[str]:
        for column in self.form.columns:
            if column.required and self.readable and not self.filled[column.name]:
                like = nearest(column.path, self.unknown)
                yield f"no row has {column.path}{self._renamed(column, told(like)) if like else ''}"

    def _renamed(self, column: Column, like: str) -> str:
        """What to write into the settings, where files of other nights have the column's own name."""
        at = f"sources.{self.form.source}.columns"
        return f"; if it is {like} now, map it in {at}: {line(column.path, (column.path, like))}"

    def _of_values(self) -> Iterator[str]:
        """Of a required column only where something can be done about it: the quarantine tells the rest."""
        for column in self.form.columns:
            count = 0 if column.name in CONSENTS else self.unread[column.name]
            if count and (self.likely[column.name] or not column.required):
                kind = "number" if column.name in NUMBERS else "ISO 8601 time"
                fate = "quarantined" if column.required else "taken as empty"
                yield f"{column.path} is no {kind} in {count} of {self.rows} rows, {fate}{self._advice(column)}"

        for name in CONSENTS:
            if count := self.unread[name]:
                words = f"{', '.join(YES)}; {', '.join(NO)}"
                at = f"sources.{self.form.source}.values.{self.form.table}.{name}"
                told_ = f"{name} is neither yes nor no in {count} of {self.rows} rows, taken as no"
                yield f"{told_} (known are {words}; {at} tells what others mean)"

    def _advice(self, column: Column) -> str:
        at = f"sources.{self.form.source}"
        is_told = self.conventions.decimals != "point" if column.name in NUMBERS else self.conventions.dates != "iso"
        if is_told or not self.likely[column.name]:
            return ""
        if column.name in NUMBERS:
            return f'. With decimal commas, set {at}.decimals = "comma"'
        return f'. Set {at}.dates to "day_first" or "month_first", as its sender means it'


def _is_filled(column: Column) -> str:
    texts = [f'"{column.name}"', f'"{column.name}_unread"'] if column.name in _TYPED else [f'"{column.name}"']
    return " or ".join(f"{text} is not null" for text in texts)


def _pattern(column: Column) -> str:
    """What a text looks like that another convention may have written."""
    return _COMMAS if column.name in NUMBERS else _DAYS
