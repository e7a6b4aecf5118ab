"""Checksums delivered beside a file: which files tell them, and what becomes of a file that is not what they say."""

import hashlib
from pathlib import Path

import pytest

from pipeline.errors import PassingError
from pipeline.sources.checksums import read
from tests.unit.ingest_case import EVENT, ORDER, Case, crm, csv_text, jsonl

HEX = "ab" * 32
FOLDER = "web/events/2026-01-02"
TEXT = jsonl([EVENT])


@pytest.mark.parametrize(
    ("told_by", "text", "found"),
    [
        ("e.csv.sha256", HEX, HEX),
        ("e.csv.sha256", f"{HEX.upper()}  other.csv\n", HEX),
        ("SHA256SUMS", f"{'0' * 64}  x.csv\n{HEX} *e.csv\n", HEX),
        ("SHA256SUMS", f"{HEX}  ./e.csv\r\n", HEX),
        ("SHA256SUMS", f"{HEX}\n", None),
        ("SHA256SUMS", f"{HEX}  x.csv\n", None),
        ("e.csv.md5", "cd" * 16, "cd" * 16),
        ("e.csv.sha256", "cd" * 16, None),
        ("e.csv.sha256", "<html>not found</html>", None),
    ],
)
def test_what_a_file_of_checksums_tells(told_by: str, text: str, found: str | None) -> None:
    told = read(told_by, text.encode(), "e.csv")
    assert (told.hex if told else None) == found


@pytest.mark.parametrize(("ending", "kind"), [(".sha256", "sha256"), (".md5", "md5")])
def test_a_file_is_held_to_the_checksum_beside_it(tmp_path: Path, ending: str, kind: str) -> None:
    case = Case(tmp_path, stop=("crm", "web"))
    case.deliver(f"{FOLDER}/e.jsonl", TEXT)
    case.deliver(f"{FOLDER}/e.jsonl{ending}", hashlib.new(kind, b"what was sent").hexdigest())
    with pytest.raises(PassingError, match=f"not what its checksum in e.jsonl{ending} says"):
        case.night("2026-01-02", "web")
    assert not list((tmp_path / "data/landing").rglob("*.jsonl"))
    case.deliver(f"{FOLDER}/e.jsonl{ending}", hashlib.new(kind, TEXT.encode()).hexdigest())
    case.night("2026-01-02", "web")
    assert case.ask("web", "select count(*) from ingest.events") == [(1,)]
    assert not [text for text in case.logs if "left: " in text]


def test_a_source_that_may_be_late_goes_on_without_a_broken_file(tmp_path: Path) -> None:
    case = Case(tmp_path)
    case.deliver(f"{FOLDER}/e.jsonl", TEXT)
    case.deliver(f"{FOLDER}/whole.jsonl", jsonl([EVENT | {"messageId": "m2"}]))
    case.deliver(f"{FOLDER}/SHA256SUMS", f"{HEX}  e.jsonl\n")
    case.night("2026-01-02", "web")
    assert case.ask("web", "select message_id from ingest.events") == [("m2",)]
    assert [text for text in case.logs if "left for a later night" in text and "e.jsonl" in text]
    case.deliver(f"{FOLDER}/SHA256SUMS", f"{hashlib.sha256(TEXT.encode()).hexdigest()}  e.jsonl\n")
    crm(case, "2026-01-03", csv_text([ORDER]))
    case.night("2026-01-03", "web")
    assert case.ask("web", "select message_id from ingest.events order by 1") == [("m1",), ("m2",)]
