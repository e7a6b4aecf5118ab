"""What must hold of the ranking, the reason beside every rule."""

from typing import Any

from pipeline.context import Run

SHARES = {
    "p_value": "A probability.",
    "q_value": "A share of what is named at least as surely.",
    "overlap": "A share of the eligible journeys.",
}


def suites(run: Run) -> dict[str, list[Any]]:
    """The stage's suites by table."""
    import great_expectations.expectations as gxe

    moments = [row.moment for row in run.journey_map.moments()]
    shares = [
        gxe.ExpectColumnValuesToBeBetween(column=column, min_value=0, max_value=1, notes=why)
        for column, why in SHARES.items()
    ]
    return {
        "moment_ranking": [
            gxe.ExpectCompoundColumnsToBeUnique(
                column_list=["mission", "moment"], notes="Two answers to one question are none."
            ),
            gxe.ExpectColumnValuesToBeInSet(
                column="moment", value_set=moments, notes="Only the journey map's moments are ranked."
            ),
            gxe.ExpectColumnPairValuesAToBeGreaterThanB(
                column_A="eligible",
                column_B="exposed",
                or_equal=True,
                notes="A moment implies that its sub-step was reached: who had it was eligible.",
            ),
            gxe.ExpectColumnPairValuesAToBeGreaterThanB(
                column_A="ci_high", column_B="ci_low", or_equal=True, notes="An interval's ends in their order."
            ),
            gxe.ExpectColumnValuesToBeBetween(
                column="sensitivity", min_value=1, notes="A risk ratio turned away from 1: at least 1 (an E-value)."
            ),
            *shares,
        ]
    }
