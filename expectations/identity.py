"""What must hold of identities, the reason beside every rule."""

from typing import Any

from expectations import among, in_order, known, one_row, share
from expectations.ingest import unusual
from pipeline.context import Run
from pipeline.identity.graphs import GRAPHS
from pipeline.measures import GRAIN

# Of each measure, why a night outside its usual range is worth a look; pipeline/estimators/usual.py has the limits.
UNUSUAL = {
    "unknown_customer": "Rows of customers whom no delivery knows: the customers' export lags behind, or their ids are"
    " other ones. Such rows count for nobody who can be told about.",
    "unknown_order": "Rows of orders that no delivery knows: until these arrive, what happened stays out of their"
    " journeys.",
    "known": "The share of touches of known customers moved by a tenth: cookies, handles or numbers are given or kept"
    " in another way, and journeys get shorter or longer by that alone.",
}
_MEMORY = "Identity's memory of what people gave, from night to night; who is who by it is checked in members."
UNCHECKED = dict.fromkeys(
    (
        "records", "profiles", "proofs", "emails", "given_keys", "key_pairs", "pairs", "device_ties", "device_emails",
        "phone_readings",
    ),
    _MEMORY,
)  # fmt: skip


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
        "measures": [
            gxe.ExpectCompoundColumnsToBeUnique(
                column_list=list(GRAIN), notes="A night that counted twice would widen or shift what is usual."
            ),
            gxe.ExpectColumnValuesToBeBetween(column="value", min_value=0, max_value=1, notes="A share of rows."),
        ],
        "usual": [unusual(measure, why) for measure, why in UNUSUAL.items()],
        "members": [
            one_row("A record is one customer's.", "record_id"),
            known("customer_id", "A record of nobody would be lost."),
            share("match_probability", "It is a probability."),
        ],
        "minted": [one_row("An id is minted once, and never for somebody else.", "customer_id")],
        "counts": [in_order("records", "customers", "A customer has a record or more.")],
        "blocked_values": [one_row("A value is stopped once.", "key_kind", "key_value")],
        "review": [
            one_row("A pair is asked about once.", "left_id", "right_id"),
            share("probability", "It is a probability."),
            known("reason", "Who decides must know what the doubt is."),
        ],
        "ledger": [
            one_row("What happened is told in one order.", "night", "nth"),
            known("event", "A line that says nothing cannot be replayed."),
        ],
        "regrouped": [
            one_row("A person is grouped in one way on a graph.", "graph", "customer_id", "graph_customer_id"),
            among("graph", list(GRAPHS), "The graphs beside the main one."),
        ],
        **{f"identifiers_{graph}": _identifiers(graph) for graph in GRAPHS},
        "refused": [
            gxe.ExpectCompoundColumnsToBeUnique(
                column_list=["identifier_kind", "identifier_value"], notes="Later stages leave out by this list."
            ),
        ],
    }


def _identifiers(graph: str) -> list[Any]:
    """What holds of identifiers on a graph beside the main one."""
    return [
        known("customer_id", f"An identifier that is nobody's belongs to a stranger, on the {graph} graph too."),
        one_row(
            "A second row for one span would count every touch of that identifier twice.",
            "identifier_kind", "identifier_value", "customer_id", "valid_from",
        ),
        share("match_probability", "It is a probability."),
    ]  # fmt: skip
