"""Value maps: what a source's own words mean, as the settings tell it by table and column (voltooid: completed).

Columns that hold JSON have no words. Letters' case and the space around a word tell nothing; a word that means '' is
empty.
"""

import unicodedata
from collections.abc import Iterator, Mapping

from pipeline.sources.forms import JSON_COLUMNS, Form, form_of, forms_of

Words = Mapping[str, str]


def words_of(form: Form, told: Mapping[str, Words]) -> dict[str, dict[str, str]]:
    """By column of schema ingest, its words and their meanings.

    Raises ValueError that names what the table has not, or what is told in two ways.
    """
    names = _names(form)
    found: dict[str, dict[str, str]] = {}
    for column, words in told.items():
        if column not in names:
            known = ", ".join(sorted(names))
            raise ValueError(f"{form.source} has no column {column!r} of words in {form.name}; they are {known}")
        found.setdefault(names[column], {}).update(_plain(column, words))
    return found


def check_values(source: str, told: Mapping[str, Mapping[str, Words]]) -> None:
    """Raises ValueError where a source's value maps are of a table or column that it has not."""
    for table, columns in told.items():
        form = form_of(source, table)
        if form is None:
            known = ", ".join(form.table for form in forms_of(source))
            raise ValueError(f"{source} has no table {table!r} whose values could be mapped; its tables are {known}")
        words_of(form, columns)


def _names(form: Form) -> dict[str, str]:
    """What a column may be called: its path in a delivery, or its name in schema ingest."""
    columns = [column for column in form.columns if column.name not in JSON_COLUMNS]
    return {column.path: column.name for column in columns} | {column.name: column.name for column in columns}


def _plain(column: str, words: Words) -> dict[str, str]:
    plain: dict[str, str] = {}
    for word, meaning in _folded(words):
        if not word:
            raise ValueError(f"a value of {column!r} that is mapped is empty")
        if plain.setdefault(word, meaning) != meaning:
            raise ValueError(f"{word!r} of {column!r} means both {plain[word]!r} and {meaning!r}")
    return plain


def _folded(words: Words) -> Iterator[tuple[str, str]]:
    for word, meaning in words.items():
        yield unicodedata.normalize("NFC", word.strip()).lower(), meaning.strip()
