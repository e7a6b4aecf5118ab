"""Folders that are called otherwise than our tables: read as the table that the settings say they are."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import DeliveryError, SettingsError
from pipeline.onboarding.check_words import told
from pipeline.settings import load_settings
from tests.unit.dirt_case import NIGHT, Dirt, dirt
from tests.unit.ingest_case import CUSTOMER, ORDER, TOUCH, csv_text
from tests.unit.test_sources_check import checked, pasted

FOLDERS = {"klanten": "customers", "klanten be": "customers", "bestellingen": "orders"}


def dutch(tmp_path: Path, **more: Any) -> Dirt:
    """A CRM that must deliver, whose customers lie in this folder and have their id in the column Nr."""
    case = dirt(tmp_path, stop=("crm",), crm={"folders": FOLDERS, **more})
    case.deliver(f"crm/klanten/{NIGHT}/a.csv", csv_text([{"Nr": "C1", "created_at": CUSTOMER["created_at"]}]))
    case.deliver(f"crm/bestellingen/{NIGHT}/a.csv", csv_text([ORDER]))
    case.deliver(f"crm/interactions/{NIGHT}/a.csv", csv_text([TOUCH]))
    return case


COLUMNS: dict[str, Any] = {"columns": {"customers": {"crm_id": "Nr"}}}
FILES = "select table_name, file, arrived, accepted from ingest.files order by all"


def test_what_lies_in_it_is_the_table_s_everywhere(tmp_path: Path) -> None:
    case = dutch(tmp_path, **COLUMNS)
    case.night(NIGHT, "crm")
    assert case.ask("crm", FILES) == [
        ("customers", "klanten__a.csv", 1, 1), ("interactions", "a.csv", 1, 1), ("orders", "bestellingen__a.csv", 1, 1),
    ]  # fmt: skip
    assert case.ask("crm", "select crm_id from ingest.customers") == [("C1",)]
    lines = (case.settings.data / "landing/crm/manifest.jsonl").read_text().splitlines()
    landed = {line["table"]: line for line in map(json.loads, lines)}
    assert landed["customers"]["path"] == f"crm/customers/{NIGHT}/klanten__a.csv"
    assert landed["customers"]["origin"].endswith(f"crm/klanten/{NIGHT}/a.csv")
    assert not case.said("missing")


def test_several_folders_are_one_table_whatever_their_files_are_called(tmp_path: Path) -> None:
    case = dutch(tmp_path, **COLUMNS)
    case.deliver(f"crm/klanten be/{NIGHT}/a.csv", csv_text([{"Nr": "B1", "created_at": "2026-01-01"}]))
    case.deliver(f"crm/customers/{NIGHT}/a.csv", csv_text([{"Nr": "D1", "created_at": "2026-01-01"}]))
    case.night(NIGHT, "crm")
    assert case.ask("crm", "select crm_id from ingest.customers order by all") == [("B1",), ("C1",), ("D1",)]


def test_what_landed_stands_when_nothing_is_told_any_more(tmp_path: Path) -> None:
    case = dutch(tmp_path, **COLUMNS)
    case.night(NIGHT, "crm")
    case.told = {"crm": {"without": ["customers", "orders"], **COLUMNS}}
    case.deliver("crm/interactions/2026-01-06/b.csv", csv_text([TOUCH | {"interaction_id": "I2"}]))
    case.deliver("crm/klanten/2026-01-06/b.csv", csv_text([{"Nr": "C2", "created_at": "2026-01-01"}]))
    case.night("2026-01-06", "crm")
    assert case.ask("crm", "select crm_id from ingest.customers") == [("C1",)]
    assert case.said("left:", "klanten", "sources.crm.folders tells which of them a folder is")


def test_a_checksum_beside_it_is_of_the_file_as_it_is_called_there(tmp_path: Path) -> None:
    case = dutch(tmp_path, **COLUMNS)
    place = tmp_path / "exports" / "crm" / "klanten" / NIGHT
    (place / "SHA256SUMS").write_text(f"{hashlib.sha256((place / 'a.csv').read_bytes()).hexdigest()}  a.csv\n")
    assert case.night(NIGHT, "crm").ask("crm", "select count(*) from ingest.customers") == [(1,)]
    other = dutch(tmp_path / "other", **COLUMNS)
    (tmp_path / "other/exports/crm/klanten" / NIGHT / "SHA256SUMS").write_text(f"{'0' * 64}  a.csv\n")
    with pytest.raises(DeliveryError, match="not what its checksum"):
        other.night(NIGHT, "crm")


def test_a_vendor_s_table_may_lie_in_it_too(tmp_path: Path) -> None:
    case = dirt(tmp_path, crm={"form": ["zendesk"], "folders": {"mensen": "zendesk__user"}})
    row = {"id": "7", "role": "end-user", "email": "a@b.example", "created_at": "2026-01-01T00:00:00Z", "name": "A B"}
    case.deliver(f"crm/mensen/{NIGHT}/u.csv", csv_text([row | {"updated_at": row["created_at"]}]))
    case.night(NIGHT, "crm")
    assert case.ask("crm", "select table_name, file, arrived from ingest.files") == [
        ("zendesk__user", "mensen__u.csv", 1)
    ]
    assert case.ask("crm", "select crm_id from ingest.customers") == [("zendesk/7",)]


def test_what_tools_leave_behind_stays_left_and_two_files_are_never_one(tmp_path: Path) -> None:
    case = dutch(tmp_path, **COLUMNS)
    case.deliver(f"crm/klanten/{NIGHT}/_part.csv", "x")
    assert len(case.night(NIGHT, "crm").ask("crm", FILES)) == 3
    case.deliver(f"crm/customers/{NIGHT}/klanten__a.csv", "x")
    with pytest.raises(DeliveryError, match="two files would be one"):
        case.night(NIGHT, "crm")


@pytest.mark.parametrize(
    ("folders", "words"),
    [
        ({"klanten": "customer"}, 'crm has no table .customer. .*klanten = "customer".*Did you mean customers'),
        ({"klanten": "user"}, "crm has no table 'user'"),
        ({"../x": "customers"}, "is no folder of crm"),
        ({"..": "customers"}, "is no folder of crm"),
        ({"a/b": "customers"}, "is no folder of crm"),
        ({"a\nb": "customers"}, "is no folder of crm"),
        ({"": "customers"}, "is no folder of crm"),
        ({"klanten": ["customers"]}, "sources.crm.folders"),
    ],
)
def test_what_can_be_no_folder_or_is_no_table_is_refused(folders: dict[str, Any], words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        load_settings({"LANDMARK_HASH_KEY": "k"}, sources={"crm": {"folders": folders}})


def test_a_partner_s_folder_may_get_a_name_but_none_that_leads_elsewhere(tmp_path: Path) -> None:
    trip = {"activity_id": "1", "customer_ref": "r", "activity_type": "ride", "occurred_at": "2026-01-01"}
    case = dirt(tmp_path, partner={"folders": {"Taxi'; drop": "taxi"}})
    case.deliver(f"partner/Taxi'; drop/{NIGHT}/a.csv", csv_text([trip]))
    case.night(NIGHT, "partner")
    assert case.ask("partner", "select partner, delivered_file from ingest.activities") == [
        ("taxi", "taxi/Taxi'; drop__a.csv")
    ]
    with pytest.raises(SettingsError, match=r"could be '\.\./crm'"):
        load_settings({"LANDMARK_HASH_KEY": "k"}, sources={"partner": {"folders": {"taxi": "../crm"}}})


def test_sources_check_proposes_it_and_reads_by_it(tmp_path: Path) -> None:
    case = dutch(tmp_path)
    people = [{"Client No": f"K{n}", "Registered": "2025-01-01", "Mail": "a@b.example"} for n in range(3)]
    case.deliver(f"crm/klanten/{NIGHT}/a.csv", csv_text(people))
    found = checked(tmp_path)
    proposed = pasted(found)["sources"]["crm"]  # type: ignore[index]
    assert proposed["folders"] == {"bestellingen": "orders", "klanten": "customers"}
    assert proposed["columns"]["customers"] == {"crm_id": "Client No", "created_at": "Registered", "email": "Mail"}
    again = checked(tmp_path, crm=proposed)
    accepted = {table.table: table.fates["accepted"] for table in again.tables}
    assert accepted == {"customers": 3, "interactions": 1, "orders": 1}
    assert again.left == [] and again.stops == [] and "Settings to add" not in "\n".join(told(again))


def test_two_folders_that_look_like_one_table_give_settings_that_can_be_pasted(tmp_path: Path) -> None:
    case = dutch(tmp_path)
    for folder, number in (("klanten", "Client No"), ("leden", "Member No")):
        row = {number: "K1", "Registered": "2025-01-01", "Mail": "a@b.example"}
        case.deliver(f"crm/{folder}/{NIGHT}/a.csv", csv_text([row]))
    proposed = pasted(checked(tmp_path))["sources"]["crm"]  # type: ignore[index]
    assert proposed["folders"] == {"bestellingen": "orders", "klanten": "customers", "leden": "customers"}
    assert proposed["columns"]["customers"]["crm_id"] == "Client No"
