"""CSV deliveries: physical lines, records that go over lines, and that no bad record takes a good one with it."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.errors import DeliveryError
from pipeline.sources import csv_door
from pipeline.sources.lines import blocks


def read(path: Path, text: str | bytes) -> list[dict[str, Any]]:
    """Every record of a file."""
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return [row for batch in csv_door.opened(path, "x.csv").batches() for row in batch.to_pylist()]


def told(rows: list[dict[str, Any]]) -> list[tuple[int, str, bool]]:
    return [(row["line"], row["c0"], row["broken"] is None) for row in rows]


def test_a_quoted_line_feed_counts_as_a_physical_line(tmp_path: Path) -> None:
    rows = read(tmp_path / "f", 'a,b\n1,"x\ny"\n2,z\n')
    assert told(rows) == [(2, "1", True), (4, "2", True)]
    assert rows[0]["c1"] == "x\ny"


def test_a_record_may_go_over_the_edge_of_a_piece(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_door, "_LINES", 2)
    rows = read(tmp_path / "f", 'a,b\n1,"x\n\n\n\ny"\n2,z\n')
    assert told(rows) == [(2, "1", True), (7, "2", True)]
    assert rows[0]["c1"] == "x\n\n\n\ny"


def test_a_stray_quote_costs_its_own_line_only(tmp_path: Path) -> None:
    rows = read(tmp_path / "f", 'a,b\n1,x\n2,"y\n3,z\n4,w\n')
    assert told(rows) == [(2, "1", True), (3, "2", False), (4, "3", True), (5, "4", True)]


def test_a_stray_quote_that_a_later_one_seems_to_close_costs_no_good_record(tmp_path: Path) -> None:
    rows = read(tmp_path / "f", 'a,b\n1,"x\n2,y\n3,"z, w"\n4,v\n')
    assert told(rows) == [(2, "1", False), (3, "2", True), (4, "3", True), (5, "4", True)]


def test_a_ragged_row_is_refused_with_its_key(tmp_path: Path) -> None:
    rows = read(tmp_path / "f", "a,b\n1\n2,y,z\n3,w\n")
    assert told(rows) == [(2, "1", False), (3, "2", False), (4, "3", True)]
    assert rows[0]["broken"] == "unreadable: 1 fields where the header has 2"


def test_blank_lines_are_no_records(tmp_path: Path) -> None:
    assert told(read(tmp_path / "f", "\n\na,b\n\n1,x\r\n   \n2,y\n\n")) == [(5, "1", True), (7, "2", True)]


def test_a_nul_character_is_refused(tmp_path: Path) -> None:
    rows = read(tmp_path / "f", "a,b\n1,x\0y\n2,z\n")
    assert told(rows) == [(2, "1", False), (3, "2", True)]


def test_a_line_that_is_not_text_is_refused_and_its_key_told(tmp_path: Path) -> None:
    rows = read(tmp_path / "f", "a,b\n1,Zoë\n".encode() + b"2,M\xfcller\n3,x\n")
    assert told(rows) == [(2, "1", True), (3, "2", False), (4, "3", True)]


@pytest.mark.parametrize(
    ("text", "what"), [("", "empty"), ("\n \n", "empty"), ("a,b,a\n", "twice"), ('a,"b\n', "header")]
)
def test_a_file_without_a_usable_header_is_refused(tmp_path: Path, text: str, what: str) -> None:
    with pytest.raises(DeliveryError, match=what):
        read(tmp_path / "f", text)


ALPHABET = st.text(alphabet='ab,"\n\r é\0', max_size=120)


@settings(max_examples=500, deadline=None)
@given(ALPHABET)
def test_whatever_the_text_no_line_is_lost_and_none_told_twice(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    rows = read(tmp_path_factory.mktemp("f") / "f", "k,v\n" + text)
    lines = text.split("\n")
    raw = "".join(row["raw"] for row in rows)
    said = (line for line in lines if (line.strip() and line.strip(",\r")) or _within(rows, line))
    assert raw.replace("\n", "") == "".join(said)
    numbers = [row["line"] for row in rows]
    assert numbers == sorted(set(numbers))


def _within(rows: list[dict[str, Any]], line: str) -> bool:
    """A line of spaces, or of commas, is kept only as part of a record that goes over lines."""
    return bool(line) and any("\n" in row["raw"].rstrip("\n") and line in row["raw"].split("\n") for row in rows)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.tuples(st.text('ab,"\n ', max_size=6), st.text('ab,"\n ', max_size=6)), max_size=12), st.integers(1, 5)
)
def test_what_a_csv_writer_wrote_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]], piece: int
) -> None:
    import csv
    import io

    rows = [row for row in rows if any(cell.strip() for cell in row)]
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows([("k", "v"), *rows])
    before, csv_door._LINES = csv_door._LINES, piece
    try:
        found = read(tmp_path_factory.mktemp("f") / "f", out.getvalue())
    finally:
        csv_door._LINES = before
    assert [(row["c0"], row["c1"]) for row in found] == rows
    assert all(row["broken"] is None for row in found)


PIECES = (
    "a",
    " ",
    '"',
    '""',
    '"x,y"',
    '"x\ny"',
    'x"y',
    ",",
    ",",
    ",",
    "\n",
    "\n",
    "\r\n",
    "\r",
    "\0",
    "é",
    "\ufeff",
    "\x85",
)
CELLS = st.sampled_from(["", "1", " z", '"q"', '"a,b"', '"m\nn"', 't"u', '"b"c', '"{""a"": 1}"', '"""', "\ufeff", "\t"])


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.one_of(
        st.lists(st.sampled_from(PIECES), max_size=40).map("".join),
        st.lists(st.lists(CELLS, min_size=2, max_size=4).map(",".join), max_size=8).map("\n".join),
    )
)
def test_lines_parted_all_at_once_are_what_they_are_one_by_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    at_once = read(tmp_path / "f", "a,b,c\n" + text)
    with monkeypatch.context() as patch:
        patch.setattr(csv_door, "plain_lines", lambda *_: None)
        assert read(tmp_path / "f", "a,b,c\n" + text) == at_once


