"""What must hold of what staff are told, the reason beside every rule."""

from typing import Any

from expectations import among, known, one_row, share
from pipeline.context import Run


def suites(run: Run) -> dict[str, list[Any]]:
    """The stage's suites by table."""
    import great_expectations.expectations as gxe

    moments = [row.moment for row in run.journey_map.moments()]
    return {
        "next_moments": [
            gxe.ExpectCompoundColumnsToBeUnique(
                column_list=["customer_id", "moment"], notes="A moment is suggested once a customer."
            ),
            gxe.ExpectColumnValuesToBeInSet(
                column="moment", value_set=moments, notes="Only the journey map's moments are suggested."
            ),
            gxe.ExpectColumnValuesToBeBetween(
                column="effect", min_value=0, max_value=1, notes="What drives customers away is no suggestion."
            ),
            gxe.ExpectColumnValuesToBeBetween(
                column="expected_gain", min_value=0, max_value=1, notes="A rise of a probability."
            ),
            gxe.ExpectColumnValuesToBeBetween(column="reach_share", min_value=0, max_value=1, notes="A probability."),
            gxe.ExpectColumnValuesToBeBetween(column="usual_share", min_value=0, max_value=1, notes="A probability."),
            gxe.ExpectColumnValuesToBeBetween(
                column="nth",
                min_value=1,
                max_value=run.settings.front_line.most_at_once,
                notes="The cap on what is suggested at once.",
            ),
        ],
        "consents": [
            one_row("One row a customer.", "customer_id"),
            known("consent_marketing", "Who did not say yes said no."),
        ],
        "open_requests": [one_row("A request is open once.", "journey_id", "touch_id", "moment")],
        "preventable": [
            one_row("One harm ahead a customer.", "customer_id"),
            among("moment", moments, "Only the journey map's moments are told."),
            share("expected_loss", "A fall of a probability."),
        ],
        "cards": [gxe.ExpectColumnValuesToBeUnique(column="customer_id", notes="One card a customer.")],
        "suggested": [
            gxe.ExpectCompoundColumnsToBeUnique(
                column_list=["journey_id", "moment"], notes="A suggestion counts once against the cap."
            )
        ],
    }
