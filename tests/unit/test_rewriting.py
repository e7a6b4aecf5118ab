"""A landed file without some records: the others keep their content, their numbers and what becomes of them."""

import gzip
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from pipeline.sources import csv_door, json_door, parquet_door
from pipeline.sources.conventions import Conventions
from pipeline.sources.landing import Landed, Landing
from pipeline.sources.rewriting import rewrite

CSV = 'id,text\nA,one\nB,"two\nlines"\nC,"stray\nD,four\n'


def csv_rows(path: Path, name: str) -> list[tuple[int, str, bool]]:
    batches = csv_door.opened(path, name).batches()
    columns = [(b.column("line"), b.column("raw"), b.column("broken")) for b in batches]
    return [
        (line.as_py(), raw.as_py().strip(), broken.as_py() is not None)
        for group in columns
        for line, raw, broken in zip(*group, strict=True)
    ]


def packed(text: str, ending: str) -> bytes:
    data = text.encode()
    return {".gz": gzip.compress, ".zst": zstandard.ZstdCompressor().compress}.get(ending, bytes)(data)


@pytest.mark.parametrize("ending", ["", ".gz", ".zst"])
def test_the_others_keep_their_lines(tmp_path: Path, ending: str) -> None:
    name = f"a.csv{ending}"
    path, fresh = tmp_path / name, tmp_path / "fresh"
    path.write_bytes(packed(CSV, ending))
    before = csv_rows(path, name)
    rewrite(path, name, fresh, {3: (2, "")})
    assert csv_rows(fresh, name) == [row for row in before if row[0] != 3]
    assert fresh.stat().st_mode & 0o777 == 0o600


def test_a_record_gets_its_new_text(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(CSV)
    rewrite(tmp_path / "a.csv", "a.csv", tmp_path / "fresh", {3: (2, 'B,"two\nerased"\n'), 6: (1, "D,5")})
    rows = csv_rows(tmp_path / "fresh", "a.csv")
    assert (3, 'B,"two\nerased"', False) in rows
    assert (6, "D,5", False) in rows


@pytest.mark.parametrize("last", ["", "\n"])
def test_every_line_can_go(tmp_path: Path, last: str) -> None:
    (tmp_path / "a.jsonl").write_text('{"a": 1}\n{"a": 2}' + last)
    rewrite(tmp_path / "a.jsonl", "a.jsonl", tmp_path / "fresh", {1: (1, ""), 2: (1, "")})
    assert (tmp_path / "fresh").read_text().strip() == ""


@pytest.mark.parametrize("ending", [".gz", ".zst"])
def test_a_file_that_breaks_off_still_does(tmp_path: Path, ending: str) -> None:
    name, path = f"a.jsonl{ending}", tmp_path / "a"
    path.write_bytes(packed("".join(f'{{"n": {n}}}\n' for n in range(50_000)), ending)[:-300])
    before = [batch.column("broken").to_pylist() for batch in json_door.opened(path, name).batches]
    rewrite(path, name, tmp_path / "fresh", {1: (1, "")})
    after = [batch.column("broken").to_pylist() for batch in json_door.opened(tmp_path / "fresh", name).batches]
    assert [r for rows in before for r in rows if r] and len([r for rows in after for r in rows if r]) == 1


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_byte_order_mark_is_read(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "a.csv").write_bytes("id,text\nA,Jürgen\nB,Åse\n".encode(encoding))
    rewrite(tmp_path / "a.csv", "a.csv", tmp_path / "fresh", {2: (1, "")})
    assert csv_rows(tmp_path / "fresh", "a.csv") == [(3, "B,Åse", False)]


def test_an_encoding_that_is_told_is_kept(tmp_path: Path) -> None:
    how = Conventions(encoding="cp1252")
    (tmp_path / "a.csv").write_bytes("id,text\nA,Jürgen\nB,Åse\n".encode("cp1252"))
    rewrite(tmp_path / "a.csv", "a.csv", tmp_path / "fresh", {2: (1, "")}, how)
    rows = [
        row for batch in csv_door.opened(tmp_path / "fresh", "a.csv", how=how).batches() for row in batch.to_pylist()
    ]
    assert [(row["line"], row["raw"], row["broken"]) for row in rows] == [(3, "B,Åse\n", None)]


def test_parquet_rows_keep_their_numbers(tmp_path: Path) -> None:
    path, once, twice = tmp_path / "a.parquet", tmp_path / "once", tmp_path / "twice"
    pq.write_table(pa.table({"id": ["a", "b", "c", "d"], "n": pa.array([1, 2, 3, 4], pa.decimal128(9, 2))}), path)
    rewrite(path, "a.parquet", once, {2: (1, "")})
    rewrite(once, "a.parquet", twice, {3: (1, ""), 4: (1, json.dumps({"id": "erased"}))})
    rows = [
        (line, row["id"]) for b in parquet_door.batches(twice) for line, row in zip(*map(list, b.columns), strict=True)
    ]
    assert [(n.as_py(), value.as_py()) for n, value in rows] == [(1, "a"), (4, "erased")]
    assert pq.read_schema(twice).field("n").type == pa.decimal128(9, 2)


@pytest.mark.parametrize("noted", [b"no json", b"3", b'["x", null]'])
def test_a_strange_note_in_a_delivered_parquet_file_does_nothing(tmp_path: Path, noted: bytes) -> None:
    table = pa.table({"id": ["a"]}).replace_schema_metadata({parquet_door.ERASED: noted})
    pq.write_table(table, tmp_path / "a.parquet")
    assert [b.column("line").to_pylist() for b in parquet_door.batches(tmp_path / "a.parquet")] == [[1]]


def test_the_zone_knows_a_rewritten_file_and_leaves_nothing_of_it(tmp_path: Path) -> None:
    landing = Landing(tmp_path, "crm")
    place = tmp_path / "landing/crm/orders/2026-01-01/a.csv"
    place.parent.mkdir(parents=True)
    place.write_text(CSV)
    told = ("2026-01-01", "orders", "a.csv", "crm", "crm/orders/2026-01-01/a.csv", 40, "digest", "stamp", "2026-01-01")
    landing.keep([Landed(*told)])
    for line, erased in ((2, 1), (6, 2)):
        file = landing.replace(landing.files()[0], {line: (1, "")})
        assert (file.erased, file.place, landing.files()) == (erased, told[4], [file])
    assert [path.name for path in place.parent.iterdir()] == ["a.csv=2"]
    assert (file.bytes, file.sha256, file.stamp) == (40, "digest", "stamp")
