"""An erasure takes a person out of the files beside the tables, and leaves these what they were."""

import json
from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import StageError
from pipeline.privacy import erasure
from pipeline.privacy.erasure_plan import Plan
from pipeline.privacy.files import Files
from pipeline.privacy.personal_rows import Theirs
from pipeline.privacy.values import Sought
from pipeline.settings import Settings
from pipeline.warehouse import Session

MAIL, PHONE = "ann@x.example", "353857104477"


def plan(**told: Any) -> Plan:
    names = ("records", "own", "row_ids", "described", "hashes", "lines", "mended")
    nothing: dict[str, Any] = dict.fromkeys(names, ())
    at = {"asked": "crm_id:1", "night": "2026-01-02", "customer_id": "C1", "tokens": (MAIL, PHONE)}
    return Plan(**{**nothing, **at, "shared": {}, "places": {}, "landed": {}, **told})


def put(data: Path, name: str, content: str | bytes) -> Path:
    path = data / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def test_short_row_ids_leave_every_other_file_as_it_was(tmp_path: Path) -> None:
    told = {
        "landing/crm/manifest.jsonl": '{"bytes": 6, "night": "2026-01-06", "sha256": "6", "path": "X9"}\n',
        "outbox/ledger.jsonl": '{"night": "2026-01-06", "letter": "6", "recipient": "a@b.example"}\n',
        "reports/2026-01-02/report.html": "<title>6 moments X9</title> font: 1/6;",
        "outbox/2026-01-02-executives.eml": "Subject: 6 of 1\n\n6 X9\n",
        "builds/2026-01-02/1/marts/_stage.json": '{"checks": 6, "messages": ["6 marts"]}',
    }
    paths = {put(tmp_path, name, text): text for name, text in told.items()}
    files = Files(tmp_path, plan(row_ids=("1", "6", "X9")))
    files.sweep()
    assert files.rewritten == 0
    assert {path: path.read_text() for path in paths} == paths


def test_a_row_id_that_stands_for_nothing_else_goes_from_text(tmp_path: Path) -> None:
    log = put(tmp_path, "logs/a.log", "read INT-2001, and 6\n")
    Files(tmp_path, plan(row_ids=("INT-2001", "6"))).sweep()
    assert log.read_text() == "read erased, and 6\n"


def test_what_was_json_is_json_whatever_is_sought(tmp_path: Path) -> None:
    manifest = put(tmp_path, "landing/crm/manifest.jsonl", f'{{"bytes": {PHONE}, "night": "{PHONE}"}}\n')
    counts = put(tmp_path, "builds/2026-01-02/1/marts/_stage.json", f'{{"rows": {PHONE}, "told": ["of {MAIL}"]}}')
    row = {"table": "t", "night": "2026-01-02", "file": "f", "line": 6, "reason": "bad", "raw": f'{{"tel": {PHONE}}}'}
    aside = put(tmp_path, "quarantine/2026-01-02/web__events.jsonl", json.dumps(row) + "\n")
    Files(tmp_path, plan()).sweep()
    assert json.loads(manifest.read_text()) == {"bytes": int(PHONE), "night": PHONE}
    assert json.loads(counts.read_text()) == {"rows": int(PHONE), "told": ["of erased"]}
    left = json.loads(aside.read_text())
    assert {**left, "raw": ""} == {**row, "raw": ""} and json.loads(left["raw"]) == {"tel": "erased"}


