"""What the report says of external factors: lately beside usual, and a plain difference that is called so."""

from datetime import datetime, timedelta

from pipeline.reporting import factor_report
from tests.unit.test_report import NIGHT, Build, Page, build, full

__all__ = ["build"]
NAME = "<b>rain</b>"


def told(build: Build, days: int) -> str:
    start = NIGHT - timedelta(days=days)
    factors = [
        {"date": start + timedelta(days=n), "region": "N", "factor": NAME, "value": 9.0 if n >= days - 28 else n % 2.0}
        for n in range(days)
    ]
    journeys = [
        {"journey_id": f"j{n}", "customer_id": f"c{n}", "order_id": "o", "mission": "work", "steps_reached": ["desk"]}
        | {"retained": n % 2 == 1, "started_at": datetime.combine(start, datetime.min.time()) + timedelta(days=n)}
        for n in range(days - 28)
    ]
    text = " ".join(
        Page((build(full() | {"factors": factors, "journeys": journeys}) / "report.html").read_text()).text.split()
    )
    return text.split("What no brand controls:")[1].split("Figures: what arrived")[0]


def test_an_unusual_factor_is_told_beside_what_is_usual_and_who_came_back(build: Build) -> None:
    text = told(build, 200)
    assert "<b>rain</b> 9 unusual0.5 to 0.5 200, 1no+100.0 (+100.0 to +100.0)" in text
    assert "a plain comparison" in text


def test_few_weeks_say_nothing_of_what_is_usual(build: Build) -> None:
    text = told(build, 60)
    assert "unusual" not in text
    assert "9– 60, 1no" in text


def test_without_factors_the_report_says_that_none_were_delivered(build: Build) -> None:
    text = " ".join(Page((build(full()) / "report.html").read_text("utf-8")).text.split())
    assert "Nothing was delivered of what goes on outside" in text


def test_a_difference_is_told_only_where_both_sides_are() -> None:
    row = {"recent_value": -0.123456, "usual_low": None, "usual_high": None, "difference": None}
    assert factor_report.told(row) == {"lately": "−0.123", "usual": "–", "plainly": "–"}
    known = {
        "difference": -0.07,
        "difference_low": -0.11,
        "difference_high": -0.04,
        "usual_low": 0.1,
        "usual_high": 0.4,
    }
    assert factor_report.told(row | known)["plainly"] == "−7 (−11 to −4)"
