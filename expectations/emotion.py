"""What must hold of feelings, the reason beside every rule."""

from typing import Any

from pipeline.context import Run


def suites(run: Run) -> dict[str, list[Any]]:
    """The stage's suites by table."""
    del run  # the rules are the same for every company
    import great_expectations.expectations as gxe

    return {
        "emotions": [
            gxe.ExpectCompoundColumnsToBeUnique(
                column_list=["source", "record_id"], notes="A text felt twice would make its touch two touches."
            ),
            gxe.ExpectColumnValuesToBeInSet(
                column="label",
                value_set=["positive", "neutral", "negative"],
                notes="The mart's labels; a text in a language that is not understood has none.",
            ),
            gxe.ExpectColumnValuesToBeBetween(
                column="valence", min_value=-1, max_value=1, notes="Valence is a share of the scale from bad to good."
            ),
            gxe.ExpectColumnValuesToBeBetween(
                column="arousal", min_value=0, max_value=1, notes="Arousal is a share of the most feeling shown."
            ),
            gxe.ExpectColumnValuesToNotBeNull(
                column="label",
                mostly=0.5,
                severity="warning",
                notes="Where most texts are not understood, rated texts in the company's language are missing.",
            ),
        ],
    }
