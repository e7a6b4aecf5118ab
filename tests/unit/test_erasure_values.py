"""What stands for a person in text, and text without it; landed files that are no table."""

from pathlib import Path

import pytest

from pipeline.privacy.odd import WHOLE, changes
from pipeline.privacy.values import Sought, is_distinct, spellings


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("write to Ann@X.example.", "write to erased."),
        ("joann@x.example", "joann@x.example"),
        ("mary.ann@x.example", "mary.ann@x.example"),
        ('{"id":"K400","x":"K4001"}', '{"id":"erased","x":"K4001"}'),
        ("K400,K400;k400", "erased,erased;erased"),
        ("+353 86 1234567", "erased"),
        ("(a.*b)? [x]{2}", "erased"),
    ],
)
def test_only_the_values_go(text: str, left: str) -> None:
    assert Sought(["ann@x.example", "K400", "+353 86 1234567", "(a.*b)? [x]{2}"]).without(text) == left


def test_nothing_sought_is_nothing_found() -> None:
    assert Sought([]).without("text") == "text" and not Sought([]).within("text") and Sought([]).simple == ""


def test_words_and_plain_numbers_mean_anybody() -> None:
    found = [text for text in ("garden", "12", "123456", "1234567", "K400", "K4000", "a@b.c") if is_distinct(text)]
    assert found == ["1234567", "K4000", "a@b.c"]


def test_values_are_known_in_json_and_html() -> None:
    assert {"o'hara&co1", "o&#x27;hara&amp;co1", "j\\u00fcrgen1"} <= set(spellings(["o'hara&co1", "jürgen1"]))


def test_an_array_of_no_records_loses_the_person_s_elements_and_one_of_records_goes_as_rows_do(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text('["K4001", "K4002"]\n')
    assert changes(path, "a.json", Sought(["K4001"]), is_unreadable=False) == {1: (1, '["K4002"]')}
    for records in (
        '[{"id": "K4001"}, {"id": "K4002"}]\n',
        '[\n {\n  "id": "K4001"\n },\n {\n  "id": "K4002"\n }\n]\n',
    ):
        path.write_text(records)
        assert changes(path, "a.json", Sought(["K4001"]), is_unreadable=False) == {}


def test_what_nobody_can_read_is_emptied_where_it_holds_a_value(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    path.write_bytes(b"no parquet K4001")
    assert changes(path, "a.parquet", Sought(["K4001"]), is_unreadable=True) == {WHOLE: (0, "")}
    assert changes(path, "a.parquet", Sought(["K4002"]), is_unreadable=True) == {}
