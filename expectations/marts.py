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
            *_worth(),
        ],
        **_findings(pairs),
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


def _worth() -> list[Any]:
    """What must hold of what a change is worth."""
    import great_expectations.expectations as gxe

    return [
        gxe.ExpectColumnValuesToBeBetween(
            column="exposed_share", min_value=0, max_value=1, notes="A share of journeys."
        ),
        gxe.ExpectColumnValuesToBeBetween(
            column="feasible_share", min_value=0, max_value=1, notes="Never beyond what was seen."
        ),
        *(
            gxe.ExpectColumnPairValuesAToBeGreaterThanB(
                column_A=f"{name}_high",
                column_B=f"{name}_low",
                or_equal=True,
                notes="An interval's ends in their order.",
            )
            for name in ("retained_customers", "retained_value")
        ),
    ]


def _findings(moments: int) -> dict[str, list[Any]]:
    """The suites of where, for whom and since when a moment matters, and of how it was judged."""
    import great_expectations.expectations as gxe

    said = ["higher", "lower", "no_difference_seen"]
    tested = [
        gxe.ExpectColumnValuesToBeInSet(column="verdict", value_set=said, notes="What can be said of a difference."),
        gxe.ExpectColumnValuesToBeBetween(
            column="q_value", min_value=0, max_value=1, notes="A share of what is named at least as surely."
        ),
    ]
    return {
        "trials": [
            gxe.ExpectTableRowCountToBeBetween(
                min_value=moments, max_value=moments, notes="Every moment of the map is judged in one way."
            ),
            gxe.ExpectColumnValuesToNotBeNull(column="data_version", notes="A figure of no data cannot be made again."),
        ],
        "moment_kinds": [
            gxe.ExpectCompoundColumnsToBeUnique(
                column_list=["mission", "kind", "value"], notes="A kind has one mean a mission."
            )
        ],
        "moment_groups": [
            gxe.ExpectCompoundColumnsToBeUnique(
                column_list=["moment", "grouping", "value"], notes="Two answers to one question are none."
            ),
            *tested,
        ],
        "moment_pairs": [
            gxe.ExpectCompoundColumnsToBeUnique(
                column_list=["moment", "next_moment"], notes="Two answers to one question are none."
            ),
            *tested,
        ],
        "ranking_changes": [
            gxe.ExpectColumnValuesToBeBetween(
                column="change_q_value",
                min_value=0,
                max_value=1,
                notes="A share of what is flagged at least as surely.",
            )
        ],
    }
