"""What must hold of journeys, the reason beside every rule."""

from typing import Any

from expectations import among, known, one_row, share
from pipeline.context import Run
from pipeline.identity.graphs import GRAPHS


def suites(run: Run) -> dict[str, list[Any]]:
    """The stage's suites by table."""
    import great_expectations.expectations as gxe

    names = [row.moment for row in run.journey_map.moments()]
    return {
        "touchpoints": [
            gxe.ExpectColumnValuesToBeUnique(
                column="touch_id", notes="A touch counted twice would count its moment and its feeling twice."
            ),
            gxe.ExpectColumnValuesToNotBeNull(
                column="occurred_at", notes="A touch without a time cannot be before or after anything."
            ),
            gxe.ExpectColumnValuesToBeBetween(
                column="valence", min_value=-1, max_value=1, notes="Valence is a share of the scale from bad to good."
            ),
            gxe.ExpectColumnValuesToBeInSet(
                column="source", value_set=["crm", "web", "social", "partner"], notes="The sources that touches have."
            ),
        ],
        "journeys": [
            gxe.ExpectColumnValuesToBeUnique(column="journey_id", notes="One row a journey."),
            gxe.ExpectColumnValuesToNotBeNull(column="customer_id", notes="A journey is somebody's."),
            gxe.ExpectColumnPairValuesAToBeGreaterThanB(
                column_A="ended_at",
                column_B="started_at",
                or_equal=True,
                notes="A journey cannot end before it starts.",
            ),
            gxe.ExpectColumnValuesToBeBetween(
                column="value", min_value=0, notes="Orders of a negative amount were quarantined when they arrived."
            ),
        ],
        "concurrents": [
            gxe.ExpectColumnValuesToBeUnique(column="journey_id", notes="One row a journey."),
            gxe.ExpectColumnValuesToBeBetween(
                column="concurrent", min_value=0, notes="A number of other journeys; none is 0."
            ),
        ],
        "peaks": [
            gxe.ExpectColumnValuesToBeUnique(column="journey_id", notes="One row a journey."),
            *[
                gxe.ExpectColumnValuesToBeBetween(
                    column=name, min_value=-1, max_value=1, notes="A feeling on the scale from bad to good."
                )
                for name in ("peak_valence", "end_valence", "feeling")
            ],
        ],
        "acted_feelings": [
            gxe.ExpectCompoundColumnsToBeUnique(
                column_list=["touch_id", "kind"], notes="A touch acts a kind of feeling once, however strongly."
            ),
            gxe.ExpectColumnValuesToBeInSet(
                column="kind",
                value_set=["rage_click", "repeated_contact", "abandoned_step", "waiting"],
                notes="The ways in which a feeling is acted.",
            ),
            gxe.ExpectColumnValuesToBeBetween(column="strength", min_value=0, max_value=1, notes="A share."),
        ],
        "felt_touches": [
            gxe.ExpectColumnValuesToBeUnique(column="touch_id", notes="Said and acted, a touch is felt once."),
            gxe.ExpectColumnValuesToBeBetween(
                column="feeling", min_value=-1, max_value=1, notes="A share of the scale from bad to good."
            ),
        ],
        "regrouped_touchpoints": [
            gxe.ExpectCompoundColumnsToBeUnique(
                column_list=["graph", "touch_id"], notes="A touch counts once on each graph of who is who."
            ),
        ],
        "regrouped_journeys": [
            gxe.ExpectCompoundColumnsToBeUnique(
                column_list=["graph", "journey_id"], notes="One row a journey, on each graph of who is who."
            ),
            gxe.ExpectColumnValuesToBeInSet(
                column="graph", value_set=list(GRAPHS), notes="The graphs beside the main one."
            ),
            gxe.ExpectColumnValuesToNotBeNull(column="customer_id", notes="A journey is somebody's on every graph."),
        ],
        "sub_steps": [
            one_row("A journey reaches a sub-step once; the first time counts.", "journey_id", "sub_step"),
            known("reached_at", "What was reached was reached at a time."),
        ],
        "acted_places": [
            one_row("A feeling is acted once at a place.", "journey_id", "kind", "name"),
            share("strength", "A share of the strongest."),
        ],
        "map_moments": [one_row("The journey map names a moment once.", "moment")],
        "map_sub_steps": [one_row("The journey map names a sub-step once.", "sub_step")],
        "regrouped_identifiers": [
            among("graph", list(GRAPHS), "The graphs beside the main one."),
            known("customer_id", "An identifier is somebody's on every graph."),
        ],
        "regrouped_moments": [
            one_row("A journey has each moment at most once, on every graph.", "graph", "journey_id", "moment"),
            among("moment", names, "Only the journey map's moments are ranked."),
        ],
        "regrouped_sub_steps": [
            one_row("A journey reaches a sub-step once, on every graph.", "graph", "journey_id", "sub_step")
        ],
        "moments": [
            gxe.ExpectCompoundColumnsToBeUnique(
                column_list=["journey_id", "moment"], notes="A journey has each moment at most once."
            ),
            gxe.ExpectColumnValuesToBeInSet(
                column="moment", value_set=names, notes="Only the journey map's moments are ranked."
            ),
        ],
    }
