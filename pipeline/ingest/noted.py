"""What was odd about a delivery, as data: warnings, notes and what was left, as pull and ingest tell of a source."""

from pipeline.warehouse import Session

KINDS = ("warning: ", "note: ", "left: ")


def put(session: Session, source: str) -> None:
    """Makes the stage's notes: one row each, in the order in which they were told; ingest's hold pull's, too."""
    import pyarrow as pa

    pulled = session.arrow("pull.notes").to_pylist() if session.has("pull.notes") else []
    told = [row["told"] for row in sorted(pulled, key=lambda row: int(row["number"]))]
    found = list(dict.fromkeys([*told, *(text for text in session.messages if text.startswith(KINDS))]))
    columns = {
        "source": pa.array([source] * len(found), pa.string()),
        "number": pa.array(range(1, len(found) + 1), pa.int64()),
        "told": pa.array(found, pa.string()),
    }
    session.inner.add("notes")
    session.put(f"{session.schema}.notes", pa.table(columns), grain=("source", "number"))
