"""A moment's effect as a row of a chart: reports/charts/*.vl.json say what is drawn of it."""

from typing import Any

from pipeline.figures import Figures

Row = dict[str, Any]


def bar(row: Row, key: str, label: str, figures: Figures | None = None) -> Row:
    """A chart's row: the effect with its interval and the plain difference, in customers of 100."""
    figures = figures or Figures()
    decimals = figures.digits(row["ci_low"], row["ci_high"])
    return {
        "moment": key,
        "label": label,
        "verdict": row["verdict"],
        "points": row["effect"] * 100,
        "low": row["ci_low"] * 100,
        "high": row["ci_high"] * 100,
        "naive": row["naive_difference"] * 100 if row["naive_difference"] is not None else None,
        "is_misleading": row["is_misleading"],
        "told": f"{figures.signed(row['effect'], decimals)} ({figures.span(row['ci_low'], row['ci_high'])})",
    }
