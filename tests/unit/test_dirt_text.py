"""docs/dirt.md, the text of a file: encodings, marks, lines, separators, headers and what no text holds."""

import json
from pathlib import Path

import pytest

from pipeline.errors import DeliveryError
from pipeline.sources import lines
from tests.unit.dirt_case import NIGHT, dirt, event
from tests.unit.ingest_case import ORDER, csv_text, jsonl

HEAD = ",".join(ORDER) + ",category"
MORE = csv_text([ORDER | {"order_id": f"O{n}"} for n in range(3)])


def line(number: int, category: str = "x") -> str:
    return ",".join((ORDER | {"order_id": f"O{number}"}).values()) + f",{category}\n"


def test_wrong_encoding(tmp_path: Path) -> None:
    text = "ein schönes Hotel; aber die Straße war laut und das Frühstück müde; Grüße aus Köln"
    told = dirt(tmp_path).orders((HEAD + "\n" + "".join(line(n, text) for n in range(20))).encode("cp1252"))
    assert told.fate("more.csv") == (20, 20, 0, 0)
    assert told.ask("crm", "select distinct category from ingest.orders where order_id <> 'good'") == [(text,)]
    assert told.said(f"warning: crm/orders/{NIGHT}/more.csv is no UTF-8; read as cp125")


def test_an_encoding_that_is_told(tmp_path: Path) -> None:
    text = f"{HEAD}\n{line(1)}{line(2, 'Zoë')}"
    for encoding in ("cp1252", "utf-16-le", "utf-8"):
        told = dirt(tmp_path / encoding, crm={"encoding": encoding}).orders(text.encode(encoding))
        assert told.fate("more.csv") == (2, 2, 0, 0)
        assert told.ask("crm", "select category from ingest.orders where order_id = 'O2'") == [("Zoë",)]
    marked = dirt(tmp_path / "marked", crm={"encoding": "cp1252"}).orders(text.encode("utf-8-sig"))
    assert marked.ask("crm", "select category from ingest.orders where order_id = 'O2'") == [("Zoë",)]


def test_utf_8_beside_the_encoding_that_is_told(tmp_path: Path) -> None:
    for ending, text in (
        ("csv", f"{HEAD}\n{line(1)}{line(2, 'Zoë €')}"),
        ("jsonl", jsonl([ORDER | {"order_id": "O2"}])),
    ):
        data = text.replace('"completed"', '"completed", "category": "Zoë €"').encode()
        told = dirt(tmp_path / ending, crm={"encoding": "cp1252"})
        told.deliver(f"crm/orders/{NIGHT}/old.csv", f"{HEAD}\n{line(3, 'Zoë')}".encode("cp1252"))
        told.orders(data, f"more.{ending}")
        rows = told.ask("crm", "select category from ingest.orders where order_id in ('O2', 'O3') order by order_id")
        assert rows == [("Zoë €",), ("Zoë",)]
        seen = [text for text in told.logs if "UTF-8" in text]
        way = "is UTF-8 without a flaw, and read so, though sources.crm.encoding is cp1252"
        assert seen == [f"warning: crm/orders/{NIGHT}/more.{ending} {way}"]
    wide = dirt(tmp_path / "wide", crm={"encoding": "gbk"}).orders(f"{HEAD}\n{line(2, '联通')}".encode("gbk"))
    assert wide.ask("crm", "select category from ingest.orders where order_id = 'O2'") == [("联通",)]


def test_no_text_in_the_encoding_that_is_told(tmp_path: Path) -> None:
    data = (
        f"{HEAD}\n{line(1, 'Zoë')}".encode("cp1252") + line(2, "?").encode().replace(b"?", b"\x81") + line(3).encode()
    )
    told = dirt(tmp_path, crm={"encoding": "cp1252"}).orders(data)
    assert told.fate("more.csv") == (3, 2, 0, 1)
    assert told.codes("crm") == [(3, "unreadable: not CP1252 text")]
    halves = f"\ufeff{HEAD}\n{line(1, 'x?')}{line(2)}".encode("utf-16-le").replace(b"?\0", b"\0\xd8")
    seen = dirt(tmp_path / "utf-16").orders(halves)
    assert seen.codes("crm") == [(2, "unreadable: not UTF-16 text")]
    assert seen.fate("more.csv") == (2, 1, 0, 1)


def test_unsure_encoding(tmp_path: Path) -> None:
    told = dirt(tmp_path).orders(f"{HEAD}\n{line(1)}{line(2, 'Zoë')}".encode("latin-1"))
    assert told.fate("more.csv") == (2, 1, 0, 1)
    assert told.codes("crm") == [(3, "unreadable: not UTF-8 text")]


def test_mixed_encodings(tmp_path: Path) -> None:
    told = dirt(tmp_path).orders(f"{HEAD}\n{line(1, 'Zoë')}".encode() + line(2, "Müller").encode("latin-1"))
    assert told.fate("more.csv") == (2, 1, 0, 1)
    assert told.codes("crm") == [(3, "unreadable: not UTF-8 text")]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_byte_order_mark(tmp_path: Path, encoding: str) -> None:
    told = dirt(tmp_path).orders((HEAD + "\n" + line(1, "Zoë")).encode(encoding))
    assert told.ask("crm", "select category from ingest.orders where order_id = 'O1'") == [("Zoë",)]