def test_a_list_is_read_by_its_lines_alone(tmp_path: Path) -> None:
    rows = [{"recipient": MAIL, "night": MAIL, "why": "one\u2028line"}, {"recipient": "b@x.example"}]
    path = put(tmp_path, "outbox/ledger.jsonl", "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
    Files(tmp_path, plan()).sweep()
    left = [json.loads(line) for line in path.read_text().rstrip("\n").split("\n")]
    assert left == [{**rows[0], "recipient": "erased"}, rows[1]]


def test_a_delivered_record_keeps_its_form(tmp_path: Path) -> None:
    sought = Sought([PHONE, MAIL])
    text = f'{{"n": {PHONE}, "to": "{MAIL} \\u00fc", "x": 1.50}}\n'
    assert sought.without_in(text, numbers=True) == '{"n": "erased", "to": "erased \\u00fc", "x": 1.50}\n'
    assert sought.without_in(f"{PHONE},{MAIL}\n", numbers=True) == "erased,erased\n"


@pytest.mark.parametrize(("page", "is_left"), [(f"<p>{MAIL}</p>", False), ("<p>6 moments</p>", True)])
def test_a_page_that_named_the_person_loses_its_print(tmp_path: Path, page: str, is_left: bool) -> None:
    html = put(tmp_path, "reports/2026-01-02/report.html", page)
    printed = put(tmp_path, "reports/2026-01-02/report.pdf", b"%PDF-1.7\n\0\x01 6 \xff 1 X9 \0")
    other = put(tmp_path, "reports/2026-01-01/report.pdf", b"%PDF-1.7\n\0 6 \0")
    files = Files(tmp_path, plan(row_ids=("1", "6", "X9")))
    files.check()
    files.sweep()
    assert printed.exists() == is_left and other.exists()
    assert MAIL not in html.read_text() and "<p>" in html.read_text()


def test_what_cannot_be_rewritten_is_told_before_anything_changes(tmp_path: Path) -> None:
    put(tmp_path, "notes/a.bin", f"\0{MAIL}\0")
    log = put(tmp_path, "logs/a.log", MAIL)
    with pytest.raises(StageError, match=r"notes/a\.bin"):
        Files(tmp_path, plan()).check()
    assert log.read_text() == MAIL


def test_an_erasure_that_cannot_be_completed_says_so_to_whoever_comes_next(tmp_path: Path) -> None:
    put(tmp_path, "notes/a.bin", f"\0{MAIL}\0")
    put(tmp_path, "identity/erasing.json", plan().as_text())
    settings = Settings(exports="x", data=tmp_path, hash_key="k")
    with pytest.raises(StageError) as told:
        erasure.finish(settings)
    assert "an erasure that was begun cannot be completed" in str(told.value)
    assert "notes/a.bin" in str(told.value) and "Remove the file" in str(told.value)
    (tmp_path / "notes/a.bin").unlink()
    assert erasure.finish(settings) and not erasure.is_unfinished(tmp_path)


@pytest.mark.parametrize(
    ("columns", "mine", "others"),
    [
        ("touch_id, source, record_id", ("crm:interactions:6", "crm", "6"), ("crm:orders:6", "crm", "6")),
        ("touch_id, source, record_id", ("partner:spa:7", "partner", "7"), ("partner:gym:7", "partner", "7")),
        ("source, record_id", ("crm", "6"), ("web", "6")),
        ("order_id, amount", ("9", "6"), ("6", "9")),
        ("user_id, order_id", ("1", "5"), ("6", "1")),
    ],
)
def test_a_row_is_theirs_by_what_its_number_numbers(
    tmp_path: Path, columns: str, mine: tuple[str, ...], others: tuple[str, ...]
) -> None:
    own = (("interaction_id", "6"), ("activity_id:spa", "7"), ("order_id", "9"), ("crm_id", "1"))
    names = columns.split(", ")
    with Session(Settings(exports="x", data=tmp_path), "erasure", tmp_path / "out", tmp_path / "spill") as session:
        theirs = Theirs(session, plan(own=own, row_ids=("6", "7")))
        condition = theirs.condition(("2026-01-02", "1", "marts", "t.parquet"), dict.fromkeys(names, "VARCHAR"))
        found = session.connection.execute(
            f"select * from (values {mine}, {others}) as t({columns}) where {condition}"
        ).fetchall()
    assert found == [mine]
