"""What is wrong with a map of the settings: of which source, table and column, what is given there, what to do."""

import difflib
from collections.abc import Iterable, Sequence

from pipeline.sources.forms import Form, form_of, forms_of
from pipeline.sources.toml import key, text

_MOST_NAMED = 40
_SHAPES = {
    "columns": 'A column map is [sources.{source}.columns.<table>] with lines <our column> = "<theirs>", in quotes',
    "folders": 'Folders are told in [sources.{source}.folders] with lines "<their folder>" = "<our table>", in quotes',
    "values": 'A value map is [sources.{source}.values.<table>.<our column>] with lines "<their word>" = "<ours>", in'
    " quotes",
}


class MapError(ValueError):
    """A map that cannot be. at: where it stands in the settings; given: the line as it stands; fix: what to do."""

    def __init__(self, what: str, at: Iterable[str], given: str, fix: str) -> None:
        self.what, self.at, self.given, self.fix = what, ".".join(map(key, at)), given, fix
        super().__init__(f"{self.at}: {what}")


def line(name: str, given: str | tuple[str, ...]) -> str:
    """A line of a map."""
    told = text(given) if isinstance(given, str) else f"[{', '.join(map(text, given))}]"
    return f"{key(name)} = {told}"


def choice(wanted: str, known: Iterable[str], what: str) -> str:
    """What may be written instead of a name that nothing has: the one that is spelt like it, and all there are."""
    listed = sorted(known)
    near = difflib.get_close_matches(wanted.lower(), listed, n=1)
    more = f" and {len(listed) - _MOST_NAMED} more" if len(listed) > _MOST_NAMED else ""
    return f"{f'Did you mean {near[0]}? ' if near else ''}{what} are {', '.join(listed[:_MOST_NAMED])}{more}"


def form_at(source: str, kind: str, table: str, columns: Iterable[str]) -> Form:
    """The table that a source's map of this kind is of; raises MapError where the source has none of the name."""
    form = form_of(source, table)
    if form is None:
        fix = choice(table, (form.table for form in forms_of(source)), "Its tables")
        at = ("sources", source, kind, table)
        raise MapError(f"{source} has no table {table!r}", at, f"columns: {', '.join(columns)}", fix)
    return form


def shape(place: Sequence[object]) -> str:
    """How the map at a place of the settings (sources, its name, columns or values …) is written; '' where none is."""
    if len(place) < 3 or place[0] != "sources" or place[2] not in _SHAPES:
        return ""
    return _SHAPES[str(place[2])].format(source=place[1])
