"""Readings of telephone numbers on a night after the first: as they would be among all."""

from hypothesis import given
from hypothesis import strategies as st

from pipeline.estimators.identity.spelling import choose_readings, count_readings

NUMBERS = ("+65 6273 8460", "65 6273 8460", "6273 8460", "0065 62738460", "020 7946 0958", "44 20 7946 0958", "123")
WRITTEN = st.tuples(st.sampled_from(NUMBERS), st.sampled_from(["SG", "ID", "GB", ""]), st.integers(1, 3))


def test_a_number_of_an_earlier_night_tells_what_a_new_one_means() -> None:
    new = [("65 6273 8460", "ID", 1)]
    assert choose_readings(new) == [("65 6273 8460", "ID", "626562738460")]
    known = count_readings([("+65 6273 8460", "SG", 1), ("+65 9111 2222", "ID", 1)])
    assert choose_readings(new, known) == [("65 6273 8460", "ID", "6562738460")]


@given(st.lists(WRITTEN, max_size=8), st.lists(WRITTEN, max_size=8))
def test_new_numbers_are_read_as_they_would_be_among_all(old: list, new: list) -> None:
    together = {(phone, country): reading for phone, country, reading in choose_readings([*old, *new])}
    alone = choose_readings(new, count_readings(old))
    assert [together[phone, country] for phone, country, _ in alone] == [reading for _, _, reading in alone]
