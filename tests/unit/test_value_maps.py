"""Deliveries whose values are in other words: what the value maps of the settings make of them."""

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import SettingsError
from pipeline.settings import load_settings
from tests.unit.dirt_case import NIGHT, Dirt, dirt
from tests.unit.ingest_case import CUSTOMER, ORDER, TOUCH, csv_text, jsonl

DUTCH = {
    "orders": {"status": {"voltooid": "completed", "geannuleerd": "cancelled", "terugbetaald": "refunded"}},
    "customers": {"consent_analytics": {"ja": "true", "nee": "false"}},
}
STATUSES = "select order_id, status from ingest.orders order by order_id"


def orders(*statuses: str) -> list[dict[str, str]]:
    return [ORDER | {"order_id": f"O{nth}", "status": status} for nth, status in enumerate(statuses, 1)]


def told(tmp_path: Path, values: dict[str, Any], **more: Any) -> Dirt:
    return dirt(tmp_path, crm={"values": values, **more})


def statuses(case: Dirt) -> dict[str, str]:
    rows = dict(case.ask("crm", STATUSES))
    assert rows.pop("good") == "completed"
    return rows


@pytest.mark.parametrize("text", [csv_text, jsonl])
def test_a_night_in_dutch(tmp_path: Path, text: Any) -> None:
    case = told(tmp_path, DUTCH)
    ending = "csv" if text is csv_text else "jsonl"
    people = [CUSTOMER | {"crm_id": f"C{n}", "consent_analytics": given} for n, given in enumerate(("Ja", " nee "), 2)]
    case.deliver(f"crm/customers/{NIGHT}/more.{ending}", text(people))
    rows = orders("voltooid", " VOLTOOID\t", "Geannuleerd", "terugbetaald", "Refunded", "in behandeling")
    case.orders(text(rows), f"more.{ending}")
    assert list(statuses(case).values()) == ["completed", "completed", "cancelled", "refunded", "refunded"]
    consents = "select crm_id, consent_analytics from ingest.customers where crm_id <> 'C1' order by all"
    assert case.ask("crm", consents) == [("C2", True), ("C3", False)]
    assert [record for _, _, record, _ in case.reasons("crm")] == ["O6"]


def test_without_a_map_the_reason_names_what_is_known_and_the_setting(tmp_path: Path) -> None:
    case = told(tmp_path, {}).orders(csv_text(orders("voltooid")))
    ((_, reason),) = case.codes("crm")
    assert reason.startswith("unknown_status: status is not among the known ones (completed, cancelled, refunded)")
    assert "sources.crm.values.orders.status" in reason


def test_accents_count_however_they_are_composed_and_a_word_may_mean_nothing(tmp_path: Path) -> None:
    values = {"orders": {"status": {"ANNULÉ": "cancelled"}, "category": {"onbekend": ""}}}
    rows = [row | {"category": "Onbekend"} for row in orders("annule\u0301", "Completed")]
    case = told(tmp_path, values).orders(
        csv_text([*rows, orders("completed")[0] | {"order_id": "O3", "category": "x"}])
    )
    found = case.ask("crm", "select status, category from ingest.orders where order_id <> 'good' order by order_id")
    assert found == [("cancelled", None), ("completed", None), ("completed", "x")]


def test_hostile_values_do_nothing(tmp_path: Path) -> None:
    hostile = "x'); drop table door.orders; --"
    values = {"orders": {"status": {hostile: "completed"}, "category": {"y": "' || (select 1) || '"}}}
    rows = [row | {"category": "y"} for row in orders(hostile, "'", 'a"b')]
    case = told(tmp_path, values).orders(csv_text(rows))
    assert statuses(case) == {"O1": "completed"}
    assert case.ask("crm", "select category from ingest.orders where order_id = 'O1'") == [("' || (select 1) || '",)]
    assert [record for _, _, record, _ in case.reasons("crm")] == ["O2", "O3"]


def test_what_a_column_map_makes_is_mapped_too(tmp_path: Path) -> None:
    case = told(tmp_path, DUTCH, columns={"orders": {"order_id": "Nr", "status": "Stand"}})
    row = {"Nr": "O1", "Stand": "Voltooid"} | {
        key: ORDER[key] for key in ("crm_id", "ordered_at", "amount", "currency")
    }
    case.deliver(f"crm/customers/{NIGHT}/c.csv", csv_text([CUSTOMER]))
    case.deliver(f"crm/interactions/{NIGHT}/i.csv", csv_text([TOUCH]))
    case.deliver(f"crm/orders/{NIGHT}/o.csv", csv_text([row]))
    case.night(NIGHT, "crm")
    assert case.ask("crm", STATUSES) == [("O1", "completed")]


def test_partners_and_events_by_their_own_names(tmp_path: Path) -> None:
    values = {"events": {"properties.outcome": {"gelukt": "done"}}}
    case = dirt(tmp_path, web={"values": values}, partner={"values": {"cabs": {"activity_type": {"rit": "ride"}}}})
    event = {"messageId": "m1", "type": "track", "event": "buy", "anonymousId": "a", "timestamp": "2026-01-01"}
    case.events(json.dumps(event | {"properties": {"outcome": "Gelukt"}}) + "\n")
    assert case.ask("web", "select outcome from ingest.events") == [("done",)]
    trip = {"activity_id": "1", "customer_ref": "r", "activity_type": "rit", "occurred_at": "2026-01-01"}
    for table in ("cabs", "trams"):
        case.deliver(f"partner/{table}/{NIGHT}/a.csv", csv_text([trip]))
    case.night(NIGHT, "partner")
    assert sorted(case.ask("partner", "select activity_type from ingest.activities")) == [("ride",), ("rit",)]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"sales": {"status": {"a": "b"}}}, "values.sales: crm has no table 'sales' .* customers, interactions, links"),
        (
            {"orders": {"state": {"a": "b"}}},
            "crm/orders has no column 'state' of words .*Did you mean status.* amount,",
        ),
        ({"orders": {"attributes": {"a": "b"}}}, "no column 'attributes'"),
        ({"orders": {"status": {" ": "b"}}}, "a word of 'status' of crm/orders is empty"),
        ({"orders": {"status": {"Ja": "completed", "ja ": "refunded"}}}, "'ja' of 'status' of crm/orders means both"),
    ],
)
def test_a_map_that_cannot_be_is_refused(values: dict[str, Any], words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        load_settings({"LANDMARK_HASH_KEY": "k"}, sources={"crm": {"values": values}})


def test_the_map_of_the_docs_is_the_one_that_is_tried(tmp_path: Path) -> None:
    text = (Path(__file__).parents[2] / "docs" / "vendor-forms.md").read_text("utf-8")
    block = text.split("## Value maps\n")[1].split("\n\n")[1]
    assert tomllib.loads(block)["sources"]["crm"]["values"] == DUTCH
    (tmp_path / "s.toml").write_text("\n".join(line[4:] for line in block.splitlines()), "utf-8")
    settings = load_settings({"LANDMARK_SETTINGS": str(tmp_path / "s.toml"), "LANDMARK_HASH_KEY": "k"})
    assert settings.sources["crm"].values == DUTCH
    variable = "LANDMARK_SOURCES__CRM__VALUES__ORDERS__STATUS__VOLTOOID"
    one = load_settings({variable: "completed", "LANDMARK_HASH_KEY": "k"}).sources["crm"].values
    assert one == {"orders": {"status": {"voltooid": "completed"}}}
