"""`landmark sources check`: what is told of a delivery before any night; nothing of it is kept or published."""

import json
import tomllib
from pathlib import Path

import pytest

from pipeline.cli import main
from pipeline.onboarding.check import Found, check
from pipeline.onboarding.check_words import told
from pipeline.onboarding.trial import trial
from pipeline.settings import load_settings
from tests.unit.ingest_case import CUSTOMER, EVENT, ORDER, TOUCH, Case, crm, csv_text, jsonl

N1, N2 = "2026-01-05", "2026-01-06"
FOREIGN = [{"SaleNo": "S1", "ClientNo": "K1", "Sold at": "02.03.2025 10:00", "Total": "19,50", "Colour": "red"}]


def checked(tmp_path: Path, night: str | None = None, **sources: dict[str, object]) -> Found:
    given = {"LANDMARK_HASH_KEY": "k"}
    settings = load_settings(given, exports=str(tmp_path / "exports"), data=tmp_path / "data", sources=sources)
    with trial(settings, night) as here:
        return check(here)


def pasted(found: Found) -> dict[str, object]:
    """The settings that are proposed, as a settings file holds them; the settings accept them."""
    lines = told(found)
    start = next(n for n, line in enumerate(lines) if line.startswith("Settings to add")) + 1
    end = next(n for n, line in enumerate(lines) if line.startswith("A night would"))
    values = tomllib.loads("\n".join(lines[start:end]))
    load_settings({"LANDMARK_HASH_KEY": "k"}, **values)
    return values


