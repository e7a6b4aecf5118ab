"""Whatever happens to a delivery, in whatever format: a named error, or a night in which every row is accounted for."""

import csv
import gzip
import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.errors import LandmarkError
from tests.unit.dirt_case import NIGHT, Dirt, dirt, event

TOLD = (
    {},
    {"decimals": "comma", "dates": "day_first", "time_zone": "Europe/Berlin"},
    {"largest_file": 2000},
    {"encoding": "cp1252"},
)
VALUES = [
    "1,5",
    "31.12.2025",
    "2025-10-26 02:30:00",
    "",
    "\0",
    "\ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16"),
    "1e999",
    "0001-01-01",
    "a" * 9000,
    '"',
    "'; drop table x; --",
    "<b>",
    "\r",
    "\u202e",
    None,
    7,
    -0.0,
    [],
    {"a": [1]},
    True,
]
TOKENS = [
    b'"',
    b"\\",
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b"\n",
    b"\r",
    b"\0",
    b"\x1e",
    b";",
    b"\t",
    b"\xef\xbb\xbf",
    b"\xff\xfe",
    b"\xc3",
    b"\\u0000",
    b"\\ud800",
    b"},{",
    b'"}',
    b"null",
    b"[" * 3000,
    b"9" * 400,
    b"\x1f\x8b",
    b"(\xb5/\xfd",
]
BYTES = st.one_of(st.sampled_from(TOKENS), st.binary(min_size=1, max_size=8))
CHANGE = st.tuples(st.sampled_from(["cut", "insert", "flip", "repeat", "drop"]), st.floats(0, 1), BYTES)
CELL = st.tuples(
    st.integers(0, 5),
    st.sampled_from(["timestamp", "messageId", "type", "anonymousId", "properties", "new"]),
    st.sampled_from(VALUES),
)
FORMATS = (
    "csv",
    "tsv",
    "json",
    "line.json",
    "stream.json",
    "jsonl",
    "parquet",
    "csv.gz",
    "line.json.gz",
    "jsonl.gz",
    "csv.zst",
    "jsonl.zst",
)


def rows_of(cells: list[tuple[int, str, Any]], number: int) -> list[dict[str, Any]]:
    """Six events of a file of their own, with some values exchanged."""
    rows = [event(100 * number + n, properties={"topic": "é", "n": n, "amount": "1,5"}) for n in range(6)]
    for row, column, value in cells:
        rows[row][column] = value
    return rows


def flat(rows: list[dict[str, Any]]) -> list[dict[str, str]]:
    names = list(dict.fromkeys(name for row in rows for name in row))
    return [{n: v if isinstance(v := row.get(n, ""), str) else json.dumps(v) for n in names} for row in rows]


