"""Deliveries that call their columns otherwise: what a column map of the settings makes of them."""

import hashlib
import io
import json
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.errors import DeliveryError, SettingsError
from pipeline.settings import Settings, SourceSettings, load_settings
from pipeline.sources.column_maps import Given
from tests.unit.ingest_case import ORDER, Case, crm, csv_text, jsonl

N1 = "2026-01-05"
HOTEL = {
    "activity_id": "{night}/{file}/{line}",
    "customer_ref": "{hotel} {country}",
    "occurred_at": "reservation_status_date",
    "activity_type": "'booking'",
    "outcome": "reservation_status",
    "category": "market_segment",
    "amount": "adr",
    "currency": "'EUR'",
}


@dataclass
class Mapped(Case):
    """A company whose source `source` has these column maps."""

    source: str = "partner"
    columns: dict[str, dict[str, Given]] = field(default_factory=dict)
    missing: Literal["stop", "warn"] = "warn"

    @property
    def settings(self) -> Settings:
        settings = super().settings
        told = SourceSettings(columns=self.columns, missing=self.missing)
        return settings.model_copy(update={"sources": {**settings.sources, self.source: told}})


def test_119390_bookings_come_as_a_partner_s_activities(tmp_path: Path, shared: Path) -> None:
    case = Mapped(tmp_path, columns={"bookings": HOTEL})
    data = (shared / "data" / "retention" / "hotel_bookings.parquet").read_bytes()
    case.deliver(f"partner/bookings/{N1}/hotel_bookings.parquet", data)
    case.night(N1, "partner")
    assert case.ask("partner", "select arrived, accepted, quarantined from ingest.files") == [(119390, 118901, 489)]
    reasons = "select split_part(reason, ':', 1), count(*) from ingest.quarantine group by all order by all"
    assert case.ask("partner", reasons) == [("missing_value", 488), ("negative_amount", 1)]
    first = "select activity_id, customer_ref, cast(occurred_at as varchar), activity_type, outcome, amount, currency"
    first += ", unmapped ->> 'lead_time' from ingest.activities where delivered_line = 1"
    told = (f"{N1}/hotel_bookings.parquet/1", "Resort Hotel PRT", "2015-07-01 00:00:00", "booking", "Check-Out", 0.0)
    assert case.ask("partner", first) == [(*told, "EUR", "342")]


MAP = {
    "activity_id": "No.",
    "customer_ref": "Customer",
    "occurred_at": "When",
    "activity_type": "'visit'",
    "email": "Mail",
}


def shop(ending: str) -> str | bytes:
    rows = [
        {"No.": "7", "Customer": "K1", "When": "2026-01-02 9:30:00", "Mail": " Ada@X.org", "rating": "8", "Till": "3"}
    ]
    if ending == "csv":
        return csv_text(rows)
    if ending == "jsonl":
        return json.dumps(rows[0]) + "\n"
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), sink)
    return sink.getvalue()


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_a_map_is_the_same_in_every_format_and_hashes_a_plain_e_mail(tmp_path: Path, ending: str) -> None:
    case = Mapped(tmp_path, columns={"shop": MAP})
    case.deliver(f"partner/shop/{N1}/a.{ending}", shop(ending))
    case.night(N1, "partner")
    rows = "select activity_id, customer_ref, hour(occurred_at), activity_type, email_sha256, rating, unmapped"
    email = hashlib.sha256(b"ada@x.org").hexdigest()
    assert case.ask("partner", f"{rows} from ingest.activities") == [
        ("7", "K1", 9, "visit", email, 8.0, '{"Till":"3"}')
    ]


def test_dots_lead_into_objects(tmp_path: Path) -> None:
    columns = {
        "messageId": "id",
        "type": "'track'",
        "event": "what.name",
        "timestamp": "at",
        "anonymousId": "who.cookie",
    }
    case = Mapped(tmp_path, source="web", columns={"events": columns})
    row = {
        "id": "m1",
        "what": {"name": "buy", "n": 2},
        "at": "2026-01-02T10:00:00Z",
        "who": {"cookie": "a1"},
        "shop": "x",
    }
    case.deliver(f"web/events/{N1}/a.jsonl", json.dumps(row) + "\n")
    case.night(N1, "web")
    rows = case.ask("web", "select message_id, type, event, anonymous_id, properties from ingest.events")
    assert rows == [("m1", "track", "buy", "a1", '{"shop":"x"}')]


def test_a_file_without_a_mapped_column_is_refused_with_its_name(tmp_path: Path) -> None:
    case = Mapped(tmp_path, columns={"shop": MAP})
    case.deliver(f"partner/shop/{N1}/a.csv", csv_text([{"No.": "7", "Customer": "K1"}]))
    case.night(N1, "partner")
    assert case.reasons("partner") == [("a.csv", 2, "7", "missing_column: the file has no column When")]


