"""What must hold of the published tables, the reason beside every rule."""

from typing import Any

from pipeline.context import Run


def suites(run: Run) -> dict[str, list[Any]]:
    """The stage's suites by table."""
    import great_expectations.expectations as gxe

    pairs = len(run.journey_map.moments())
    return {
        "customers": [gxe.ExpectColumnValuesToBeUnique(column="customer_id", notes="One row a customer.")],
        "identities": [
            gxe.ExpectColumnValuesToBeBetween(
                column="match_probability", min_value=0, max_value=1, notes="A probability."
            ),
            gxe.ExpectColumnValuesToNotBeNull(
                column="customer_id", notes="An identifier of nobody is not an identity."
            ),
        ],
        "journeys": [
            gxe.ExpectColumnValuesToBeUnique(column="journey_id", notes="One row a journey, missions joined or not.")
        ],
        "touchpoints": [
            gxe.ExpectColumnValuesToBeUnique(column="touch_id", notes="One row a touch, feelings joined or not.")
        ],
        "moment_ranking": [
            gxe.ExpectTableRowCountToBeBetween(
                min_value=pairs, notes="Every moment of the map has a row for 'ALL', told or not."
            ),
            gxe.ExpectColumnValuesToBeInSet(
                column="verdict",
                value_set=["drives", "harms", "no_detectable_effect", "cannot_tell"],
                notes="The four things that can be said of a moment.",
            ),
            gxe.ExpectColumnValuesToBeBetween(
                column="effect", min_value=-1, max_value=1, notes="A difference of two probabilities."
            ),
        ],
        "emotions": [
            gxe.ExpectColumnValuesToBeBetween(
                column="valence", min_value=-1, max_value=1, notes="A share of the scale."
            )
        ],
        "personas": [
            gxe.ExpectCompoundColumnsToBeUnique(
                column_list=["mission", "facet", "value"], notes="One row a value of a facet."
            ),
            gxe.ExpectColumnValuesToBeBetween(column="share", min_value=0, max_value=1, notes="A share of journeys."),
            gxe.ExpectColumnValuesToBeBetween(
                column="customers", min_value=run.settings.small_group, notes="What fewer show could be one person's."
            ),
        ],
        "mission_history": [
            gxe.ExpectColumnValuesToNotBeNull(column="mission", notes="A span of no mission says nothing.")
        ],
        "mission_flows": [
            gxe.ExpectColumnValuesToBeBetween(column="share", min_value=0, max_value=1, notes="A share of journeys."),
            gxe.ExpectColumnValuesToBeBetween(
                column="customers", min_value=run.settings.small_group, notes="What fewer do could be one person's."
            ),
        ],
        "mission_moods": [
            gxe.ExpectColumnValuesToBeInSet(
                column="place",
                value_set=["customers", "visitors", "authors", "partners"],
                notes="Where people are seen: inside the customer base, and outside.",
            ),
            gxe.ExpectColumnValuesToBeBetween(column="share", min_value=0, max_value=1, notes="A share of people."),
            gxe.ExpectColumnValuesToBeBetween(
                column="size", min_value=run.settings.small_group, notes="Nobody outside has a row of their own."
            ),
        ],
    }
