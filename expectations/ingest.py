"""What a delivered row must satisfy beyond being readable. A row that fails is quarantined under its rule's name.

Each expectation carries its rule's name in `meta` and looks at the night's new rows only. latest_at is the latest
time that a row of its delivery may carry.
"""

from typing import Any

from pipeline.context import Run

_STATUSES = ["completed", "cancelled", "refunded"]
_FUTURE = "A delivery holds what happened before its night; a day is left for clocks and time zones that are off."
_NEGATIVE = "What a customer pays is not below zero; money given back is a refunded order."


def suites(run: Run) -> dict[str, list[Any]]:
    """The row expectations of each table that arrives."""
    del run
    return {
        "customers": [_not_future("created_at"), _not_future("updated_at")],
        "links": [_not_future("updated_at")],
        "orders": [
            _not_future("ordered_at"),
            _not_future("updated_at"),
            _not_negative("amount"),
            _currency("currency"),
            _status("status"),
        ],
        "interactions": [_not_future("occurred_at"), _not_future("updated_at")],
        "events": [_not_future("occurred_at"), _not_future("received_at")],
        "posts": [_not_future("created_at"), _not_future("updated_at")],
        "activities": [
            _not_future("occurred_at"),
            _not_future("updated_at"),
            _not_negative("amount"),
            _currency("currency"),
        ],
        "factors": [_not_future("updated_at")],
    }


def _not_future(column: str) -> Any:
    import great_expectations.expectations as gxe

    return gxe.ExpectColumnPairValuesAToBeGreaterThanB(
        column_A="latest_at",
        column_B=column,
        or_equal=True,
        ignore_row_if="either_value_is_missing",
        severity="critical",
        notes=_FUTURE,
        meta={"rule": "future_time"},
    )


def _not_negative(column: str) -> Any:
    import great_expectations.expectations as gxe

    return gxe.ExpectColumnValuesToBeBetween(
        column=column, min_value=0, severity="critical", notes=_NEGATIVE, meta={"rule": "negative_amount"}
    )


def _currency(column: str) -> Any:
    import great_expectations.expectations as gxe
    import pycountry

    return gxe.ExpectColumnValuesToBeInSet(
        column=column,
        value_set=sorted(currency.alpha_3 for currency in pycountry.currencies),
        severity="critical",
        notes="ISO 4217 is what amounts can be converted by; anything else has no known worth.",
        meta={"rule": "unknown_currency"},
    )


def _status(column: str) -> Any:
    import great_expectations.expectations as gxe

    return gxe.ExpectColumnValuesToBeInSet(
        column=column,
        value_set=_STATUSES,
        severity="critical",
        notes="Only completed orders anchor a journey or retain; a status nobody knows could be either.",
        meta={"rule": "unknown_status"},
    )