def test_lines_without_quotes_are_parted_all_at_once(tmp_path: Path) -> None:
    text = b"".join(b"%d,x\n" % number for number in range(5)) + b'5,"x,y"\n6\n\n7,z\n'
    (tmp_path / "f").write_bytes(text)
    (block,) = blocks(tmp_path / "f", "x.csv")
    batch = csv_door.plain_lines(block, 2, csv_door.COMMA)
    assert batch is not None
    assert batch.column("line").to_pylist() == [1, 2, 3, 4, 5, 6, 7, 9]
    assert batch.column("c1").to_pylist() == ["x"] * 5 + ["x,y", "", "z"]
    assert batch.column("broken").to_pylist()[5:] == [None, "unreadable: 1 fields where the header has 2", None]


def test_cells_that_quotes_stand_around_are_parted_all_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    good = 'O1,"{""items"": 19, ""for"": ""self""}"\r\n"O,2",""\r\n"""O3""","a"'
    (tmp_path / "f").write_text(good + '\r\nO4,b"c"\r\n', newline="")
    (block,) = blocks(tmp_path / "f", "x.csv")
    alone: list[int] = []
    one_by_one = csv_door._one_by_one
    monkeypatch.setattr(
        csv_door, "_one_by_one", lambda at, odd, *rest: (alone.extend(odd), one_by_one(at, odd, *rest))[1]
    )
    batch = csv_door.plain_lines(block, 2, csv_door.COMMA)
    assert batch is not None
    assert batch.column("c0").to_pylist() == ["O1", "O,2", '"O3"', "O4"]
    assert batch.column("c1").to_pylist() == ['{"items": 19, "for": "self"}', "", "a", 'b"c"']
    assert alone == [3], "a quote within a cell is what the reader of single records makes of it"
