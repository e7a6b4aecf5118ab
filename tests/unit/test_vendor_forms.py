"""Deliveries in vendors' own forms: every file of the sample exports read whole, and what joins over nights."""

import csv
import hashlib
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

from pipeline.errors import SettingsError
from pipeline.identity.decisions import LINK
from pipeline.identity.rulings import _merged
from pipeline.privacy import tombstones
from pipeline.settings import Settings, SourceSettings, load_settings
from pipeline.sources.vendors import TABLES, VENDORS, landed_route, route
from tests.unit.ingest_case import Case, csv_text

N1, N2 = "2026-01-05", "2026-01-06"
CONTACT = {"id": "c1", "property_email": "a@x.org", "property_createdate": "2026-01-01 9:00:00"}
DEAL = {
    "deal_id": "d1",
    "property_hs_is_closed_won": "true",
    "property_amount": "10",
    "property_deal_currency_code": "EUR",
    "property_closedate": "2026-01-02",
    "property_color": "red",
}


@dataclass
class Vendor(Case):
    """A CRM in these vendors' forms."""

    form: tuple[str, ...] = ("hubspot",)

    @property
    def settings(self) -> Settings:
        settings = super().settings
        crm = SourceSettings(missing="warn", form=self.form)
        return settings.model_copy(update={"sources": {**settings.sources, "crm": crm}})


def records(path: Path) -> int:
    with path.open(encoding="utf-8", newline="") as lines:
        return sum(1 for row in csv.reader(lines) if row) - 1


@pytest.mark.parametrize(
    ("vendor", "accepted"),
    [
        ("hubspot", {"contact": 22, "contact_merge_audit": 4, "deal_contact": 11, "ticket_contact": 9}),
        ("salesforce", {"contact": 4, "lead": 1, "task": 10, "event": 10}),
        ("zendesk", {"user": 9, "ticket": 8}),
    ],
)
def test_every_sample_file_is_read_whole(tmp_path: Path, shared: Path, vendor: str, accepted: dict[str, int]) -> None:
    case, expected = Vendor(tmp_path, form=(vendor,)), {}
    for path in sorted((shared / "data" / "formats" / vendor).glob("*.csv")):
        table = path.stem.removesuffix("_data").removeprefix("sf_")
        case.deliver(f"crm/{table}/{N1}/{path.name}", path.read_bytes())
        expected[table] = records(path)
    case.night(N1, "crm")
    files = case.ask("crm", "select table_name, arrived, accepted, superseded, quarantined, not_ours from ingest.files")
    assert {table: arrived for table, arrived, *_ in files} == expected
    assert all(arrived == sum(fates) for _, arrived, *fates in files)
    assert {table: taken for table, _, taken, *_ in files if table in accepted} == accepted
    codes = case.ask("crm", "select distinct split_part(reason, ':', 1) from ingest.quarantine")
    assert {code for (code,) in codes} == {"unmatched"}
    assert len(case.not_ours("crm")) == sum(not_ours for *_, not_ours in files) > 0


def test_a_deal_is_an_order_with_the_company_s_own_properties_as_attributes(tmp_path: Path) -> None:
    case = Vendor(tmp_path)
    case.deliver(f"crm/contact/{N1}/a.csv", csv_text([CONTACT]))
    case.deliver(f"crm/hubspot__deal/{N1}/a.csv", csv_text([DEAL, DEAL | {"deal_id": "d2"}]))
    case.deliver(f"crm/deal_contact/{N1}/a.csv", csv_text([{"deal_id": "d1", "contact_id": "c1"}]))
    case.night(N1, "crm")
    orders = case.ask(
        "crm", "select order_id, crm_id, status, amount, attributes ->> 'property_color' from ingest.orders"
    )
    assert orders == [("d1", "c1", "completed", 10.0, "red")]
    assert case.reasons("crm") == [("a.csv", 3, "d2", "unmatched: no contact of the deal has arrived in deal_contact")]


def test_a_replaced_row_is_counted_in_its_vendor_s_folder(tmp_path: Path) -> None:
    case = Vendor(tmp_path)
    for night, name in ((N1, "ada"), (N2, "eve")):
        row = CONTACT | {"property_firstname": name, "_fivetran_synced": f"{night} 01:00:00"}
        case.deliver(f"crm/contact/{night}/a.csv", csv_text([row]))
        case.night(night, "crm")
    assert case.ask("crm", "select crm_id, first_name from ingest.customers") == [("c1", "eve")]
    files = "select table_name, cast(night as varchar), accepted, superseded from ingest.files order by night"
    assert case.ask("crm", files) == [("contact", N1, 0, 1), ("contact", N2, 1, 0)]


