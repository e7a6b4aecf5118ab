"""What must hold of missions, the reason beside every rule."""

from typing import Any

from expectations import among, between, in_order, known, one_row, share
from pipeline.context import Run


def suites(run: Run) -> dict[str, list[Any]]:
    """The stage's suites by table."""
    import great_expectations.expectations as gxe

    few = run.settings.small_group
    return {
        "evidence": [one_row("A number of missions is judged once.", "missions")],
        "flow_history": [
            known("mission", "A span of no mission says nothing."),
            in_order("until", "since", "A span cannot end before it begins."),
        ],
        "flow_steps": [
            one_row("What follows what is counted once.", "from_mission", "to_mission"),
            share("share", "A share of journeys."),
            between("customers", few, None, "What fewer do could be one person's."),
        ],
        "moods": moods(few),
        "personas": personas(few),
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


def personas(few: int) -> list[Any]:
    """What holds of who is on a mission."""
    return [
        one_row("One row a value of a facet.", "mission", "facet", "value"),
        share("share", "A share of journeys."),
        between("customers", few, None, "What fewer show could be one person's."),
    ]


def moods(few: int) -> list[Any]:
    """What holds of missions inside and outside the customer base."""
    places = ["customers", "visitors", "authors", "partners"]
    return [
        among("place", places, "Where people are seen: inside the customer base, and outside."),
        share("share", "A share of people."),
        between("size", few, None, "Nobody outside has a row of their own."),
    ]
