"""Words that a delivery has where only few are known (a status, a consent, a currency): what a value map may tell of.

What they mean is not guessed. A word is named where so many rows have it that it is nobody's data.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pipeline.context import Run
from pipeline.ingest.door import Door, ask
from pipeline.ingest.notes import NO, YES
from pipeline.ingest.reading import Arrival
from pipeline.quality import expectations_of
from pipeline.sources.column_maps import CONSENTS
from pipeline.sources.forms import Form
from pipeline.sources.map_errors import line
from pipeline.sources.toml import key
from pipeline.warehouse import Session, quoted
from pipeline.words import clean, count

_MOST_NAMED = 20
_LONGEST = 60
_FEW = 10  # words that can all be named as what may be chosen
_FOLDED = "lower(nfc_normalize(trim({}, concat(' ', chr(9), chr(10), chr(13), chr(160)))))"


@dataclass(frozen=True)
class Unknown:
    """A column's words that are not known: those that can be named, with their rows; how many others, in how many rows.

    chosen: what a word can mean.
    """

    column: str
    chosen: str
    words: tuple[tuple[str, int], ...]
    others: int
    others_rows: int


def known_words(run: Run, form: Form) -> dict[str, tuple[str, ...]]:
    """By column of a form, the words that are known, where there are but these."""
    suite = expectations_of("ingest", run).get(form.name, [])
    sets = {str(each.column): tuple(map(str, each.value_set)) for each in suite if getattr(each, "value_set", None)}
    consents = {name: (*YES, *NO) for name in CONSENTS if name in {column.name for column in form.columns}}
    return sets | consents


def unknown_words(
    session: Session, arrivals: Iterable[Arrival], form: Form, known: Mapping[str, Sequence[str]], fewest: int
) -> list[Unknown]:
    """Column by column the unknown words of the first rows of these files; a word is named that `fewest` rows have."""
    if not known:
        return []
    door = Door(session, form)
    door.clear()
    for arrival in arrivals:
        slabs = door.slabs(arrival)
        next(slabs, None)
        slabs.close()  # type: ignore[attr-defined]
    found = [_unknown(session, form, column, known[column], fewest) for column in sorted(known)]
    door.clear()
    return [one for one in found if one is not None]


def _unknown(session: Session, form: Form, column: str, known: Sequence[str], fewest: int) -> Unknown | None:
    listed = ", ".join(quoted(word.lower()) for word in known)
    rows = ask(
        session,
        f"""
        with given as (select {_FOLDED.format(f'"{column}"')} as word from door.{form.name} where broken is null),
        counted as (
            select word, count(*) as row_count, count(*) >= {fewest} and length(word) <= {_LONGEST} as is_named
            from given where word not in ({listed}) and word <> '' group by word)
        select case when is_named then word end as named, count(*), cast(sum(row_count) as bigint) as row_count
        from counted group by named order by named is null, row_count desc, named""",
    )
    if not rows:
        return None
    words = [(word, number) for word, _, number in rows if word is not None]
    rest = [(words_count, number) for word, words_count, number in rows if word is None]
    rest += [(1, number) for _, number in words[_MOST_NAMED:]]
    others = sum(words_count for words_count, _ in rest), sum(number for _, number in rest)
    return Unknown(column, _chosen(column, known), tuple(words[:_MOST_NAMED]), *others)


def _chosen(column: str, known: Sequence[str]) -> str:
    if column in CONSENTS:
        return "true or false"
    return f"{', '.join(known[:-1])} or {known[-1]}" if len(known) <= _FEW else f"one of {len(known)}, as {known[0]} is"


def lines_of(source: str, table: str, form: Form, found: Unknown, told: Mapping[str, Mapping[str, str]]) -> list[str]:
    """A value map: what is told already, then a comment for each word to be told of."""
    column = next(each for each in form.columns if each.name == found.column)
    words = {word: meaning for name in (column.path, column.name) for word, meaning in told.get(name, {}).items()}
    head = f"[sources.{key(source)}.values.{key(table)}.{key(column.path)}]"
    return [head, *(line(word, meaning) for word, meaning in words.items()), *_open(found)]


def _open(found: Unknown) -> Iterator[str]:
    for word, rows in found.words:
        yield f"# {line(word, '?')}   # decide: {found.chosen}; {_rows(rows)}"
    if found.others:
        words = "word" if found.others == 1 else "words"
        yield f"# and {count(found.others)} rare or long {words} that are not named here, in {_rows(found.others_rows)}"


def _rows(number: int) -> str:
    return f"{count(number)} row{'' if number == 1 else 's'}"


def told(found: Sequence[Unknown]) -> str:
    """In words: which columns have unknown words, and in how many rows."""
    counted = [f"{clean(one.column)} in {_rows(sum(n for _, n in one.words) + one.others_rows)}" for one in found]
    return f"words that are not known: {', '.join(counted)}"