def test_what_counts_for_nothing_is_counted_and_its_text_is_not_kept(tmp_path: Path) -> None:
    case = Vendor(tmp_path)
    case.deliver(f"crm/contact/{N1}/a.csv", csv_text([CONTACT]))
    case.deliver(f"crm/owner/{N1}/a.csv", csv_text([{"email": "secret@x.org"}]) + '"torn\n')
    case.night(N1, "crm")
    assert [reason for *_, reason in case.not_ours("crm")] == ["not_ours: nothing of this table counts here"]
    (reason,) = [reason for *_, reason in case.reasons("crm")]
    assert reason.startswith("unreadable")
    assert any("1 quarantined (1 unreadable), 1 not ours" in line for line in case.logs)
    kept = (tmp_path / "data" / "quarantine" / N1 / "crm__owner.jsonl").read_text()
    assert "torn" in kept
    assert "secret" not in kept


def test_nights_of_old_have_both_in_one_table(tmp_path: Path) -> None:
    case = Vendor(tmp_path)
    for night in (N1, N2):
        case.deliver(f"crm/contact/{night}/a.csv", csv_text([CONTACT | {"_fivetran_deleted": "true"}]))
    case.night(N1, "crm")
    (build,) = (tmp_path / "data" / "builds" / N1).glob("*/ingest/crm")
    with duckdb.connect() as connection:
        connection.execute(f"copy (from '{build}/not_ours.parquet') to '{build}/quarantine.parquet'")
    (build / "not_ours.parquet").unlink()
    case.night(N2, "crm")
    assert len(case.not_ours("crm")) == 2
    assert case.reasons("crm") == []


def test_canonical_tables_stay_what_they_are_beside_a_vendor_s(tmp_path: Path) -> None:
    case = Vendor(tmp_path, form=("zendesk",))
    case.deliver(f"crm/customers/{N1}/a.csv", csv_text([{"crm_id": "C1", "created_at": "2026-01-01"}]))
    user = {"id": "7", "name": "Ada Lund", "role": "end-user", "created_at": "2026-01-01 00:00:00"}
    case.deliver(f"crm/user/{N1}/a.csv", csv_text([user]))
    case.night(N1, "crm")
    assert case.ask("crm", "select crm_id from ingest.customers order by all") == [("C1",), ("zendesk/7",)]
    files = case.ask("crm", "select table_name, accepted from ingest.files order by all")
    assert files == [("customers", 1), ("user", 1)]


def test_without_the_setting_a_vendor_s_folder_is_left_and_told(tmp_path: Path) -> None:
    case = Vendor(tmp_path, form=())
    case.deliver(f"crm/contact/{N1}/a.csv", csv_text([CONTACT]))
    case.night(N1, "crm")
    assert any("left" in line and "has no such table" in line for line in case.logs)


def test_a_merge_in_the_crm_is_a_decision_to_link(tmp_path: Path) -> None:
    case = Vendor(tmp_path)
    case.deliver(f"crm/contact/{N1}/a.csv", csv_text([CONTACT]))
    merge = {"vid_to_merge": "c9", "canonical_vid": "c1", "timestamp": "2026-01-02 10:00:00"}
    case.deliver(f"crm/contact_merge_audit/{N1}/a.csv", csv_text([merge]))
    case.night(N1, "crm")

    class Session:
        connection = case.connection("crm")

    found = list(_merged(Session()))  # type: ignore[arg-type]
    assert [(d.action, d.left, d.right) for d in found] == [(LINK, ("crm_id", "c9"), ("crm_id", "c1"))]


def test_an_unknown_vendor_is_refused_and_crm_still_must_deliver() -> None:
    with pytest.raises(SettingsError, match="unknown form 'hubspo'"):
        load_settings({"LANDMARK_SOURCES__CRM__FORM": "hubspo", "LANDMARK_HASH_KEY": "k"})
    settings = load_settings({"LANDMARK_SOURCES__CRM__FORM": "hubspot, zendesk", "LANDMARK_HASH_KEY": "k"})
    assert settings.sources["crm"].form == ("hubspot", "zendesk")
    assert settings.sources["crm"].missing == "stop"


def test_a_folder_is_the_first_vendor_s_that_has_such_a_table() -> None:
    both = SourceSettings(form=("zendesk", "hubspot"))
    ways = [route("crm", folder, both) for folder in ("ticket", "hubspot__ticket", "orders", "no_such")]
    told = [way and (way.vendor.name if way.vendor else way.form.name) for way in ways]
    assert told == ["zendesk__ticket", "hubspot__ticket", "orders", None]
    nothing = SourceSettings()
    assert route("crm", "deal", nothing) is None
    found = landed_route("crm", "deal", nothing)
    assert found and found.vendor and found.vendor.name == "hubspot__deal"
    assert len({table.name for table in TABLES}) == len(TABLES)
    assert {table.vendor for table in TABLES} == set(VENDORS)


