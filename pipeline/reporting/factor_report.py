"""What the report says of external factors: what they were of late, what is usual, and who came back when."""

from typing import Any

from pipeline import words

Row = dict[str, Any]


def values(tables: dict[str, list[Row]]) -> Row:
    """factors: one a row, those that are unusual first."""
    adjusted = {name for row in tables["trials"] for name in row["adjusted_for"]}
    rows = [row | told(row) | {"is_adjusted": f"factor:{row['factor']}" in adjusted} for row in tables["factors"]]
    return {"factors": sorted(rows, key=lambda row: (not row["is_unusual"], row["factor"]))}


def told(row: Row) -> Row:
    """The factor's figures as text: lately, usual, and the plain difference where both sides can be told."""
    usual = None if row["usual_low"] is None else f"{number(row['usual_low'])} to {number(row['usual_high'])}"
    return {"lately": number(row["recent_value"]), "usual": usual or "–", "plainly": _plainly(row)}


def _plainly(row: Row) -> str:
    if row["difference"] is None:
        return "–"
    span = words.span(row["difference_low"], row["difference_high"])
    return f"{words.signed(row['difference'], words.digits(row['difference_low'], row['difference_high']))} ({span})"


def number(value: float | None) -> str:
    """A factor's own figure, to three significant digits."""
    return "–" if value is None else f"{value:.3g}".replace("-", "−")
