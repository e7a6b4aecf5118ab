"""What the report says of worth: how often a moment happens and could, and what that would bring, in a sentence."""

from typing import Any

from pipeline import words

Row = dict[str, Any]


def told(row: Row, horizon_days: int, currency: str) -> str:
    """A headline's worth: a row of report.headline as one or two sentences of plain text."""
    if row["exposed_share"] is None or row["worth_customers"] is None:
        return "How much more often it could happen cannot be told yet."
    now = f"In the last {horizon_days} days it happened on {words.percent(row['exposed_share'])} of such journeys"
    drives = row["verdict"] == "drives"
    if drives and row["worth_customers"] < 0.5:
        return f"{now}, about as often as in the best tenth of places and weeks: see that it stays so."
    scope = ", over all missions that it matters to" if row["also_missions"] else ""
    if drives:
        seen = f"{now}, and on {words.percent(row['feasible_share'])} in the best tenth of places and weeks"
        gain = f"{seen}. Everywhere as often as there, {_gain(row, currency)} in {horizon_days} days{scope}."
    else:
        gain = f"{now}. If it stopped, {_gain(row, currency)} in {horizon_days} days{scope}."
    return gain


def _gain(row: Row, currency: str) -> str:
    customers = f"about {_about(row, 'worth_customers')} more customers would come back"
    if row["worth_value"] is None:
        return customers
    return f"{customers}, worth about {_about(row, 'worth_value')} {currency} more in orders"


def _about(row: Row, name: str) -> str:
    """A figure and its range: 12 (7 to 17)."""
    middle, low, high = (_rounded(row[f"{name}{end}"]) for end in ("", "_low", "_high"))
    return f"{middle} ({low} to {high})"


def _rounded(number: float) -> str:
    return words.rounded(number).replace("-", "−")


def cell(row: Row) -> str:
    """A table's cell: what a feasible change is worth in customers, with its range; a dash where no effect is named."""
    names = ("retained_customers", "retained_customers_low", "retained_customers_high")
    if row["verdict"] not in ("drives", "harms") or any(row[name] is None for name in names):
        return "–"
    middle, low, high = (_rounded(row[name]) for name in names)
    return f"{middle} ({low} to {high})"