def test_a_text_with_an_empty_part_is_empty(tmp_path: Path) -> None:
    case = Mapped(tmp_path, columns={"shop": MAP | {"customer_ref": "{Shop}/{Customer}"}})
    row = {"No.": "7", "Customer": "K1", "When": "2026-01-02", "Mail": "", "Shop": ""}
    case.deliver(f"partner/shop/{N1}/a.csv", csv_text([row, row | {"No.": "8", "Shop": "north"}]))
    case.night(N1, "partner")
    assert case.reasons("partner") == [("a.csv", 2, "7", "missing_value: customer_ref is empty")]
    assert case.ask("partner", "select customer_ref, email_sha256 from ingest.activities") == [("north/K1", None)]


def test_names_that_mean_something_to_sql_are_names(tmp_path: Path) -> None:
    hostile = 'x", (select 1) as "y'
    case = Mapped(tmp_path, columns={"shop": MAP | {"outcome": hostile, "category": "'it''s; drop'"}})
    row = {"No.": "7", "Customer": "K1", "When": "2026-01-02", "Mail": "", hostile: "fine"}
    text = ",".join('"' + key.replace('"', '""') + '"' for key in row) + "\n" + ",".join(row.values()) + "\n"
    case.deliver(f"partner/shop/{N1}/a.csv", text)
    case.night(N1, "partner")
    assert case.ask("partner", "select outcome, category from ingest.activities") == [("fine", "it''s; drop")]


TWICE = {"orders": {"amount": ("amount", "Total", "price.gross"), "currency": ("currency", "'EUR'")}}


def renamed(order_id: str, **others: Any) -> dict[str, Any]:
    """An order without what may be called otherwise, and with that instead."""
    return {name: ORDER[name] for name in ("crm_id", "ordered_at", "status")} | {"order_id": order_id} | others


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_of_several_names_of_a_column_the_first_that_is_not_empty_counts_in_each_row(
    tmp_path: Path, ending: str
) -> None:
    case = Mapped(tmp_path, source="crm", columns=TWICE, missing="stop")
    right = [ORDER | {"currency": "USD"}, ORDER | {"order_id": "O2", "amount": "", "currency": ""}]
    first = [row | {"Total": "7"} for row in right]
    second = [renamed("O3", Total="8")]
    for name, rows in (("a", first), ("b", second), ("c", right[:1])):
        path = case.deliver(f"crm/orders/{N1}/{name}.{ending}", jsonl(rows) if ending == "jsonl" else csv_text(rows))
        if ending == "parquet":
            pq.write_table(pa.Table.from_pylist(rows), path)
    crm(case, N1, csv_text([renamed("O4", **{"price.gross": "9"})]), name="d.csv")
    case.night(N1, "crm")
    rows_ = case.ask("crm", "select order_id, amount, currency, unmapped from ingest.orders order by 1")
    told = [("O2", 7.0, "EUR"), ("O3", 8.0, "EUR"), ("O4", 9.0, "EUR")]
    assert rows_ == [("O1", 10.5, "USD", None), *((*row, None) for row in told)]


def test_a_file_that_has_a_required_column_by_none_of_its_names_is_set_aside(tmp_path: Path) -> None:
    case = Mapped(tmp_path, source="crm", columns=TWICE, missing="stop")
    crm(case, N1, csv_text([renamed("O1", Sum="8")]))
    with pytest.raises(DeliveryError, match=r"the file has no column amount or Total or price\.gross"):
        case.night(N1, "crm")
    case.columns = {"orders": TWICE["orders"] | {"amount": ("amount", "Sum")}}
    case.night(N1, "crm")
    assert case.ask("crm", "select order_id, amount from ingest.orders") == [("O1", 8.0)], "the night is run again"


def test_a_consent_of_several_names_must_come_by_one_of_them(tmp_path: Path) -> None:
    consent = "consent_analytics"
    case = Mapped(tmp_path, source="crm", columns={"customers": {consent: (consent, "ok_stats")}}, missing="stop")
    crm(case, N1, csv_text([ORDER]))
    with pytest.raises(DeliveryError, match="no column consent_analytics or ok_stats"):
        case.night(N1, "crm")
    customers = [{"crm_id": "C1", "created_at": "2026-01-01", "ok_stats": "no"}]
    case.deliver(f"crm/customers/{N1}/customers.csv", csv_text(customers))
    case.night(N1, "crm")
    assert case.ask("crm", "select crm_id, consent_analytics from ingest.customers") == [("C1", False)]


def test_a_settings_file_lists_the_names_of_a_column(tmp_path: Path) -> None:
    file = tmp_path / "landmark.toml"
    file.write_text('[sources.crm.columns.orders]\namount = ["amount", "Total"]\nstatus = "State"\n')
    told = load_settings({"LANDMARK_SETTINGS": str(file), "LANDMARK_HASH_KEY": "k"}).sources["crm"].columns
    assert told == {"orders": {"amount": ("amount", "Total"), "status": "State"}}


