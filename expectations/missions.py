"""What must hold of missions, the reason beside every rule."""

from typing import Any

from pipeline.context import Run


def suites(run: Run) -> dict[str, list[Any]]:
    """The stage's suites by table."""
    del run  # the rules are the same for every company
    import great_expectations.expectations as gxe

    return {
        "assignments": [
            gxe.ExpectColumnValuesToBeUnique(column="journey_id", notes="A journey is on one mission at most."),
            gxe.ExpectColumnValuesToBeBetween(
                column="mission_probability", min_value=0, max_value=1, notes="It is a probability."
            ),
        ],
        "missions": [
            gxe.ExpectColumnValuesToBeUnique(column="mission", notes="The slug is what other tables know it by."),
            gxe.ExpectColumnValuesToNotBeNull(column="label", notes="A mission without a name cannot be reported."),
            gxe.ExpectColumnValuesToBeInSet(
                column="status",
                value_set=["born", "kept", "merged", "split", "retired"],
                notes="The ways in which a mission can have come from the night before.",
            ),
            gxe.ExpectColumnValuesToBeBetween(
                column="share", min_value=0, max_value=1, notes="A share of the journeys that are on a mission."
            ),
            gxe.ExpectColumnValuesToBeBetween(
                column="stability",
                min_value=0.5,
                max_value=1,
                severity="warning",
                notes="Below half, a mission is rather missed than found again: its figures may not last.",
            ),
        ],
    }
