"""Rows as examples: their form is told, nobody's data is."""

import pytest

from pipeline.quarantine.redacted import example

ADA = "Ada,1815-12-10,ada@lovelace.example"


@pytest.mark.parametrize(
    ("raw", "column", "header", "shape"),
    [
        (ADA, "", (), "xxx,9999-99-99,xxx@xxxxxxxx.xxxxxxx"),
        (ADA, "born", ("name", "born", "mail"), 'born "9999-99-99"'),
        ("Ada\t1815", "born", ("name", "born"), 'born "9999"'),
        (ADA, "name", ("name", "born"), "xxx,9999-99-99,xxx@xxxxxxxx.xxxxxxx"),
        ('{"name": "Ada", "n": 3, "ok": true, "of": {"ada@x.org": [1]}}', "",  (),
         '{"name": "xxx", "n": "9", "ok": true, "of": {"xxx@x.xxx": ["…"]}}'),
        ('{"who": {"born": "10.12.1815"}}', "who.born", (), 'who.born "99.99.9999"'),
        ('{"born": ""}', "born", (), '{"born": ""}'),
        ("Zoë ✓ ٣\n", "", (), "xxx ✓ 9"),
        ("[1, 2]", "", (), "[9, 9]"),
        ("", "born", ("name",), ""),
    ],
)  # fmt: skip
def test_letters_and_digits_are_not_told(raw: str, column: str, header: tuple[str, ...], shape: str) -> None:
    assert example(raw, column, header, "\t" if "\t" in raw else ",") == shape


def test_a_long_row_is_cut_and_a_deep_one_is_text() -> None:
    assert len(example("a" * 1000, "")) == 121
    assert set(example("[" * 100_000, "")) == {"[", "…"}
