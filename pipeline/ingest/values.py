"""At the ingest door, a source's own words become those that all models read, as its settings tell what they mean."""

from pipeline.sources.conventions import Conventions
from pipeline.sources.forms import Form
from pipeline.sources.value_maps import words_of
from pipeline.warehouse import Session, quoted

_SPACE = "concat(' ', chr(9), chr(10), chr(13), chr(160))"


def translate(session: Session, form: Form, table: str, how: Conventions, after: int) -> None:
    """Rewrites the rows of door.<form> behind the row number `after`, of a file of this table."""
    for column, words in words_of(form, how.values.get(table, {}), table).items():
        if words:
            session.connection.execute(_rewriting(f"door.{form.name}", column, words, after)).fetchall()


def _rewriting(rows: str, column: str, words: dict[str, str], after: int) -> str:
    """SQL that puts meanings in the place of words; what is no such word stays as it is."""
    listed = ", ".join(f"({quoted(word)}, {quoted(meaning)})" for word, meaning in words.items())
    return f"""
        update {rows} set "{column}" = nullif(told.meaning, '')
        from (
            select {_folded("word")} as word, min(meaning) as meaning
            from (values {listed}) as given (word, meaning) group by all
        ) as told
        where {rows}.rowid > {after} and {_folded(f'{rows}."{column}"')} = told.word"""


def _folded(text: str) -> str:
    return f"lower(nfc_normalize(trim({text}, {_SPACE})))"
