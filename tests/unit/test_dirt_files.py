"""docs/dirt.md, whole files and tables: broken, empty, doubled, too large, in one line, misnamed, missing, hostile."""

import gzip
import json
import tracemalloc
from pathlib import Path

import pandas as pd
import pytest
import zstandard

from pipeline.errors import DeliveryError
from pipeline.sources import json_door, lines
from tests.unit.dirt_case import NIGHT, dirt, event
from tests.unit.ingest_case import CUSTOMER, ORDER, TOUCH, csv_text, jsonl

PACKED = {"gz": gzip.compress, "zst": zstandard.compress}


def many(count: int) -> str:
    return jsonl([event(n, name=f"page {n * 7919 % 10007}") for n in range(count)])


@pytest.mark.parametrize("ending", ["gz", "zst"])
def test_truncated_archive(tmp_path: Path, ending: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "BLOCK_BYTES", 1 << 12)
    packed = PACKED[ending](many(20_000).encode())
    told = dirt(tmp_path).events(packed[: len(packed) // 2], f"e.jsonl.{ending}")
    arrived, accepted, _, quarantined = told.fate(f"e.jsonl.{ending}", "web")
    assert quarantined == 1 and arrived == accepted + 1 and accepted > 1000
    assert told.said("warning", f"e.jsonl.{ending}", "truncated")
    with pytest.raises(DeliveryError, match="truncated"):
        dirt(tmp_path / "stop", stop=("web",)).events(packed[: len(packed) // 2], f"e.jsonl.{ending}")


def test_truncated_parquet(tmp_path: Path) -> None:
    pd.DataFrame([event(1)]).to_parquet(tmp_path / "whole")
    told = dirt(tmp_path).events((tmp_path / "whole").read_bytes()[:-20], "e.parquet")
    assert told.fate("e.parquet", "web") == (1, 0, 0, 1)
    assert told.said("warning", "e.parquet", "not_parquet")


@pytest.mark.parametrize(
    ("name", "arrived"),
    [
        ("e.jsonl", 0),
        ("e.json", 0),
        ("e.jsonl.gz", 0),
        ("e.jsonl.zst", 0),
        ("e.csv", 1),
        ("e.tsv", 1),
        ("e.parquet", 1),
    ],
)
def test_zero_bytes(tmp_path: Path, name: str, arrived: int) -> None:
    told = dirt(tmp_path).events(b"", name)
    assert told.fate(name, "web") == (arrived, 0, 0, arrived)
    assert told.said("warning", f"web/events/{NIGHT}/{name}", "has no byte in it")
    with pytest.raises(DeliveryError):
        dirt(tmp_path / "stop", stop=("web",)).events(b"", name)


def test_the_same_file_under_two_names(tmp_path: Path) -> None:
    told = dirt(tmp_path)
    told.deliver(f"web/events/{NIGHT}/b.jsonl", many(5))
    told.events(many(5), "a.jsonl")
    assert told.fate("a.jsonl", "web") == (5, 5, 0, 0)
    assert told.fate("b.jsonl", "web") == (5, 0, 0, 5)
    assert told.said("warning", f"web/events/{NIGHT}/b.jsonl is the same, byte for byte, as {NIGHT}/a.jsonl")


def test_the_same_file_in_two_nights(tmp_path: Path) -> None:
    told = dirt(tmp_path).events(many(5), "a.jsonl").events(many(5), "b.jsonl", "2026-01-06")
    assert [told.fate(name, "web") for name in ("a.jsonl", "b.jsonl")] == [(5, 0, 5, 0), (5, 5, 0, 0)]
    assert told.said("warning", f"b.jsonl is the same, byte for byte, as {NIGHT}/a.jsonl")


def test_json_in_one_line(tmp_path: Path) -> None:
    events = [event(n, properties={"say": '},{"messageId":', "items": [{"messageId": "no"}]}) for n in range(500)]
    told = dirt(tmp_path).events(json.dumps(events, separators=(",", ":")), "e.json")
    assert told.fate("e.json", "web") == (500, 500, 0, 0)
    assert told.ask("web", "select count(*) from ingest.events where message_id = 'm' || (delivered_line - 1)") == [
        (500,)
    ]


def test_ten_megabytes_of_json_in_one_line(tmp_path: Path) -> None:
    element = event(1, name="x" * 300)
    path = tmp_path / "e.json"
    path.write_text("[" + ",".join([json.dumps(element)] * 25_000) + "]")
    assert path.stat().st_size > 10_000_000
    tracemalloc.start()
    rows = sum(batch.num_rows for batch in json_door.opened(path, "e.json").batches)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert rows == 25_000
    assert peak < 8 * lines.BLOCK_BYTES


def test_a_broken_element_in_one_line_costs_itself_only(tmp_path: Path) -> None:
    events = [event(n, properties={"items": [{"messageId": f"no{n}"}]}) for n in range(6)]
    text = json.dumps(events).replace('"m2"', '"m2').replace('[{"messageId": "no4"}]', '[{"messageId": "no4"}')
    told = dirt(tmp_path).events(text, "e.json")
    assert told.fate("e.json", "web") == (6, 4, 0, 2)
    assert told.codes("web") == [(3, "unreadable: not a JSON object"), (5, "unreadable: not a JSON object")]


def test_an_array_among_elements_costs_itself_only(tmp_path: Path) -> None:
    one, two, three = (json.dumps(event(n)) for n in range(3))
    told = dirt(tmp_path).events(f"[{one},[1,2],{two},[],[{one},{two}],[{one}],{three}]", "e.json")
    assert told.fate("e.json", "web") == (7, 3, 0, 4)
    assert told.codes("web") == [(line, "unreadable: not a JSON object") for line in (2, 4, 5, 6)]


def test_what_desktops_leave_in_folders(tmp_path: Path) -> None:
    names = ("Thumbs.db", "~$orders.csv", ".DS_Store", "desktop.ini")
    for name in names:
        dirt(tmp_path).deliver(f"crm/orders/{NIGHT}/{name}", "x")
    told = dirt(tmp_path).orders(csv_text([ORDER]))
    assert told.fate("more.csv")[0] == 1
    assert not [text for text in told.logs if any(name in text for name in names)]


def test_a_file_that_explodes(tmp_path: Path) -> None:
    packed = gzip.compress(many(3).encode() + b" " * 5_000_000 + b"\n" + many(4).encode())
    told = dirt(tmp_path, web={"largest_file": "1MB"}).events(packed, "e.jsonl.gz")
    assert told.fate("e.jsonl.gz", "web") == (4, 3, 0, 1)
    assert told.said("truncated: it unpacks to more than 1000000 bytes", "largest_file")
    free = dirt(tmp_path / "free", web={"largest_file": "10MB"}).events(packed, "e.jsonl.gz")
    assert free.fate("e.jsonl.gz", "web")[0] == 7


def test_a_parquet_file_that_explodes(tmp_path: Path) -> None:
    pd.DataFrame([event(1, name="x" * 100)] * 30_000).to_parquet(tmp_path / "whole")
    told = dirt(tmp_path, web={"largest_file": "20KB"}).events((tmp_path / "whole").read_bytes(), "e.parquet")
    assert told.fate("e.parquet", "web") == (1, 0, 0, 1)
    assert told.said("not_parquet: it unpacks to more than 20000 bytes")


def test_unknown_columns(tmp_path: Path) -> None:
    strange = {f"c{n:02}": "1" for n in range(30)} | {"\x1b[31mred\n": "1", "z" * 500: "1"}
    told = dirt(tmp_path).events(jsonl([event(1) | strange]))
    kept = json.loads(told.ask("web", "select unmapped from ingest.events")[0][0])
    assert len(kept) == 32
    (said,) = [line for line in told.logs if "unknown columns kept" in line]
    assert "and 12 more" in said and "\x1b" not in said and "\n" not in said and len(said) < 400


def test_renamed_column(tmp_path: Path) -> None:
    rows = [{("TotalAmount" if k == "amount" else k): v for k, v in ORDER.items()}]
    told = dirt(tmp_path).orders(csv_text(rows))
    assert told.fate("more.csv") == (1, 0, 0, 1)
    reason = "missing_column: the file has no column amount (perhaps TotalAmount for amount: then map it in"
    assert told.codes("crm")[0][1].startswith(f"{reason} sources.crm.columns")
    mapped = dirt(tmp_path / "mapped", crm={"columns": {"orders": {"amount": "TotalAmount"}}})
    mapped.deliver(f"crm/customers/{NIGHT}/c.csv", csv_text([CUSTOMER]))
    mapped.deliver(f"crm/orders/{NIGHT}/o.csv", csv_text(rows))
    assert mapped.night(NIGHT, "crm").fate("o.csv") == (1, 1, 0, 0)


def test_renamed_column_in_json(tmp_path: Path) -> None:
    rows = [{("message_id" if k == "messageId" else k): v for k, v in event(n).items()} for n in range(3)]
    told = dirt(tmp_path).events(jsonl(rows))
    assert told.fate("e.jsonl", "web") == (3, 0, 0, 3)
    hint = 'map it in sources.web.columns: messageId = ["messageId", "message_id"]'
    assert told.said(f"warning: events: no row has messageId; if it is message_id now, {hint}")


def test_missing_table(tmp_path: Path) -> None:
    for stop in ((), ("crm",)):
        told = dirt(tmp_path / str(len(stop)), stop=stop)
        told.deliver(f"crm/customers/{NIGHT}/c.csv", csv_text([CUSTOMER]))
        told.deliver(f"crm/orders/{NIGHT}/o.csv", csv_text([ORDER]))
        if stop:
            with pytest.raises(DeliveryError, match="a table is missing") as caught:
                told.night(NIGHT, "crm")
            assert caught.value.where == f"crm/interactions/{NIGHT}"
        else:
            assert told.night(NIGHT, "crm").said("warning: crm/interactions is missing for the night")


def test_a_table_that_a_company_has_not(tmp_path: Path) -> None:
    told = dirt(tmp_path, stop=("crm",), crm={"without": ["interactions"]})
    told.deliver(f"crm/customers/{NIGHT}/c.csv", csv_text([CUSTOMER]))
    told.deliver(f"crm/orders/{NIGHT}/o.csv", csv_text([ORDER]))
    told.night(NIGHT, "crm")
    assert told.ask("crm", "select order_id from ingest.orders") == [("O1",)]
    assert not [log for log in told.logs if "interactions" in log and "missing" in log]


NAMES = [
    "<img src=x onerror=alert(1)>'\";--.jsonl",
    "x%2f..%2f..%2fetc%2fpasswd.jsonl",
    "a\nwarning: b.jsonl",
    "$(x) `y`.jsonl",
]


@pytest.mark.parametrize("name", NAMES)
def test_path_tricks_and_markup_in_names(tmp_path: Path, name: str) -> None:
    told = dirt(tmp_path).events(many(3), name)
    assert told.ask("web", "select arrived, accepted from ingest.files") == [(3, 3)]
    landed = [path for path in (told.settings.data / "landing").rglob("*") if path.is_file()]
    assert len(landed) == 2
    assert not any(line.startswith("warning: b") or "\n" in line for line in told.logs)
    row = {"activity_id": "1", "customer_ref": "r", "occurred_at": "2026-01-01", "activity_type": "ride"}
    folder = name.replace("/", "")
    told.deliver(f"partner/{folder}/{NIGHT}/x.csv", csv_text([row]))
    assert told.night(NIGHT, "partner").ask("partner", "select count(*) from ingest.activities") == [(1,)]


def test_an_array_with_leading_commas(tmp_path: Path) -> None:
    told = dirt(tmp_path).events("[" + "\n,".join(json.dumps(event(n)) for n in range(3)) + "\n]", "e.json")
    assert told.fate("e.json", "web") == (3, 3, 0, 0)


@pytest.mark.parametrize(("between", "indent"), [("", None), (" ", None), (",\n", None), ("\n", 2), ("", 2)])
def test_objects_one_after_another(tmp_path: Path, between: str, indent: int | None) -> None:
    texts = [json.dumps(event(n, properties={"items": [{"a": "}{"}]}), indent=indent) for n in range(4)]
    told = dirt(tmp_path).events(between.join(texts), "e.jsonl")
    assert told.fate("e.jsonl", "web") == (4, 4, 0, 0)
    broken = texts[1].replace('"m1"', '"m1')
    told = dirt(tmp_path / "broken").events(between.join([texts[0], broken, *texts[2:]]), "e.jsonl")
    assert told.fate("e.jsonl", "web") == (4, 3, 0, 1)


def test_a_touch_without_its_table_s_file_is_not_lost(tmp_path: Path) -> None:
    told = dirt(tmp_path)
    told.deliver(f"crm/interactions/{NIGHT}/i.csv", csv_text([TOUCH]))
    told.deliver(f"crm/orders/{NIGHT}/o.csv", csv_text([ORDER]))
    told.night(NIGHT, "crm")
    told.deliver(f"crm/customers/{NIGHT}/late.csv", csv_text([CUSTOMER]))
    told.deliver("crm/customers/2026-01-06/c.csv", csv_text([CUSTOMER | {"crm_id": "C2"}]))
    assert told.night("2026-01-06", "crm").fate("late.csv") == (1, 1, 0, 0)


@pytest.mark.parametrize("broken_by", ["cut", "changed"])
def test_what_stands_before_a_break_in_packed_data_is_read(tmp_path: Path, broken_by: str) -> None:
    whole = b"".join(json.dumps(event(number)).encode() + b"\n" for number in range(400))
    packed = bytearray(
        gzip.compress(whole[:-2000], mtime=0)[:-8] if broken_by == "cut" else gzip.compress(whole, mtime=0)
    )
    if broken_by == "changed":
        packed[-8:-4] = b"\1\2\3\4"
    case = dirt(tmp_path).events(bytes(packed), "e.jsonl.gz")
    arrived, accepted, _, _ = case.fate("e.jsonl.gz", "web")
    assert accepted > 370
    assert [reason.partition(":")[0] for _, reason in case.codes("web")] == ["truncated"]
    assert arrived == accepted + 1


@pytest.mark.parametrize(("most", "at_once"), [(1, 3), (100, 300), (700, 50), (1 << 22, 1 << 18)])
def test_packed_data_are_read_whole_in_pieces_of_any_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: int, at_once: int
) -> None:
    monkeypatch.setattr(lines, "BLOCK_BYTES", most)
    monkeypatch.setattr(lines, "_PACKED_BYTES", at_once)
    parts = [b"".join(b'{"a": %d}\n' % (number % 7) for number in range(count)) for count in (90, 0, 700)]
    path = tmp_path / "e.jsonl.gz"
    path.write_bytes(b"".join(gzip.compress(part, mtime=0) for part in parts) + b"\0" * 600)
    found = [data for data, reason in lines.pieces(path, path.name) if not reason]
    assert b"".join(found) == b"".join(parts)
