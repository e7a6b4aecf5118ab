"""The parts of identity that text decides: spellings of names, readings of telephone numbers, hashes."""

import pytest

from pipeline.estimators.identity.spelling import choose_readings, keyed_hashes, phone_readings, plain_name


@pytest.mark.parametrize(
    ("written", "plain"),
    [("José  O'Neill", "jose o neill"), (" BJÖRK ", "bjork"), ("P.", "p"), ("李", "李"), ("-", "")],
)
def test_names_are_spelt_plainly(written: str, plain: str) -> None:
    assert plain_name(written) == plain


def test_a_number_with_a_plus_has_one_reading_and_a_national_one_two() -> None:
    assert phone_readings("+44 20 7946 0958", "TH") == ("442079460958",)
    assert phone_readings("0044 20 7946 0958", "TH") == ("442079460958",)
    assert phone_readings("020 7946 0958", "GB") == ("442079460958", "02079460958")
    assert phone_readings("12", "GB") == ()
    assert phone_readings("020 7946 0958", "nowhere") == ("02079460958",)


def test_other_records_tell_what_a_number_without_a_plus_means() -> None:
    given_numbers = [("+65 6273 8460", "ID", 1), ("65 6273 8460", "ID", 1), ("+6591112222", "ID", 1)]
    assert {reading for _, _, reading in choose_readings(given_numbers)} == {"6562738460", "6591112222"}
    assert choose_readings([("020 7946 0958", "GB", 1)]) == [("020 7946 0958", "GB", "442079460958")]


def test_a_hash_depends_on_the_key() -> None:
    assert keyed_hashes(["a"], "one") != keyed_hashes(["a"], "two")
    assert keyed_hashes(["a", "a"], "one")[0] == keyed_hashes(["a"], "one")[0]
