"""The cards as a CRM takes them in: one line a record, no formula, no line break, nothing lost."""

import csv
import io
from datetime import datetime
from typing import Any

import pyarrow as pa
import pytest

from pipeline.reporting import front_line

HOSTILE = [
    "=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(A1)", "\t=1+1", "\r\n=1+1", " =1+1", "\uff1d1+1", "\uff20SUM(A1)",
    "\u202e=1+1",
]  # fmt: skip


def card(**changes: Any) -> dict[str, Any]:
    asked = [
        {
            "asked_at": datetime(2026, 6, 28, 12),
            "moment": "early_desk",
            "channel": "email",
            "order_id": "O1",
            "text": None,
        }
    ]
    row = {"customer_id": "C1", "crm_ids": ["K1", "K2"], "mission": "m", "mission_label": "Relax", "journey_id": "J1"}
    row |= {
        "order_id": "O1",
        "starts_at": datetime(2026, 7, 1, 15, 0, 0, 250_000),
        "ends_at": None,
        "last_sub_step": "checkout",
    }
    row |= {
        "open_requests": asked,
        "next_moment": "early_desk",
        "next_channel": "front_desk",
        "expected_gain": 0.123456,
    }
    row |= {"next_due_at": datetime(2026, 7, 1, 15), "reason": "why", "other_moments": ["tip", "photo"]}
    return row | {"prevent": None, "prevent_reason": None} | changes


def lines(*cards: dict[str, Any]) -> list[dict[str, str]]:
    text = front_line.as_csv(pa.Table.from_pylist(list(cards))).decode("utf-8")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_a_card_is_one_line_for_each_record_of_the_crm() -> None:
    found = lines(card())
    assert [row["crm_id"] for row in found] == ["K1", "K2"]
    assert tuple(found[0]) == front_line.COLUMNS
    told = {
        "expected_gain": "0.1235",
        "due_on": "2026-07-01",
        "starts_at": "2026-07-01T15:00:00Z",
        "ends_at": "",
        "mission": "Relax",
        "channel": "front_desk",
        "prevent": "",
    }
    assert told.items() <= found[0].items()
    assert found[0]["open_requests"] == "2026-06-28 early desk (email)"
    assert found[0]["other_moments"] == "tip; photo"


@pytest.mark.parametrize("text", HOSTILE)
def test_no_field_begins_a_formula_or_a_new_line(text: str) -> None:
    asked = card()["open_requests"][0] | {"text": text, "moment": text, "channel": text}
    hostile = dict.fromkeys(
        ("customer_id", "order_id", "mission_label", "next_moment", "next_channel", "reason", "prevent"), text
    )
    raw = front_line.as_csv(
        pa.Table.from_pylist([card(**hostile, crm_ids=[text], other_moments=[text], open_requests=[asked])])
    )
    (row,) = csv.DictReader(io.StringIO(raw.decode("utf-8"), newline=""))
    assert raw.count(b"\n") == 2
    for name, value in row.items():
        assert not value.startswith(
            ("=", "+", "-", "@", "\t", "\r", "\n", " ", "\uff1d", "\uff0b", "\uff0d", "\uff20")
        ), name
        assert not set(value) & set("\t\r\n"), name


def test_every_field_is_quoted_so_that_no_other_separator_splits_it() -> None:
    raw = front_line.as_csv(pa.Table.from_pylist([card(reason='say "hi"; =1+1')])).decode("utf-8")
    assert all(line.startswith('"') and line.endswith('"') for line in raw.split("\r\n") if line)
    assert '"say ""hi""; =1+1"' in raw


def test_the_lines_do_not_hang_on_the_order_of_the_cards() -> None:
    one, two = card(), card(customer_id="C0", crm_ids=["K0"])
    assert lines(one, two) == lines(two, one)


def test_where_nobody_may_be_spoken_to_the_file_has_its_heading_alone() -> None:
    nobody = pa.Table.from_pylist([card()]).slice(0, 0)
    assert front_line.as_csv(nobody).count(b"\r\n") == 1
