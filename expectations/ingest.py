"""What a delivered row must satisfy beyond being readable. A row that fails is quarantined under its rule's name.

Each expectation of a row carries its rule's name in `meta` and looks at the night's new rows only. latest_at is the
latest time that a row of its delivery may carry. What a delivery is as a whole is held against its own last nights: the
numbers of these limits, and why they are what they are, stand in pipeline/estimators/usual.py.
"""

from datetime import datetime
from typing import Any

from pipeline.context import Run
from pipeline.measures import GRAIN

_STATUSES = ["completed", "cancelled", "refunded"]
_FUTURE = "A delivery holds what happened before its night; a day is left for clocks and time zones that are off."
_UNSET = "A clock that was never set counts from 1970, and a time that is zero reads as 1970: nobody knows when it was."
_NEGATIVE = "What a customer pays is not below zero; money given back is a refunded order."
_NOTHING = (
    "A night without any row of a table that has never been without is a broken export, and figures made of it would be"
    " believed. Have it delivered again, or set the source's `missing` to warn."
)
# Of each measure, why a night outside its usual range is worth a look. A range is a median and 3.5 robust deviations of
# the last four weeks, or of eight weeks' nights of that weekday, and never narrower than what follows.
UNUSUAL = {
    "rows": "Less than half or more than twice the usual rows is rarely what customers did; it is an export cut short,"
    " sent twice or widened.",
    "newest": "A newest row half a day older than usual: the export stopped early, or is yesterday's again.",
    "set_aside": "A tenth more of the rows than usual could not be used: something changed at the source.",
    "shift": "A tenth of the rows changed their category, beyond what chance does: the source may call things anew,"
    " and the journey map's conditions would miss them.",
    "appeared": "A category of a twentieth of the rows was never seen: no condition of the journey map names it.",
    "gone": "A category of a twentieth of the rows is usual and did not come: a condition may name it in vain.",
}


def suites(run: Run) -> dict[str, list[Any]]:
    """The row expectations of each table that arrives, and what must hold of the tables that tell of them."""
    del run
    import great_expectations.expectations as gxe

    return {
        "customers": [_not_future("created_at"), _not_future("updated_at")],
        "links": [_not_future("updated_at")],
        "orders": [
            _not_future("ordered_at"),
            _set_clock("ordered_at"),
            _not_future("updated_at"),
            _not_negative("amount"),
            _currency("currency"),
            _status("status"),
        ],
        "interactions": [_not_future("occurred_at"), _set_clock("occurred_at"), _not_future("updated_at")],
        "events": [_not_future("occurred_at"), _set_clock("occurred_at"), _not_future("received_at")],
        "posts": [_not_future("created_at"), _set_clock("created_at"), _not_future("updated_at")],
        "activities": [
            _not_future("occurred_at"),
            _set_clock("occurred_at"),
            _not_future("updated_at"),
            _not_negative("amount"),
            _currency("currency"),
        ],
        "factors": [_not_future("updated_at")],
        "files": _files(),
        "quarantine": _refused(),
        "not_ours": _refused(),
        "notes": [
            gxe.ExpectColumnValuesToMatchRegex(
                column="told",
                regex="^(?:warning|note|left): .",
                notes="Who reads it must know whether something is wrong.",
            )
        ],
        "measures": [
            gxe.ExpectCompoundColumnsToBeUnique(
                column_list=list(GRAIN), notes="A night that counted twice would widen or shift what is usual."
            ),
            gxe.ExpectColumnValuesToNotBeNull(column="value", notes="A figure that is not known is no figure."),
        ],
        "usual": [
            *(unusual(measure, why) for measure, why in UNUSUAL.items()),
            gxe.ExpectColumnValuesToBeBetween(column="lacks", max_value=0, notes=_NOTHING, meta={"measure": "rows"}),
        ],
    }


def unusual(measure: str, why: str) -> Any:
    """That a measure of a table lies within what is usual of it."""
    import great_expectations.expectations as gxe

    return gxe.ExpectColumnValuesToBeBetween(
        column="excess", max_value=0, severity="warning", notes=why, meta={"measure": measure}
    )


def _files() -> list[Any]:
    import great_expectations.expectations as gxe

    counts = ("arrived", "accepted", "superseded", "quarantined", "not_ours", "erased")
    return [
        gxe.ExpectCompoundColumnsToBeUnique(
            column_list=["source", "table_name", "night", "file"], notes="A file is accounted for once."
        ),
        *(
            gxe.ExpectColumnValuesToBeBetween(column=name, min_value=0, notes="A number of rows; none is 0.")
            for name in counts
        ),
    ]


def _refused() -> list[Any]:
    import great_expectations.expectations as gxe

    return [
        gxe.ExpectCompoundColumnsToBeUnique(
            column_list=["source", "table_name", "night", "file", "line"], notes="A row has one fate, and one reason."
        ),
        gxe.ExpectColumnValuesToMatchRegex(
            column="reason", regex="^[a-z_]+: .", notes="Who repairs it must know the rule and what broke it."
        ),
    ]


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


def _set_clock(column: str) -> Any:
    import great_expectations.expectations as gxe

    return gxe.ExpectColumnValuesToBeBetween(
        column=column,
        min_value=datetime(1971, 1, 1),
        severity="critical",
        notes=_UNSET,
        meta={"rule": "unset_clock"},
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
