"""What must hold of the ranking, the reason beside every rule."""

from typing import Any

from expectations import between, one_row
from pipeline.context import Run

REASONS = ["few", "no_overlap", "unseen_cause", "unsure", "past_placebo", "shuffled_placebo"]
VERDICTS = ["drives", "harms", "no_detectable_effect", "cannot_tell"]
SHARES = {
    "p_value": "A probability.",
    "q_value": "A share of what is named at least as surely.",
    "overlap": "A share of the eligible journeys.",
    "outside_overlap": "The rest of them.",
    "unseen_bias": "How far a change of a probability may be off.",
}
AT_LEAST = {  # 0
    "balance_before": "A size of a difference.",
    "balance_after": "A size of a difference.",
    "effective_sample_size": "A number of journeys.",
    "sensitivity_times": "A ratio of sizes.",
    "unexposed": "A number of journeys.",
}


def suites(run: Run) -> dict[str, list[Any]]:
    """The stage's suites by table."""
    import great_expectations.expectations as gxe

    moments = [row.moment for row in run.journey_map.moments()]
    shares = [
        gxe.ExpectColumnValuesToBeBetween(column=column, min_value=0, max_value=1, notes=why)
        for column, why in SHARES.items()
    ]
    graphs = [
        gxe.ExpectColumnValuesToBeInSet(
            column=f"verdict{graph}",
            value_set=VERDICTS,
            notes="What may be said of a moment, on any graph of who is who.",
        )
        for graph in ("", "_strict", "_loose")
    ] + [
        gxe.ExpectColumnValuesToBeBetween(
            column=f"effect{graph}", min_value=-1, max_value=1, notes="A change of a probability."
        )
        for graph in ("", "_strict", "_loose")
    ]
    return {
        "moment_ranking": [
            gxe.ExpectColumnValuesToNotBeNull(
                column="depends_on_identity",
                notes="Every finding rests on who is who: it was seen whether it would stand.",
            ),
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
            gxe.ExpectColumnValuesToBeInSet(
                column="reason", value_set=REASONS, notes="Why nothing can be told: one of the reasons that docs name."
            ),
            gxe.ExpectColumnPairValuesAToBeGreaterThanB(
                column_A="value_ci_high", column_B="value_ci_low", or_equal=True, notes="An interval's ends in order."
            ),
            *(
                gxe.ExpectColumnValuesToBeBetween(column=column, min_value=0, notes=why)
                for column, why in AT_LEAST.items()
            ),
            *graphs,
            *shares,
        ],
        **_memory(),
        **findings(len(moments)),
        "influence_sums": [one_row("A moment's influences are added up once a mission.", "moment", "mission")],
        "journey_delights": [
            one_row("One row a journey.", "journey_id"),
            between("delights", 0, None, "A number of moments."),
        ],
        "ordinary_feelings": [
            one_row("A mission has one ordinary feeling.", "mission"),
            between("mean", -1, 1, "A feeling on the scale from bad to good."),
        ],
    }


def _memory() -> dict[str, list[Any]]:
    """The suites of what moments leave behind."""
    import great_expectations.expectations as gxe

    share = {"min_value": 0, "max_value": 1}
    return {
        "delights": [
            gxe.ExpectColumnValuesToBeBetween(
                column="expectation",
                min_value=-1,
                max_value=1,
                notes="What was expected lies on the scale of feelings.",
            )
        ],
        "moment_memory": [
            gxe.ExpectCompoundColumnsToBeUnique(
                column_list=["mission", "moment"], notes="A moment has one memory a mission."
            ),
            gxe.ExpectColumnPairValuesAToBeGreaterThanB(
                column_A="high", column_B="low", or_equal=True, notes="An interval's ends in their order."
            ),
            gxe.ExpectColumnValuesToBeBetween(column="memorability", **share, notes="0 is no trace, 1 unforgettable."),
            gxe.ExpectColumnValuesToBeBetween(column="spoken_share", **share, notes="A share of journeys."),
        ],
        "emotion_curve": [
            gxe.ExpectCompoundColumnsToBeUnique(
                column_list=["mission", "sub_step"], notes="A sub-step has one place on a curve."
            ),
            gxe.ExpectColumnValuesToBeBetween(
                column="mean_valence", min_value=-1, max_value=1, notes="A feeling on the scale from bad to good."
            ),
        ],
        "connected_moments": [
            gxe.ExpectCompoundColumnsToBeUnique(
                column_list=["mission", "moment", "next_moment"], notes="Two answers to one question are none."
            ),
            gxe.ExpectColumnPairValuesAToBeGreaterThanB(
                column_A="journeys", column_B="exposed", or_equal=True, notes="Who had the moment was eligible."
            ),
            gxe.ExpectColumnValuesToBeBetween(column="q_value", **share, notes="A share of what is named as surely."),
            gxe.ExpectColumnValuesToBeInSet(
                column="verdict",
                value_set=["raises", "lowers", "no_connection_seen"],
                notes="The three things that can be said of a pair that was tried.",
            ),
        ],
        "map_warnings": [
            gxe.ExpectColumnValuesToBeInSet(
                column="warning",
                value_set=["never_happens", "not_delightful", "expected", "nobody_buys"],
                notes="The ways in which data contradict a declaration.",
            )
        ],
    }


def findings(moments: int) -> dict[str, list[Any]]:
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
