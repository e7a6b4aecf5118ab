"""Lines of text deliveries: numbers, encodings, broken and hostile files."""

import gzip
from pathlib import Path

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.sources import lines as module
from pipeline.sources.elements import depth_of
from pipeline.sources.lines import blocks


def read(path: Path, data: bytes, name: str = "x.jsonl") -> list[tuple[int, bytes, str]]:
    """Every line as (number, bytes, reason)."""
    path.write_bytes(data)
    return [
        (block.first + i, block.data[block.starts[i] : block.starts[i + 1]], block.bad.get(i, ""))
        for block in blocks(path, name)
        for i in range(len(block))
    ]


def test_lines_are_numbered_from_one_and_the_last_needs_no_line_feed(tmp_path: Path) -> None:
    assert read(tmp_path / "f", b"a\n\nb") == [(1, b"a\n", ""), (2, b"\n", ""), (3, b"b", "")]


def test_an_empty_file_has_no_line(tmp_path: Path) -> None:
    assert read(tmp_path / "f", b"") == []


@pytest.mark.parametrize("mark", [b"\xef\xbb\xbf", b""])
def test_a_byte_order_mark_is_no_text(tmp_path: Path, mark: bytes) -> None:
    assert read(tmp_path / "f", mark + "é\n".encode()) == [(1, "é\n".encode(), "")]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_a_file_that_says_that_it_is_utf_16_is_read(tmp_path: Path, encoding: str) -> None:
    mark = {"utf-16-le": b"\xff\xfe", "utf-16-be": b"\xfe\xff"}.get(encoding, b"")
    assert read(tmp_path / "f", mark + "é\nü\n".encode(encoding)) == [(1, "é\n".encode(), ""), (2, "ü\n".encode(), "")]


def test_a_line_in_another_encoding_is_refused_in_a_utf_8_file(tmp_path: Path) -> None:
    found = read(tmp_path / "f", "Zoë\n".encode() + "Müller\n".encode("latin-1") + b"plain\n")
    assert [reason for _, _, reason in found] == ["", "unreadable: not UTF-8 text", ""]
    assert found[1][1] == "M\ufffdller\n".encode()


def test_an_encoding_that_could_be_several_is_refused_line_by_line(tmp_path: Path) -> None:
    found = read(tmp_path / "f", b"plain\n" + "Müller\n".encode("latin-1"))
    assert [reason for _, _, reason in found] == ["", "unreadable: not UTF-8 text"]


def test_an_encoding_that_can_only_be_one_is_read(tmp_path: Path) -> None:
    text = "ein schönes Hotel, aber die Straße war laut und das Frühstück müde\n" * 20
    text += "Die Größe des Zimmers überraschte uns; Grüße aus Köln\n" * 20
    found = read(tmp_path / "f", ("id\n" + text).encode("cp1252"))
    assert b"".join(line for _, line, _ in found).decode() == "id\n" + text
    assert not any(reason for _, _, reason in found)


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress], ids=["gz", "zst"])
def test_a_packed_file_that_breaks_off_gives_its_lines_and_says_so(tmp_path: Path, pack) -> None:  # noqa: ANN001
    import random

    seeded = random.Random(1)
    data = b"".join(b"%d,%d\n" % (i, seeded.getrandbits(60)) for i in range(20_000))
    ending = {"compress": "gz"}.get(pack.__name__, "gz") if pack is gzip.compress else "zst"
    packed = pack(data)
    whole = read(tmp_path / "f", packed, f"x.csv.{ending}")
    assert b"".join(line for _, line, _ in whole) == data
    cut = read(tmp_path / "f", packed[: len(packed) // 2], f"x.csv.{ending}")
    assert cut[-1][2].startswith("truncated:")
    assert not any(reason for _, _, reason in cut[:-1])
    assert data.startswith(b"".join(line for _, line, _ in cut[:-1]))


@pytest.mark.parametrize("ending", ["gz", "zst"])
def test_a_file_that_is_not_packed_at_all_says_so(tmp_path: Path, ending: str) -> None:
    found = read(tmp_path / "f", b'{"a": 1}\n', f"x.jsonl.{ending}")
    assert len(found) == 1
    assert found[0][2].startswith("truncated:")


def test_several_gzip_members_are_one_file(tmp_path: Path) -> None:
    data = gzip.compress(b"a\n") + gzip.compress(b"b\n") + b"\0\0\0"
    assert [line for _, line, _ in read(tmp_path / "f", data, "x.csv.gz")] == [b"a\n", b"b\n"]


def test_a_line_beyond_all_reason_is_refused_and_the_next_one_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LONGEST_LINE_BYTES", 1000)
    monkeypatch.setattr(module, "BLOCK_BYTES", 300)
    found = read(tmp_path / "f", b"a\n" + b"x" * 5000 + b"\nb\n")
    assert [(n, reason[:10]) for n, _, reason in found] == [(1, ""), (2, "unreadable"), (3, "")]
    assert found[2][1] == b"b\n"


def test_a_file_that_explodes_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_FREE_BYTES", 1 << 20)
    found = read(tmp_path / "f", gzip.compress(b"0\n" * (1 << 24)), "x.csv.gz")
    assert "unpacks to more than" in found[-1][2]


def test_what_follows_an_object_on_its_line_and_is_none_is_of_that_line(tmp_path: Path) -> None:
    found = read(tmp_path / "f", b'{}\x00\n{"a": 1} b\n')
    assert [(number, line) for number, line, _ in found] == [(1, b"{}\x00\n"), (2, b'{"a": 1} b\n')]


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=400))
def test_whatever_the_bytes_every_line_comes_out_once(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    if data.startswith((b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf")) or depth_of(data) is not None:
        return
    found = read(tmp_path_factory.mktemp("f") / "f", data)
    wanted = data.split(b"\n")
    wanted = wanted if wanted[-1] else wanted[:-1]
    assert [number for number, _, _ in found] == list(range(1, len(wanted) + 1))
    for (_, line, reason), want in zip(found, wanted, strict=True):
        assert reason or line.rstrip(b"\n") == want