def test_a_clean_delivery_takes_one_screen_and_is_kept_nowhere(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LANDMARK_HASH_KEY", "k")
    monkeypatch.setenv("LANDMARK_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("TMPDIR", str(tmp_path / "scratch"))
    (tmp_path / "scratch").mkdir()
    case = Case(tmp_path)
    crm(case, N1, csv_text([ORDER]))
    case.deliver(f"web/events/{N1}/e.jsonl.gz", jsonl([EVENT]))
    assert main(["sources", "check", "--exports", str(tmp_path / "exports")]) == 0
    text = capsys.readouterr().out
    assert "4 files of 1 night, 4 rows" in text
    assert "A night would take this in." in text
    assert len(text.splitlines()) < 24
    assert "Settings to add" not in text and "No rule takes" not in text
    assert not (tmp_path / "data").exists()
    assert list((tmp_path / "scratch").iterdir()) == []


def test_every_row_is_told_with_what_became_of_it(tmp_path: Path) -> None:
    case = Case(tmp_path)
    rows = [ORDER, ORDER, ORDER | {"order_id": "O2", "amount": "-3"}, ORDER | {"order_id": "O3", "ordered_at": "soon"}]
    crm(case, N1, csv_text([ORDER | {"amount": "9"}]))
    crm(case, N2, csv_text(rows))
    orders = next(table for table in checked(tmp_path).tables if table.table == "orders")
    assert orders.kinds == {".csv": 2}
    assert orders.fates == {"arrived": 5, "accepted": 1, "superseded": 1, "quarantined": 3, "not_ours": 0}
    assert [(reason.code, reason.count) for reason in orders.reasons] == [
        ("bad_time", 1), ("duplicate", 1), ("negative_amount", 1),
    ]  # fmt: skip
    assert orders.reasons[0].where == f"{N2}/orders.csv line 5"
    assert orders.reasons[0].example == 'ordered_at "xxxx"'


def test_examples_tell_nobody_s_data(tmp_path: Path) -> None:
    case = Case(tmp_path)
    crm(case, N1, csv_text([ORDER]))
    odd = CUSTOMER | {"crm_id": "", "email": "ada@lovelace.example", "first_name": "Ada", "phone": "+44 20 7946"}
    case.deliver(f"crm/customers/{N1}/more.csv", csv_text([odd]))
    case.deliver(f"web/events/{N1}/e.jsonl", '{"messageId": "m1", "traits": {"email": "ada@lovelace.example"}, \n')
    text = "\n".join(told(checked(tmp_path)))
    assert "missing_value in crm/customers" in text and "unreadable in web/events" in text
    assert not {"ada@", "Ada", "lovelace", "7946"} & set(text.replace('"', " ").split())
    assert "lovelace" not in text


def test_it_tells_why_a_night_would_stop_and_still_the_rest(tmp_path: Path) -> None:
    case = Case(tmp_path)
    crm(case, N1, csv_text([{"order_id": "O1"}]))
    found = checked(tmp_path)
    assert len(found.stops) == 1 and "crm_id" in found.stops[0]
    assert {table.table for table in found.tables} == {"customers", "interactions", "orders"}


def test_a_night_that_would_stop_is_the_exit_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANDMARK_HASH_KEY", "k")
    Case(tmp_path).deliver(f"web/events/{N1}/e.jsonl", jsonl([EVENT]))
    assert main(["sources", "check", "--exports", str(tmp_path / "exports")]) == 1
    assert main(["sources", "check", "--exports", str(tmp_path / "nowhere")]) == 1


def test_a_night_is_what_was_delivered_up_to_it(tmp_path: Path) -> None:
    case = Case(tmp_path)
    crm(case, N1, csv_text([ORDER]))
    crm(case, N2, csv_text([ORDER | {"order_id": "O2"}]))
    assert [checked(tmp_path, night).nights for night in (N1, None)] == [1, 2]
    (stop,) = checked(tmp_path, "2026-02-02").stops
    assert "nothing was delivered for this night" in stop and N2 in stop


def test_unknown_column_names_get_a_map_that_reads_the_delivery(tmp_path: Path) -> None:
    case = Case(tmp_path)
    crm(case, N1, csv_text(FOREIGN))
    found = checked(tmp_path)
    told_of = pasted(found)["sources"]["crm"]  # type: ignore[index]
    assert told_of["columns"]["orders"] == {
        "order_id": "SaleNo", "crm_id": "ClientNo", "ordered_at": "Sold at", "amount": "Total",
    }  # fmt: skip
    assert told_of["decimals"] == "comma" and told_of["dates"] == "day_first"
    decided = {"status": "'completed'", "currency": "'EUR'"}
    told_of["columns"]["orders"] |= decided
    again = checked(tmp_path, crm=told_of)
    assert [t.fates["accepted"] for t in again.tables if t.table == "orders"] == [1]
    assert again.stops == []


def test_what_is_read_as_it_should_be_is_not_doubted(tmp_path: Path) -> None:
    case = Case(tmp_path)
    crm(case, N1, csv_text([ORDER | {"colour": "red", "notes": "b"}]))
    found = checked(tmp_path)
    assert [table.advice for table in found.tables] == [None, None, None]
    assert next(table for table in found.tables if table.table == "orders").unmapped == ("colour", "notes")


def test_a_likely_column_of_a_table_that_is_read_is_proposed(tmp_path: Path) -> None:
    case = Case(tmp_path)
    crm(case, N1, csv_text([ORDER]))
    case.deliver(f"crm/interactions/{N1}/i.csv", csv_text([TOUCH | {"Score": "8"}]))
    proposed = pasted(checked(tmp_path))
    assert proposed == {"sources": {"crm": {"columns": {"interactions": {"rating": "Score"}}}}}


def test_a_vendor_s_table_is_known_by_its_columns(tmp_path: Path) -> None:
    case = Case(tmp_path)
    crm(case, N1, csv_text([ORDER]))
    row = {"uuid": "u", "event": "$pageview", "distinct_id": "d", "timestamp": "2026-01-01T00:00:00Z"}
    case.deliver(f"web/events/{N1}/e.jsonl", jsonl([row | {"properties": {"$device_id": "v", "$current_url": "u"}}]))
    deal = {"deal_id": "d1", "property_amount": "10", "property_closedate": "2026-01-02", "_fivetran_synced": "x"}
    case.deliver(f"crm/deal/{N1}/d.csv", csv_text([deal | {"property_deal_currency_code": "EUR"}]))
    proposed = pasted(checked(tmp_path))
    assert proposed == {"sources": {"crm": {"form": ["hubspot"]}, "web": {"form": ["posthog"]}}}


def test_what_no_rule_takes_is_told_folder_by_folder(tmp_path: Path) -> None:
    case = Case(tmp_path)
    crm(case, N1, csv_text([ORDER]))
    case.deliver("shop/customers.csv", csv_text([CUSTOMER]))
    case.deliver(
        f"crm/clients/{N1}/a.csv", csv_text([{"Client No": "K1", "Registered": "2025-01-01", "Mail": "a@b.c"}])
    )
    case.deliver(f"crm/orders/{N1}/orders.xlsx", b"PK")
    case.deliver(f"context/moon/{N1}/m.csv", csv_text([{"phase": "full"}]))
    case.deliver(f"crm/orders/{N1}/part=1/o.csv", csv_text([ORDER]))
    case.deliver(f"partner/moon/{N1}/m.csv", csv_text([{"phase": "full"}]))
    found = checked(tmp_path)
    left = {(one.where, one.why): one.advice.words for one in found.left}
    assert left.keys() == {
        ("shop", "not in a night's folder"),
        (f"crm/orders/{N1}/part=1", "not in a night's folder"),
        ("crm/clients", "no table of that name"),
        ("crm/orders", "not a file of a known format"),
        ("context/moon", "no table of that name"),
    }
    assert "crm/customers/<YYYY-MM-DD>" in left["shop", "not in a night's folder"]
    assert "crm/customers" in left["crm/clients", "no table of that name"]
    assert left["context/moon", "no table of that name"].startswith("no table here has columns like these (phase)")
    moon = next(table.advice for table in found.tables if table.source == "partner")
    assert moon is not None and moon.columns == () and "(phase) are like none of partner/moon's" in moon.words


def test_links_out_of_the_exports_and_pipes_are_not_opened(tmp_path: Path) -> None:
    import os

    crm(Case(tmp_path), N1, csv_text([ORDER]))
    (tmp_path / "secret.csv").write_text(csv_text([CUSTOMER]))
    (tmp_path / "exports" / "crm" / "out.csv").symlink_to(tmp_path / "secret.csv")
    (tmp_path / "exports" / "crm" / "round").symlink_to(tmp_path / "exports")
    os.mkfifo(tmp_path / "exports" / "crm" / "pipe.csv")
    assert [one for one in checked(tmp_path).left if "out" in one.where or "pipe" in one.where] == []


def test_markup_in_names_stays_text(tmp_path: Path) -> None:
    case = Case(tmp_path)
    crm(case, N1, csv_text([ORDER]))
    hostile = 'Ordered\x1b[31m "at"]\u202e'
    row = {"SaleNo": "S1", "ClientNo": "K1", hostile: "2026-01-01T00:00:00Z", "Total": "3", "ccy": "EUR"}
    text = ",".join('"' + name.replace('"', '""') + '"' for name in row) + "\n" + ",".join(row.values()) + "\n"
    case.deliver(f"crm/orders/{N1}/more.csv", text)
    shown = "\n".join(told(checked(tmp_path)))
    assert "\x1b" not in shown and "\u202e" not in shown
    case.deliver(f"crm/orders/{N1}/orders.csv", text)
    columns = pasted(checked(tmp_path))["sources"]["crm"]["columns"]["orders"]  # type: ignore[index]
    assert columns["ordered_at"] == hostile


def test_a_journey_map_that_cannot_be_used_stops_a_night(tmp_path: Path) -> None:
    crm(Case(tmp_path), N1, csv_text([ORDER]))
    (tmp_path / "journey.yml").write_text("brand: [")
    settings = load_settings(
        {"LANDMARK_HASH_KEY": "k"}, exports=str(tmp_path / "exports"), journey_map=tmp_path / "journey.yml"
    )
    with trial(settings, None) as here:
        found = check(here)
    assert len(found.stops) == 1 and "not YAML" in found.stops[0]
    assert len(found.tables) == 3


def test_files_of_a_source_s_own_place_are_read_there(tmp_path: Path) -> None:
    case = Case(tmp_path)
    crm(case, N1, csv_text([ORDER]))
    own = tmp_path / "theirs"
    (own / "events" / N1).mkdir(parents=True)
    (own / "events" / N1 / "e.jsonl").write_text(jsonl([EVENT]))
    (own / "lost.jsonl").write_text(json.dumps(EVENT) + "\n")
    found = checked(tmp_path, web={"place": str(own)})
    assert [(t.source, t.fates["accepted"]) for t in found.tables if t.source == "web"] == [("web", 1)]
    assert [(one.where, one.advice.words) for one in found.left] == [
        ("web", "looks like web/events: deliver it as web/events/<YYYY-MM-DD>/…")
    ]


def test_odd_files_are_told_and_never_a_crash(tmp_path: Path) -> None:
    case = Case(tmp_path)
    crm(case, N1, csv_text([ORDER]))
    deep = b'{"a":' * 3000 + b"1" + b"}" * 3000
    odd = {
        "a.jsonl": deep,
        "b.jsonl": b'{"":1,"a.b":{"":2},"\\u0000":4,"x\\ud800":5}\n',
        "c.csv": b"",
        "d.csv": b"a,a\n1,2\n",
        "e.parquet": b"PAR1",
        "f.csv.gz": b"\x1f\x8b\x08",
        "g.csv": b"'x',{night},\"[a]\"\n1,2,3\n",
    }
    for name, content in odd.items():
        case.deliver(f"web/events/{N1}/{name}", content)
        case.deliver(f"crm/unknown{name[0]}/{N1}/{name}", content)
    case.deliver(f"crm/a\nb/{N1}/a\nb.csv", b"x,y\n1,2\n")
    found = checked(tmp_path)
    events = next(table for table in found.tables if table.table == "events")
    assert events.fates["arrived"] == events.fates["quarantined"] >= len(odd)
    assert {one.where for one in found.left} == {*(f"crm/unknown{name[0]}" for name in odd), "crm/a\\nb"}
    pasted_or_none = told(found)
    assert all(line.isprintable() for line in pasted_or_none)
