"""Value maps: what a source's own words mean, as the settings tell it by table and column (voltooid: completed).

Columns that hold JSON have no words. Letters' case and the space around a word tell nothing; a word that means '' is
empty.
"""

import unicodedata
from collections.abc import Mapping

from pipeline.sources.forms import JSON_COLUMNS, Form
from pipeline.sources.map_errors import MapError, choice, form_at, line

Words = Mapping[str, str]


def words_of(form: Form, told: Mapping[str, Words], table: str) -> dict[str, dict[str, str]]:
    """By column of schema ingest, its words and their meanings; raises MapError where there can be no such map."""
    names = _names(form)
    found: dict[str, dict[str, str]] = {}
    for column, words in told.items():
        at = ("sources", form.source, "values", table, column)
        if column not in names:
            fix = f"The table is the folder, the column one of ours. {choice(column, names, 'Those of words')}"
            given = f"words: {', '.join(words)}"
            raise MapError(f"{form.source}/{table} has no column {column!r} of words", at, given, fix)
        found.setdefault(names[column], {}).update(_plain(at, words))
    return found


def check_values(source: str, told: Mapping[str, Mapping[str, Words]]) -> None:
    """Raises MapError where a source's value maps are of a table or column that it has not."""
    for table, columns in told.items():
        words_of(form_at(source, "values", table, columns), columns, table)


def folded(word: str) -> str:
    """A word without what tells nothing."""
    return unicodedata.normalize("NFC", word.strip()).lower()


def _names(form: Form) -> dict[str, str]:
    """What a column may be called: its path in a delivery, or its name in schema ingest."""
    columns = [column for column in form.columns if column.name not in JSON_COLUMNS]
    return {column.path: column.name for column in columns} | {column.name: column.name for column in columns}


def _plain(at: tuple[str, ...], words: Words) -> dict[str, str]:
    plain: dict[str, str] = {}
    of = f"{at[-1]!r} of {at[1]}/{at[-2]}"
    for given, meaning in words.items():
        word = folded(given)
        if not word:
            fix = "Leave the line out: what is empty stays empty"
            raise MapError(f"a word of {of} is empty", at, line(given, meaning), fix)
        if plain.setdefault(word, meaning.strip()) != meaning.strip():
            fix = "Keep one of the two: upper and lower case and the space around a word tell nothing"
            means = f"{word!r} of {of} means both {plain[word]!r} and {meaning.strip()!r}"
            raise MapError(means, at, line(given, meaning), fix)
    return plain
