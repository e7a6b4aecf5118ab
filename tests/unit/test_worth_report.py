"""Worth in words: what is not known is not said, and nothing to gain is said so."""

from typing import Any

from pipeline.reporting import worth_report


def row(**changes: Any) -> dict[str, Any]:
    """A driver that may still be had on more journeys."""
    ends = ("", "_low", "_high")
    customers = {f"worth_customers{end}": x for end, x in zip(ends, (12.0, 7.4, 17.2), strict=True)}
    value = {f"worth_value{end}": x for end, x in zip(ends, (1234.0, -56.0, 2500.0), strict=True)}
    told = {"verdict": "drives", "exposed_share": 0.4, "feasible_share": 0.5, "also_missions": None}
    return told | customers | value | changes


def said(**changes: Any) -> str:
    return worth_report.told(row(**changes), 90, "EUR")


def test_a_driver_is_told_by_the_best_places_and_weeks() -> None:
    assert said() == (
        "In the last 90 days it happened on 40 % of such journeys, and on 50 % in the best tenth of places and weeks. "
        "Everywhere as often as there, about 12 (7 to 17) more customers would come back, worth about 1,200 "
        "(−56 to 2,500) EUR more in orders in 90 days."
    )


def test_a_harm_is_told_by_its_stopping() -> None:
    assert said(verdict="harms", worth_value=None) == (
        "In the last 90 days it happened on 40 % of such journeys. "
        "If it stopped, about 12 (7 to 17) more customers would come back in 90 days."
    )


def test_what_several_missions_add_up_to_says_so() -> None:
    assert said(also_missions="Gift", worth_value=None).endswith("in 90 days, over all missions that it matters to.")


def test_nothing_left_to_gain_is_said_so() -> None:
    assert "see that it stays so" in said(worth_customers=0.2)


def test_what_cannot_be_told_has_no_figure() -> None:
    for unknown in ("worth_customers", "exposed_share"):
        assert not any(letter.isdigit() for letter in said(**{unknown: None}))
    ends = dict.fromkeys(("retained_customers", "retained_customers_low", "retained_customers_high"))
    assert worth_report.cell({**ends, "verdict": "drives"}) == "–"


def test_a_cell_shows_the_range_and_no_minus_nought() -> None:
    ends: dict[str, Any] = {"retained_customers": 0.1, "retained_customers_low": -0.2, "retained_customers_high": 2.0}
    assert worth_report.cell({**ends, "verdict": "drives"}) == "0 (0 to 2)"
    assert worth_report.cell({**ends, "verdict": "no_detectable_effect"}) == "–"
