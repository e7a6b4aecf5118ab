"""What pull and ingest note of a delivery stands as rows beside the night's tables, for the quality page."""

import gzip
import json
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq

from pipeline.onboarding.trial import Trial, trial
from pipeline.settings import load_settings
from tests.unit.ingest_case import EVENT, Case, csv_text, jsonl

N1, N2 = "2026-01-05", "2026-01-06"
GERMAN = "Größe und Übernachtung mit Frühstück für zwei Gäste, schöne Aussicht über die Straße"


def notes(here: Trial, stage: str = "ingest") -> list[tuple[int, str]]:
    rows = pq.read_table(here.folder(stage) / "web" / "notes.parquet").to_pylist()
    assert {row["source"] for row in rows} <= {"web"}
    return [(row["number"], row["told"]) for row in rows]


def delivered(tmp_path: Path) -> Case:
    case = Case(tmp_path)
    case.deliver(f"web/events/{N1}/a.jsonl", jsonl([EVENT]))
    case.deliver(f"web/events/{N1}/b.jsonl", jsonl([EVENT]))
    case.deliver(f"web/events/{N1}/broken.jsonl.gz", gzip.compress((json.dumps(EVENT) + "\n").encode() * 400)[:-20])
    rows = [EVENT | {"messageId": f"m{n}", "Secret Ann": "ann@example.org", "name": GERMAN} for n in range(9)]
    case.deliver(f"web/events/{N1}/german.csv", csv_text(rows).encode("cp1252"))
    case.deliver(f"web/events/{N1}/odd.xlsx", b"PK")
    case.deliver(f"web/events/{N1}/zero.jsonl", b"")
    return case


def test_each_is_a_row_once_in_order_and_the_next_stage_has_both(tmp_path: Path) -> None:
    delivered(tmp_path)
    settings = load_settings({"LANDMARK_HASH_KEY": "k"}, exports=str(tmp_path / "exports"))
    with trial(settings, None) as here:
        here.take_in("web")
        pulled, every = notes(here, "pull"), notes(here)
        again = [here.take_in("web"), notes(here, "pull"), notes(here)]
    assert every[: len(pulled)] == pulled and again[1:] == [pulled, every], "a night that is run again notes the same"
    assert [number for number, _ in every] == list(range(1, len(every) + 1))
    for kind, words in (
        ("left", "odd.xlsx: not a file of a known format"),
        ("warning", "zero.jsonl has no byte in it"),
        ("warning", f"b.jsonl is the same, byte for byte, as {N1}/a.jsonl"),
        ("warning", "broken.jsonl.gz: truncated"),
        ("warning", "german.csv is no UTF-8; read as cp125"),
        ("note", "events: unknown columns kept: Secret Ann"),
    ):
        assert [text for _, text in every if text.startswith(f"{kind}: ") and words in text], words
    assert "ann@" not in str(every)


def test_a_night_notes_its_own_files_only(tmp_path: Path) -> None:
    case = delivered(tmp_path)
    case.deliver(f"web/events/{N2}/next.jsonl", jsonl([EVENT | {"messageId": "m99"}]))
    settings = load_settings({"LANDMARK_HASH_KEY": "k"}, exports=str(tmp_path / "exports"))
    (tmp_path / "exports/web/events" / N1 / "odd.xlsx").unlink()
    with trial(settings, N1) as here:
        here.take_in("web")
        assert notes(here, "pull")
        later = replace(here, night=N2)
        later.stage("pull", "web")
        assert notes(later, "pull") == []
