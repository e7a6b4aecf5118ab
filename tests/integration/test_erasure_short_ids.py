"""A company that numbers its rows 1, 2, 3: erasing one customer takes nothing from another, and breaks no file."""

import csv
import json
import shutil
from collections import Counter
from pathlib import Path

import duckdb

from pipeline import runner
from pipeline.demo import generate
from pipeline.privacy import erasure
from pipeline.settings import load_settings

NIGHT = "2026-06-28"


def numbered(path: Path, column: str, known: dict[str, str]) -> list[dict[str, str]]:
    """The rows of a file, a column of which becomes running numbers: by what it was, they are `known` afterwards."""
    with path.open(newline="", encoding="utf-8") as handle:
        rows = list(csv.DictReader(handle))
    for row in rows:
        row[column] = known.setdefault(row[column], str(len(known) + 1))
        row["order_id"] = known.get(row["order_id"], row["order_id"]) if column == "order_id" else ""
    with path.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.DictWriter(handle, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return rows


def lists(data: Path) -> dict[Path, list[object]]:
    """Every JSON and JSONL file below the folder, read."""
    found: dict[Path, list[object]] = {}
    for path in data.rglob("*.json"):
        found[path.relative_to(data)] = [json.loads(path.read_text())]
    for path in data.rglob("*.jsonl"):
        found[path.relative_to(data)] = [json.loads(line) for line in path.read_text().split("\n") if line]
    return found


def test_others_lose_nothing_and_every_list_stays_whole(tmp_path: Path) -> None:
    world = generate(tmp_path / "world", people=150, nights=(NIGHT,), seed=11)
    crm = world / "exports/crm"
    numbered(next((crm / "orders" / NIGHT).glob("*.csv")), "order_id", {})
    touches = numbered(next((crm / "interactions" / NIGHT).glob("*.csv")), "interaction_id", {})
    places = {"exports": str(world / "exports"), "journey_map": world / "journey.yml", "data": tmp_path / "data"}
    settings = load_settings(environ={}, hash_key="secret", **places)
    marts = runner.run_night(settings, NIGHT)
    shutil.copytree(marts, tmp_path / "before")
    pages = {path: path.read_bytes() for path in (tmp_path / "data/reports").rglob("*.html")}
    prints = list((tmp_path / "data/reports").rglob("*.pdf"))
    whole = set(lists(tmp_path / "data"))
    named = Counter(row["crm_id"] for row in touches)
    known = duckdb.sql(f"select identifier_value from '{marts}/identities.parquet' where identifier_kind = 'crm_id'")
    crm_id = max(sorted(row[0] for row in known.fetchall()), key=lambda one: named[one])

    done = erasure.erase(settings, f"crm_id:{crm_id}")
    assert done["rows"]["ingest.interactions"] >= named[crm_id] > 0
    assert set(lists(tmp_path / "data")) >= whole
    assert {path: path.read_bytes() for path in pages} == pages and all(path.is_file() for path in prints)
    for mart in ("touchpoints", "journeys"):
        old, new = (f"from '{folder}/{mart}.parquet'" for folder in (tmp_path / "before", marts))
        lost = f"select distinct customer_id from (select * {old} except all select * {new})"
        assert duckdb.sql(lost).fetchall() == [(done["customer_id"],)], mart
        assert duckdb.sql(f"select 1 {new} where customer_id = '{done['customer_id']}'").fetchall() == []
