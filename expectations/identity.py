"""What must hold of identities, the reason beside every rule."""

from typing import Any

from pipeline.context import Run


def suites(run: Run) -> dict[str, list[Any]]:  # noqa: ARG001
    """The stage's suites by table."""
    import great_expectations.expectations as gxe

    return {
        "identifiers": [
            gxe.ExpectColumnValuesToNotBeNull(
                column="customer_id", notes="An identifier that is nobody's belongs to a stranger: it has no row."
            ),
            gxe.ExpectColumnValuesToNotBeNull(
                column="identifier_value", notes="An empty identifier would tie everybody who lacks one."
            ),
            gxe.ExpectCompoundColumnsToBeUnique(
                column_list=["identifier_kind", "identifier_value", "customer_id", "valid_from"],
                notes="A second row for one span would count every touch of that identifier twice.",
            ),
            gxe.ExpectColumnValuesToBeBetween(
                column="match_probability", min_value=0, max_value=1, notes="It is a probability."
            ),
        ],
        "customers": [
            gxe.ExpectColumnValuesToBeUnique(column="customer_id", notes="One row a customer."),
            gxe.ExpectColumnValuesToBeBetween(
                column="records",
                max_value=200,
                severity="warning",
                notes="Nobody is in the books this often: values that people share tied them together.",
            ),
        ],
        "refused": [
            gxe.ExpectCompoundColumnsToBeUnique(
                column_list=["identifier_kind", "identifier_value"], notes="Later stages leave out by this list."
            ),
        ],
    }
