"""What must hold of the published tables, the reason beside every rule."""

from typing import Any

from expectations import among, known, one_row, share
from expectations.missions import moods, personas
from expectations.ranking import findings
from pipeline.context import Run

_SAME = "Row by row what the stage before made, and checked there."
UNCHECKED = dict.fromkeys(
    ("moments", "acted_feelings", "moment_memory", "emotion_curve", "connected_moments", "map_warnings"), _SAME
)


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
        **findings(pairs),
        "emotions": [
            gxe.ExpectColumnValuesToBeBetween(
                column="valence", min_value=-1, max_value=1, notes="A share of the scale."
            )
        ],
        "personas": personas(run.settings.small_group),
        "mission_history": [
            gxe.ExpectColumnValuesToNotBeNull(column="mission", notes="A span of no mission says nothing.")
        ],
        "mission_flows": [
            gxe.ExpectColumnValuesToBeBetween(column="share", min_value=0, max_value=1, notes="A share of journeys."),
            gxe.ExpectColumnValuesToBeBetween(
                column="customers", min_value=run.settings.small_group, notes="What fewer do could be one person's."
            ),
        ],
        "mission_moods": moods(run.settings.small_group),
        **_kept(),
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


def _kept() -> dict[str, list[Any]]:
    """The suites of what is told of customers, missions and the night itself."""
    return {
        "missions": [one_row("The slug is what other tables know a mission by.", "mission")],
        "cards": [one_row("One card a customer.", "customer_id")],
        "next_moments": [
            one_row("A moment is suggested once a customer.", "customer_id", "moment"),
            share("expected_gain", "A rise of a probability."),
        ],
        "quarantine": [
            one_row("A row has one fate, and one reason.", "source", "table", "night", "file", "line"),
            known("reason", "Who repairs it must know what was wrong."),
        ],
        "runs": [one_row("A stage tells of a table once.", "night", "stage", "source", "table")],
        "check_history": [
            one_row("A check has one outcome a night.", "night", "table_name", "expectation", "column_name", "reason"),
            among("severity", ["critical", "warning", "info"], "The grades of a check."),
        ],
    }