def test_utf_16_without_a_mark(tmp_path: Path) -> None:
    told = dirt(tmp_path).orders(MORE.encode("utf-16-le"))
    assert told.fate("more.csv") == (1, 0, 0, 1)
    assert told.said("no_header", "UTF-16 without a byte order mark")


def test_quoted_newlines(tmp_path: Path) -> None:
    told = dirt(tmp_path).orders(HEAD + "\n" + line(1, '"a\n\nb"') + line(2, '"say ""hi"""'))
    found = told.ask("crm", "select delivered_line, category from ingest.orders where order_id like 'O%' order by 1")
    assert found == [(2, "a\n\nb"), (5, 'say "hi"')]


def test_stray_quote(tmp_path: Path) -> None:
    told = dirt(tmp_path).orders(HEAD + "\n" + line(1) + line(2, '"x') + line(3) + line(4))
    assert told.fate("more.csv") == (4, 3, 0, 1)
    assert [at for at, _ in told.codes("crm")] == [3]


def test_ragged_rows(tmp_path: Path) -> None:
    told = dirt(tmp_path).orders(HEAD + "\n" + line(1) + line(2, "x,y") + line(3).rpartition(",")[0] + "\n")
    assert told.fate("more.csv") == (3, 1, 0, 2)
    assert told.codes("crm") == [
        (3, "unreadable: 8 fields where the header has 7"),
        (4, "unreadable: 6 fields where the header has 7"),
    ]


@pytest.mark.parametrize("separator", [";", "\t", "|"])
def test_other_separators(tmp_path: Path, separator: str) -> None:
    told = dirt(tmp_path).orders(MORE.replace(",", separator))
    assert told.fate("more.csv") == (3, 3, 0, 0)


@pytest.mark.parametrize("first", ["sep=;", '"sep=;"', "SEP=;;;;;;;", "sep=|"])
def test_a_first_line_that_tells_the_separator(tmp_path: Path, first: str) -> None:
    mark = "|" if "|" in first else ";"
    text = f"{first}\r\n{HEAD}\r\n{line(1)}{line(2)}".replace(",", mark)
    told = dirt(tmp_path).orders(text)
    assert told.fate("more.csv") == (2, 2, 0, 0)
    assert told.ask("crm", "select delivered_line from ingest.orders where order_id <> 'good'") == [(3,), (4,)]


@pytest.mark.parametrize("quoted", [False, True])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_rows_of_nothing(tmp_path: Path, *, quoted: bool, end: str) -> None:
    nothing = (";" * HEAD.count(",") + "\n") * 3 + ";\n" + "\n"
    rows = line(1).replace(",", ";") + nothing + line(2, '"a;b"' if quoted else "x").replace(",", ";")
    told = dirt(tmp_path).orders((";;;\n" + HEAD.replace(",", ";") + "\n" + rows + nothing).replace("\n", end))
    assert told.fate("more.csv") == (2, 2, 0, 0)
    assert told.ask("crm", "select delivered_line from ingest.orders where order_id <> 'good'") == [(3,), (9,)]
    alone = dirt(tmp_path / "alone").orders("a\n\n1\n")
    assert alone.fate("more.csv")[0] == 2


def test_carriage_returns_alone(tmp_path: Path) -> None:
    told = dirt(tmp_path).orders(MORE.replace("\n", "\r"))
    assert told.codes("crm") == [(0, "no_header: the header line cannot be read: lines end in carriage returns alone")]
    with pytest.raises(DeliveryError, match="carriage returns"):
        dirt(tmp_path / "stop", stop=("crm",)).orders(MORE.replace("\n", "\r"))


def test_windows_line_ends(tmp_path: Path) -> None:
    told = dirt(tmp_path).orders(MORE.replace("\n", "\r\n"))
    assert told.fate("more.csv") == (3, 3, 0, 0)
    assert told.ask("crm", "select distinct currency from ingest.orders") == [("EUR",)]


def test_no_header_line(tmp_path: Path) -> None:
    told = dirt(tmp_path).orders(MORE.partition("\n")[2])
    assert told.fate("more.csv") == (3, 0, 0, 3)
    assert told.said("has it a header line?")
    assert not told.said("unknown columns")
    assert [at for at, _ in told.codes("crm")] == [1, 2, 3]


def test_nul_characters(tmp_path: Path) -> None:
    told = dirt(tmp_path).orders(HEAD + "\n" + line(1, "a\0b") + line(2))
    assert told.codes("crm") == [(2, "unreadable: a NUL character")]
    rows = [event(1, name="a\0b"), event(2, name="a\\u0000b"), event(3) | {"x\0": 1}]
    seen = dirt(tmp_path / "web").events(jsonl(rows) + '{"a": "\0"}\n')
    assert seen.codes("web") == [
        (1, "unreadable: a NUL character"),
        (3, "unreadable: a NUL character"),
        (4, "unreadable: not a JSON object"),
    ]
    assert seen.ask("web", "select name from ingest.events") == [("a\\u0000b",)]


def test_huge_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "LONGEST_LINE_BYTES", 1 << 14)
    monkeypatch.setattr(lines, "BLOCK_BYTES", 1 << 12)
    told = dirt(tmp_path).events(jsonl([event(1), event(2, name="x" * 50_000), event(3)]))
    assert told.fate("e.jsonl", "web") == (3, 2, 0, 1)
    assert told.codes("web") == [(2, "unreadable: a line of more than 16384 bytes")]
    store = told.settings.data / "quarantine" / "2026-01-05" / "web__events.jsonl"
    assert len(json.loads(store.read_text())["raw"]) < 5000
