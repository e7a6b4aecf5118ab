"""Numbers and names as a reader says them."""

from datetime import date

import pytest

from pipeline import words


@pytest.mark.parametrize(
    ("low", "high", "told"),
    [
        (0.171, 0.266, "17 to 27"),
        (-0.2, -0.112, "11 to 20"),
        (-0.02, 0.031, "−2 to +3"),
        (0.004, 0.051, "0.4 to 5.1"),
        (0.02, 0.05, "2.0 to 5.0"),
    ],
)
def test_an_interval_reads_from_its_near_end_and_never_rounds_to_nothing(low: float, high: float, told: str) -> None:
    assert words.between(low, high) == told


def test_a_change_says_more_or_fewer_without_a_sign() -> None:
    assert words.change(0.218, 0.17, 0.27) == "22 in 100 more"
    assert words.change(-0.155, -0.2, -0.11) == "16 in 100 fewer"


@pytest.mark.parametrize(
    ("share", "told"), [(0.218, "+22"), (-0.155, "−16"), (0.001, "0"), (-0.001, "0"), (None, "–"), (0.125, "+13")]
)
def test_a_signed_change(share: float | None, told: str) -> None:
    assert words.signed(share) == told


def test_counts_shares_and_amounts() -> None:
    assert [words.count(n) for n in (0, 1929, None)] == ["0", "1,929", "–"]
    assert [words.percent(s) for s in (0.005, 0.335, 1.0, None)] == ["under 1 %", "34 %", "100 %", "–"]
    assert [words.rounded(n) for n in (7.4, 87, 1250, 45312)] == ["7", "87", "1,300", "45,000"]


def test_names_are_told_in_words_and_cannot_turn_the_line() -> None:
    assert words.heading("early_check_in") == "Early check in"
    assert words.clean("a\u202eb\r\nBcc: c") == "a b Bcc: c"
    assert words.listed(["a"]) == "a"
    assert words.listed(["a", "b", "c"]) == "a, b and c"
    assert words.listed([]) == ""
    assert words.day(date(2026, 6, 3)) == "3 June 2026"


def test_sureness_follows_the_share_of_false_alarms() -> None:
    assert [words.sureness(q) for q in (0.0001, 0.005, 0.04, None)] == [
        "very sure",
        "sure",
        "fairly sure",
        "fairly sure",
    ]