def test_who_was_erased_does_not_come_back_in_a_vendor_s_table(tmp_path: Path) -> None:
    case = Vendor(tmp_path)
    key = case.settings.hash_key
    gone = [("crm_id", "c9"), ("order_id", "d9"), ("email", hashlib.sha256(b"gone@x.org").hexdigest())]
    hashes = tuple(tombstones.hashed(kind, value, key) for kind, value in gone)
    tombstones.add(case.settings, tombstones.Tombstone("2026-01-01", "Cgone", tombstones.key_mark(key), hashes, {}))
    case.deliver(f"crm/contact/{N1}/a.csv", csv_text([CONTACT, CONTACT | {"id": "c9"}]))
    case.deliver(f"crm/deal/{N1}/a.csv", csv_text([DEAL, DEAL | {"deal_id": "d9"}]))
    links = [{"deal_id": deal, "contact_id": contact} for deal, contact in (("d1", "c1"), ("d9", "c9"))]
    case.deliver(f"crm/deal_contact/{N1}/a.csv", csv_text(links))
    case.deliver(f"crm/users/{N1}/a.csv", csv_text([{"email": "kept@x.org"}, {"email": "Gone@x.org"}]))
    case.night(N1, "crm")
    files = case.ask("crm", "select table_name, arrived, accepted, not_ours, erased from ingest.files order by all")
    told = [("contact", 2, 1, 0, 1), ("deal", 2, 1, 0, 1), ("deal_contact", 2, 1, 0, 1), ("users", 2, 0, 1, 1)]
    assert files == told
    landed = "".join(path.read_text() for path in case.settings.data.glob("landing/crm/*/*/*"))
    assert "kept@x.org" in landed
    assert not any(value in landed for value in ("c9", "d9", "Gone"))


LATER = {
    N1: {
        "contact": [CONTACT],
        "deal": [DEAL, DEAL | {"deal_id": "d2"}, DEAL | {"deal_id": "d3", "property_amount": "-"}],
    },
    N2: {"deal_contact": [{"deal_id": d, "contact_id": c} for d, c in (("d1", "c1"), ("d1", "c2"), ("d3", "c1"))]},
    "2026-01-07": {"deal_contact": [{"deal_id": "d1", "contact_id": "c0"}, {"deal_id": "d9", "contact_id": "c1"}]},
    "2026-01-13": {"deal_contact": [{"deal_id": "d2", "contact_id": "c1"}]},
}


def deliver_later(case: Case) -> None:
    for night, tables in LATER.items():
        for table, rows in tables.items():
            case.deliver(f"crm/{table}/{night}/a.csv", csv_text(rows))


@pytest.mark.parametrize("nights", [list(LATER), list(LATER)[1:], list(LATER)[-1:]])
def test_a_deal_waits_a_week_for_its_contact_however_the_nights_are_run(tmp_path: Path, nights: list[str]) -> None:
    case = Vendor(tmp_path)
    deliver_later(case)
    for night in nights:
        case.night(night, "crm")
    orders = "select order_id, crm_id, cast(delivered_night as varchar), delivered_line from ingest.orders"
    assert case.ask("crm", orders) == [("d1", "c1", N1, 2)]
    assert case.reasons("crm") == [
        ("a.csv", 3, "d2", "unmatched: no contact of the deal has arrived in deal_contact"),
        ("a.csv", 4, "d3", "bad_number: amount is not a number"),
    ]
    deals = "select arrived, accepted, superseded, quarantined, not_ours from ingest.files where table_name = 'deal'"
    assert case.ask("crm", deals) == [(3, 1, 0, 2, 0)]


def test_an_answer_waits_for_its_ticket_that_waits_for_nothing(tmp_path: Path) -> None:
    comment = {
        "id": "1",
        "ticket_id": "7",
        "user_id": "agent",
        "created": "2026-01-02 10:00:00",
        "public": "TRUE",
        "body": "ok",
    }
    ticket = {"id": "7", "requester_id": "a", "created_at": "2026-01-01 10:00:00", "status": "open"}
    for name, nights in (("each", (N1, N2)), ("both", (N2,))):
        case = Vendor(tmp_path / name, form=("zendesk",))
        case.deliver(f"crm/ticket_comment/{N1}/a.csv", csv_text([comment]))
        case.deliver(f"crm/ticket/{N2}/a.csv", csv_text([ticket]))
        for night in nights:
            case.night(night, "crm")
        found = case.ask("crm", "select interaction_id, crm_id, type from ingest.interactions order by all")
        assert found == [("zendesk/comment/1", "zendesk/a", "reply"), ("zendesk/ticket/7", "zendesk/a", "ticket")]
        assert case.reasons("crm") == []
