"""Numbers and dates in a reader's locale."""

from datetime import date

import pytest

from pipeline.figures import Figures


@pytest.mark.parametrize(
    ("locale", "day", "number", "change"),
    [
        ("en_GB", "3 June 2026", "1,929", "−7.7"),
        ("en_US", "June 3, 2026", "1,929", "−7.7"),
        ("de_DE", "3. Juni 2026", "1.929", "−7,7"),
        ("fr_FR", "3 juin 2026", "1\u202f929", "−7,7"),
        ("de_CH", "3. Juni 2026", "1’929", "−7.7"),
        ("ja_JP", "2026年6月3日", "1,929", "−7.7"),
    ],
)
def test_each_locale_writes_them_in_its_way(locale: str, day: str, number: str, change: str) -> None:
    figures = Figures(locale)
    assert figures.day(date(2026, 6, 3)) == day
    assert figures.count(1929) == number
    assert figures.signed(-0.0773, 1) == change


def test_amounts_below_zero_have_a_real_minus_and_nothing_is_minus_nothing() -> None:
    assert Figures().rounded(-45312.0) == "−45,000"
    assert Figures().rounded(-0.2) == "0"
    assert Figures().count(-3) == "−3"
    assert Figures().signed(-0.0001) == "0"
