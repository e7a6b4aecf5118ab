"""Expectations that most suites have, each with its reason: thin words for those of great_expectations.

A stage's module has `suites(run)`, the suites by table, and where a table that the stage keeps has none, UNCHECKED: the
table and why.
"""

from typing import Any


def one_row(why: str, *columns: str) -> Any:
    """One row for each combination of the columns."""
    import great_expectations.expectations as gxe

    if len(columns) == 1:
        return gxe.ExpectColumnValuesToBeUnique(column=columns[0], notes=why)
    return gxe.ExpectCompoundColumnsToBeUnique(column_list=list(columns), notes=why)


def known(column: str, why: str) -> Any:
    """No row lacks it."""
    import great_expectations.expectations as gxe

    return gxe.ExpectColumnValuesToNotBeNull(column=column, notes=why)


def between(column: str, low: float | None, high: float | None, why: str) -> Any:
    """Within both ends, ends included; None: without an end."""
    import great_expectations.expectations as gxe

    return gxe.ExpectColumnValuesToBeBetween(column=column, min_value=low, max_value=high, notes=why)


def share(column: str, why: str) -> Any:
    """A share or a probability: 0 to 1."""
    return between(column, 0, 1, why)


def among(column: str, values: list[str], why: str) -> Any:
    """One of the values."""
    import great_expectations.expectations as gxe

    return gxe.ExpectColumnValuesToBeInSet(column=column, value_set=values, notes=why)


def in_order(high: str, low: str, why: str) -> Any:
    """The one column not below the other, where a row has both."""
    import great_expectations.expectations as gxe

    return gxe.ExpectColumnPairValuesAToBeGreaterThanB(
        column_A=high, column_B=low, or_equal=True, ignore_row_if="either_value_is_missing", notes=why
    )
