"""Whatever values stand in vendors' tables and below column maps: no error without a name, no row unaccounted for."""

import csv
import io
import json
import random
from pathlib import Path
from typing import Any

import pytest

from pipeline.sources.vendors import TABLES, VENDORS
from tests.unit.dirt_case import NIGHT, Dirt, dirt
from tests.unit.ingest_case import ORDER, TOUCH

ODD: tuple[Any, ...] = (
    *("", " ", "0", "-1", "1e999", "99999999999999999999", "1.5", "1,5", "NaN", "true", "null"),
    *("[]", "{}", "[{}]", '{"a"', "24:61", "%00", "a@b"),
    *("2026-01-01T00:00:00Z", "2026-01-01", "0001-01-01", "9999-12-31T23:59:59Z", "1767261600000", "+99999-01-01"),
    *('[{"key": "page_location", "value": {"int_value": "x"}}]', "<p>&amp;&#99999999;</p>", "\u202e", "+" * 300),
)  # fmt: skip
SEEDS = range(2)


def columns_of(table: Any) -> list[str]:
    """The columns that a vendor's table may carry, by their paths."""
    words = f"{table.required} {table.optional}".split()
    return [word.partition("=")[2] or word for word in words]


def rows_of(columns: list[str], chance: random.Random, keep: tuple[str, ...] = ()) -> list[dict[str, Any]]:
    """Rows of odd values; of some columns ordinary ones."""
    usual = {name: str(n) for n, name in enumerate(keep)}
    return [{name: usual.get(name) or chance.choice(ODD) for name in columns} for _ in range(40)]


def as_csv(rows: list[dict[str, Any]]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def as_json(rows: list[dict[str, Any]], chance: random.Random) -> str:
    """Dots lead into objects; some values are no text."""
    told = []
    for row in rows:
        found: dict[str, Any] = {}
        for path, value in row.items():
            *above, last = path.split(".")
            inner = found
            for name in above:
                inner = inner.setdefault(name, {}) if isinstance(inner.setdefault(name, {}), dict) else {}
            inner[last] = chance.choice([value, value, [value], {"x": value}, 7, None, 1.5e300])
        told.append(json.dumps(found) + "\n")
    return "".join(told)


def accounted(case: Dirt, source: str, files: int) -> None:
    fates = "accepted + superseded + quarantined + not_ours + erased"
    assert case.ask(source, f"select * from ingest.files where arrived <> {fates}") == []
    assert case.ask(source, "select count(*), min(arrived) from ingest.files") == [(files, 40)]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("vendor", VENDORS)
def test_odd_values_in_a_vendor_s_tables(tmp_path: Path, vendor: str, seed: int) -> None:
    chance = random.Random(seed)
    tables = [table for table in TABLES if table.vendor == vendor and table.is_used]
    case = dirt(tmp_path, **{tables[0].source: {"form": (vendor,)}})
    for table in tables:
        keys = tuple(table.required.split()) if seed % 2 else ()
        rows = rows_of(columns_of(table), chance, keys)
        case.deliver(f"{table.source}/{table.name}/{NIGHT}/a.csv", as_csv(rows))
        case.deliver(f"{table.source}/{table.name}/{NIGHT}/b.jsonl", as_json(rows, chance))
    case.night(NIGHT, tables[0].source)
    accounted(case, tables[0].source, 2 * len(tables))


@pytest.mark.parametrize("seed", SEEDS)
def test_odd_values_below_a_column_map(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    maps = {"orders": {"amount": "A", "attributes": "B", "order_id": "{night}/{C}"}, "interactions": {"rating": "A.b"}}
    told = {"columns": maps, "dates": "day_first", "decimals": "comma", "time_zone": "America/St_Johns"}
    case = dirt(tmp_path, crm=told)
    for table, columns in {"orders": [*ORDER, "A", "B", "C"], "interactions": [*TOUCH, "A.b"]}.items():
        rows = rows_of([name for name in columns if name not in maps[table]], chance)
        case.deliver(f"crm/{table}/{NIGHT}/a.csv", as_csv(rows))
        case.deliver(f"crm/{table}/{NIGHT}/b.jsonl", as_json(rows, chance))
    case.night(NIGHT, "crm")
    accounted(case, "crm", 4)
