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
from pipeline.warehouse import Session, quoted

YES, NO = ("true", "t", "1", "yes", "y"), ("false", "f", "0", "no", "n")  # as sql/ingest/customers.sql reads them
_MOST_NAMES = 20
_FILLED = ("starts_at", "ends_at")  # columns that a model fills where they cannot be read
_DAYS = "^[0-9]{1,2}[./-][0-9]{1,2}[./-][0-9]{2,4}"
_COMMAS = "^[+-]?[0-9. ]*,[0-9]+$"


@dataclass
class Notes:
    """One table's, over all its slabs. unread: by column, values that are not what they should be; likely: of those,
    how many look like another convention; filled: rows in which a required column is filled; unclear: consents that
    are neither yes nor no.
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
    unclear: Counter[str] = field(default_factory=Counter)

    def take(self, model: str) -> None:
        """Looks at door.<form>, and at what its model read."""
        door = f"door.{self.form.name}"
        self.unknown |= self._unknown(door)
        required = [column for column in self.form.columns if column.required]
        kinds = [c for c in self.form.columns if c.name in (*TIMES, *DATES, *NUMBERS)]
        filled = "".join(f', count("{c.name}")' for c in required)
        self.rows += ask(self.session, f"select count(*) from {door}")[0][0]
        readable, *counts = ask(self.session, f"select count(*){filled} from {door} where broken is null")[0]
        self.readable += readable
        self.filled.update({c.name: count for c, count in zip(required, counts, strict=True)})
        listed = ", ".join(f'count("{c.name}")' for c in kinds)
        given, read = (ask(self.session, f"select {listed} from {rows}")[0] for rows in (door, model))
        for column, had, has in zip(kinds, given, read, strict=True):
            if had > has or column.name in _FILLED:
                self._count_unread(door, column, had - has)
        for column in self.form.columns:
            if column.name in CONSENTS:
                unclear = f"lower({column.name}) not in ({', '.join(map(quoted, (*YES, *NO)))})"
                ((count,),) = ask(self.session, f"select count(*) from {door} where {unclear}")
                self.unclear[column.name] += count

    def _unknown(self, door: str) -> set[str]:
        """The unknown columns of readable rows: of a file without a header they would be anybody's data."""
        rows = f"select distinct unnest(json_keys(unmapped)) as name from {door} where unmapped is not null"
        found = ask(self.session, f"{rows} and not coalesce(starts_with(broken, 'missing_column'), false)")
        return {name for (name,) in found}

    def _count_unread(self, door: str, column: Column, lacking: int) -> None:
        name = f'"{column.name}"'
        if column.name in _FILLED:
            unread = f"{name} is not null and try_cast({name} as timestamptz) is null"
            ((lacking,),) = ask(self.session, f"select count(*) from {door} where {unread}")
        pattern = _COMMAS if column.name in NUMBERS else _DAYS
        ((likely,),) = ask(self.session, f"select count(*) from {door} where regexp_matches({name}, {quoted(pattern)})")
        self.unread[column.name] += lacking
        self.likely[column.name] += min(likely, lacking)

    def tell(self) -> None:
        """Says what was found, once."""
        if self.unknown:
            names = sorted(self.unknown)
            more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
            listed = ", ".join(map(told, names[:_MOST_NAMES]))
            self.session.log(f"{self.form.name}: unknown columns kept: {listed}{more}")
        for note in (*self._of_columns(), *self._of_values()):
            self.session.log(f"warning: {self.form.name}: {note}")

    def _of_columns(self) -> Iterator[str]:
        for column in self.form.columns:
            if column.required and self.readable and not self.filled[column.name]:
                like = nearest(column.path, self.unknown)
                hint = f"; if it is {told(like)} now, map it in sources.{self.form.source}.columns" if like else ""
                yield f"no row has {column.path}{hint}"

    def _of_values(self) -> Iterator[str]:
        """Of a required column only where something can be done about it: the quarantine tells the rest."""
        for column in self.form.columns:
            count = self.unread[column.name]
            if count and (self.likely[column.name] or not column.required):
                kind = "number" if column.name in NUMBERS else "ISO 8601 time"
                fate = "quarantined" if column.required else "taken as empty"
                yield f"{column.path} is no {kind} in {count} of {self.rows} rows, {fate}{self._advice(column)}"

        for name, count in self.unclear.items():
            if count:
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
