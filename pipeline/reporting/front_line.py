"""What staff are told in words, and the cards as a CSV file that a CRM takes in."""

import csv
import io
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline import words

if TYPE_CHECKING:
    import pyarrow as pa

Row = dict[str, Any]
ALL = "ALL"
CARDS_CSV = "cards.csv"  # beside cards.parquet
COLUMNS = (
    "crm_id", "customer_id", "order_id", "starts_at", "ends_at", "mission", "last_sub_step", "open_requests",
    "next_moment", "channel", "due_on", "expected_gain", "reason", "other_moments", "prevent", "prevent_reason",
)  # fmt: skip
# what a spreadsheet takes for the beginning of a formula, also in full width
_FORMULA = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def reason(row: Row, labels: Mapping[str, str], *, is_new: bool) -> str:
    """Why a moment is suggested: a row of actions.chosen as two or three sentences of plain text."""
    return why(row, labels) + (" They never had it before." if is_new else "")


def why(row: Row, labels: Mapping[str, str]) -> str:
    """What a moment changes, and what is to be expected of it on this journey: a row of actions.candidates in two
    sentences."""
    told = words.change(row["effect"], row["ci_low"], row["ci_high"])
    sure = f"{words.between(row['ci_low'], row['ci_high'])}; {words.sureness(row['q_value'])}"
    return f"{_scope(row, labels)}, {told} customers come back when it happens ({sure}). {_usual(row)}."


def _scope(row: Row, labels: Mapping[str, str]) -> str:
    if row["mission"] == ALL:
        return "Over all journeys"
    return f"On the mission “{words.clean(labels.get(row['mission'], row['mission']))}”"


def _usual(row: Row) -> str:
    """How often it happens if nobody does anything about it, and how surely the journey gets there."""
    place = f"“{words.plain(row['sub_step'])}”"
    if row["is_there"]:
        return f"They have got to {place}; from now on it happens to {words.percent(row['usual_share'])} by itself"
    reach = f"{words.percent(row['reach_share'])} of those who stand where they do get to {place}"
    return f"{reach}, and there it happens to {words.percent(row['usual_share'])} by itself"


# -- for the CRM ------------------------------------------------------------------------------------------------------


def read_cards(path: Path) -> "pa.Table":
    """The cards (marts.cards) as a night published them."""
    import pyarrow.parquet as pq

    return pq.read_table(path)


def as_csv(cards: "pa.Table") -> bytes:
    """The cards (marts.cards) as CSV, one line a record of the CRM, every field quoted, in UTF-8.

    Control characters become blanks; a text that a spreadsheet would take for a formula gets an apostrophe before it.
    """
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for card in sorted(cards.to_pylist(), key=lambda row: str(row["customer_id"])):
        line = _line(card)
        for crm_id in card["crm_ids"] or []:
            writer.writerow([safe(crm_id), *(line[name] for name in COLUMNS[1:])])
    return out.getvalue().encode("utf-8")


def safe(value: object) -> str:
    """A value as a spreadsheet's cell that holds no formula and no line break; '' for None."""
    text = "" if value is None else words.clean(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def _line(card: Row) -> dict[str, str]:
    told = card | {
        "starts_at": _time(card["starts_at"]),
        "ends_at": _time(card["ends_at"]),
        "mission": card["mission_label"],
        "open_requests": "; ".join(_request(one) for one in card["open_requests"] or []),
        "channel": card["next_channel"],
        "due_on": None if card["next_due_at"] is None else card["next_due_at"].date(),
        "expected_gain": None if card["expected_gain"] is None else f"{card['expected_gain']:.4f}",
        "other_moments": "; ".join(card["other_moments"]),
    }
    return {name: safe(told.get(name)) for name in COLUMNS}


def _time(value: datetime | None) -> str | None:
    """ISO 8601 to the second, in UTC."""
    return None if value is None else f"{value:%Y-%m-%dT%H:%M:%SZ}"


def _request(one: Row) -> str:
    told = f"{one['asked_at'].date()} {words.plain(one['moment'])}"
    by = f" ({words.plain(one['channel'])})" if one["channel"] else ""
    return f"{told}{by}" + (f": {words.clean(one['text'])}" if one["text"] else "")