@pytest.mark.parametrize(
    ("table", "told", "words"),
    [
        ("shop", {"no_such": "x"}, "no column 'no_such'"),
        ("shop", {"activity_id": []}, "nothing is told of column 'activity_id'"),
        ("shop", {"activity_id": ["x", " "]}, "nothing is told of column 'activity_id'"),
        ("shop", {"activity_id": " "}, "nothing is told of column 'activity_id'"),
    ],
)
def test_a_map_that_cannot_be_is_refused(tmp_path: Path, table: str, told: dict[str, Any], words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        load_settings({"LANDMARK_HASH_KEY": "k"}, sources={"partner": {"columns": {table: told}}})
    with pytest.raises(SettingsError, match="crm has no table 'shop'"):
        load_settings({"LANDMARK_HASH_KEY": "k"}, sources={"crm": {"columns": {"shop": {"crm_id": "x"}}}})


MENTIONS = {
    "id": "Mention Id",
    "platform": "Content Source",
    "author_handle": "Author",
    "created_at": "Date",
    "text": "Full Text",
    "lang": "Language",
    "likes": "Likes",
    "shares": "Reposts",
    "in_reply_to": "Thread Id",
    "city": "City",
}


@dataclass
class Listening(Mapped):
    """The same, of a tool that writes the month first."""

    @property
    def settings(self) -> Settings:
        settings = super().settings
        told = SourceSettings(columns=self.columns, dates="month_first")
        return settings.model_copy(update={"sources": {**settings.sources, self.source: told}})


def test_a_listening_tool_s_mentions_are_posts(tmp_path: Path) -> None:
    case = Listening(tmp_path, source="social", columns={"posts": MENTIONS})
    given = {"Mention Id": "m1", "Content Source": "forum", "Author": "@ann", "Date": "01/03/2026 9:30 PM"}
    row = given | {
        "Full Text": 'a "fine" day,\nreally',
        "Language": "en",
        "Likes": "3",
        "Reposts": "",
        "Sentiment": "pos",
    }
    rows = [row | {"Thread Id": "", "City": "Cork"}, row | {"Mention Id": "", "Thread Id": "m1", "City": ""}]
    case.deliver(f"social/posts/{N1}/mentions.csv", csv_text(rows))
    case.night(N1, "social")
    posts = "select post_id, platform, author_handle, cast(created_at as varchar), text, likes, shares, city, unmapped"
    assert case.ask("social", f"{posts} from ingest.posts") == [
        (
            "m1",
            "forum",
            "@ann",
            "2026-01-03 21:30:00",
            'a "fine" day,\nreally',
            3.0,
            None,
            "Cork",
            '{"Sentiment":"pos"}',
        )
    ]
    assert case.reasons("social") == [("mentions.csv", 4, "", "missing_value: id is empty")]


PRICES = {"date": "Day", "region": "Station", "factor": "price_{Product}", "value": "Price"}


def test_prices_are_factors_named_by_their_product(tmp_path: Path) -> None:
    case = Mapped(tmp_path, source="context", columns={"factors": PRICES})
    row = {"Day": "2026-01-02", "Station": "Cork", "Product": "fuel", "Price": "1.62"}
    rows = [row, row | {"Product": "rail", "Price": "9"}, row | {"Product": ""}]
    case.deliver(f"context/factors/{N1}/p.csv", csv_text(rows))
    case.night(N1, "context")
    found = case.ask(
        "context", "select cast(date as varchar), region, factor, value from ingest.factors order by factor"
    )
    assert found == [("2026-01-02", "Cork", "price_fuel", 1.62), ("2026-01-02", "Cork", "price_rail", 9.0)]
    assert [reason for *_, reason in case.reasons("context")] == ["missing_value: factor is empty"]


def test_the_maps_of_the_docs_are_those_that_are_tried() -> None:
    text = (Path(__file__).parents[2] / "docs" / "vendor-forms.md").read_text("utf-8")
    block = text.split("as a listening tool's CSV of mentions does:\n\n")[1]
    lines = [line for line in block.splitlines()[: len(MENTIONS) + 3] if line.startswith("    ")]
    told = tomllib.loads("\n".join(line[4:] for line in lines))["sources"]["social"]
    assert told == {"dates": "month_first", "columns": {"posts": MENTIONS}}
    prices = text.split("a factor a row:\n\n")[1].split("\n\n")[0]
    assert tomllib.loads(prices)["sources"]["context"]["columns"]["factors"] == PRICES


def test_a_value_and_a_part_of_it_can_both_be_named(tmp_path: Path) -> None:
    columns = MAP | {"category": "Price", "city": "Price.unit", "outcome": "Price.unit.name"}
    case = Mapped(tmp_path, columns={"shop": columns})
    row = {"No.": 1, "Customer": "c", "When": "2026-01-04", "What": "visit"}
    prices = ["plain", {"unit": "kg"}, {"unit": {"name": "g"}}, 7, None]
    lines = [row | {"No.": number, "Price": price} for number, price in enumerate(prices)]
    case.deliver(f"partner/shop/{N1}/a.jsonl", "".join(json.dumps(line) + "\n" for line in lines))
    case.night(N1, "partner")
    told = case.ask("partner", "select category, city, outcome from ingest.activities order by delivered_line")
    unit = '{"name":"g"}'
    assert told == [
        ("plain", None, None),
        ('{"unit":"kg"}', "kg", None),
        (f'{{"unit":{unit}}}', unit, "g"),
        ("7", None, None),
        (None, None, None),
    ]