def table(rows: list[dict[str, Any]], delimiter: str) -> str:
    out = io.StringIO()
    cells = flat(rows)
    if delimiter == "\t":
        lines = [list(cells[0]), *(list(row.values()) for row in cells)]
        return "".join("\t".join(c.replace("\t", " ").replace("\n", " ") for c in line) + "\n" for line in lines)
    writer = csv.DictWriter(out, list(cells[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(cells)
    return out.getvalue()


def parquet(rows: list[dict[str, Any]]) -> bytes:
    out = io.BytesIO()
    pd.DataFrame(flat(rows)).to_parquet(out)
    return out.getvalue()


WRITTEN: dict[str, Callable[[list[dict[str, Any]]], str]] = {
    "csv": lambda rows: table(rows, ","),
    "tsv": lambda rows: table(rows, "\t"),
    "json": lambda rows: json.dumps(rows, indent=1),
    "line.json": lambda rows: json.dumps(rows, separators=(",", ":")),
    "stream.json": lambda rows: "".join(json.dumps(row) for row in rows),
    "jsonl": lambda rows: "".join(json.dumps(row) + "\n" for row in rows),
}


def mutated(data: bytes, changes: list[tuple[str, float, bytes]]) -> bytes:
    """The bytes after each change: cut off, inserted into, overwritten, a stretch repeated or dropped."""
    for what, place, more in changes:
        at = int(place * len(data))
        data = {
            "cut": data[:at],
            "insert": data[:at] + more + data[at:],
            "flip": data[:at] + more + data[at + len(more) :],
            "repeat": data[: at + 40] + data[at:],
            "drop": data[:at] + data[at + 9 * len(more) :],
        }[what]
    return data


def delivered(number: int, form: str, cells: list[Any], inner: list[Any], outer: list[Any]) -> bytes:
    """A file of a format: with these values, changed before it is packed and after."""
    rows, (kind, _, packed) = (
        rows_of(cells, number),
        form.rpartition(".") if form.endswith(("gz", "zst")) else (form, "", ""),
    )
    data = parquet(rows) if kind == "parquet" else WRITTEN[kind](rows).encode("utf-8", "surrogatepass")
    data = mutated(data, inner)
    if packed:
        data = mutated({"gz": gzip.compress, "zst": zstandard.compress}[packed](data), outer)
    return data


def accounted(case: Dirt, others: set[str]) -> None:
    """Every row has one fate, what was set aside has its reason and its place once, and the other file is untouched."""
    fates = "accepted + superseded + quarantined + not_ours + erased"
    assert case.ask("web", f"select * from ingest.files where arrived <> {fates}") == []
    assert case.ask("web", "select night, file, line from ingest.quarantine group by all having count(*) > 1") == []
    assert case.ask("web", "select reason from ingest.quarantine where coalesce(reason, '') = ''") == []
    kept = {
        name for (name,) in case.ask("web", "select message_id from ingest.events where delivered_file = 'good.jsonl'")
    }
    gone = {name for (name,) in case.ask("web", "select record_id from ingest.quarantine where file = 'good.jsonl'")}
    assert kept | gone == others or case.ask("web", "select 1 from ingest.files where superseded > 0")


def ingested(
    root: Path, told: dict[str, Any], files: dict[str, bytes], nights: tuple[str, ...]
) -> Dirt | LandmarkError:
    """The web of a company, after these nights; what it stopped with, where it did."""
    shutil.rmtree(root, ignore_errors=True)
    case = dirt(root, web=told)
    for name, data in files.items():
        case.deliver(f"web/events/{NIGHT}/{name}", data)
    case.deliver(f"web/events/{NIGHT}/good.jsonl", "".join(json.dumps(event(n)) + "\n" for n in (9990, 9991)))
    case.deliver("web/events/2026-01-06/next.jsonl", json.dumps(event(9992)) + "\n")
    try:
        for night in nights:
            case.night(night, "web")
    except LandmarkError as error:
        return error
    return case


def state(case: Dirt | LandmarkError) -> Any:
    """What the tables of the last night hold; which error there was."""
    if isinstance(case, LandmarkError):
        return str(case)
    return [case.ask("web", f"select * from ingest.{name} order by all") for name in ("events", "files", "quarantine")]


def check(root: Path, told: dict[str, Any], given_files: list[tuple[str, list[Any], list[Any], list[Any]]]) -> None:
    """One night with all these files, and the same files a night later, come to the same rows, all accounted for."""
    files = {f"{n:02}.{form}": delivered(n, form, *changes) for n, (form, *changes) in enumerate(given_files)}
    one_by_one = ingested(root, told, files, (NIGHT, "2026-01-06"))
    if isinstance(one_by_one, Dirt):
        accounted(one_by_one, {"m9990", "m9991"})
        assert one_by_one.ask("web", "select count(*) from ingest.files") == [(len(files) + 2,)]
    first = state(one_by_one)
    assert state(ingested(root, told, files, ("2026-01-06",))) == first


FILE = st.tuples(
    st.sampled_from(FORMATS), st.lists(CELL, max_size=3), st.lists(CHANGE, max_size=3), st.lists(CHANGE, max_size=2)
)
HOW = {"deadline": None, "suppress_health_check": list(HealthCheck)}


@settings(max_examples=4, derandomize=True, **HOW)
@given(st.sampled_from(TOLD), st.lists(FILE, min_size=25, max_size=25))
def test_any_change_of_a_delivery(tmp_path: Path, told: dict[str, Any], files: list[Any]) -> None:
    check(tmp_path / "case", told, files)


@pytest.mark.slow
@settings(max_examples=120, **HOW)
@given(st.sampled_from(TOLD), st.lists(FILE, min_size=40, max_size=40))
def test_thousands_of_changes_of_deliveries(tmp_path: Path, told: dict[str, Any], files: list[Any]) -> None:
    check(tmp_path / "case", told, files)
