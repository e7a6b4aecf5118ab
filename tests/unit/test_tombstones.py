"""Who was erased does not come back: a row that gives a value of theirs is counted and kept nowhere."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import SettingsError, StageError
from pipeline.privacy import tombstones
from tests.unit.ingest_case import CUSTOMER, EVENT, ORDER, TOUCH, Case, crm, csv_text, jsonl

NIGHT = "2026-01-02"
MAIL = "ann@x.example"


@pytest.fixture
def case(tmp_path: Path) -> Case:
    return Case(tmp_path)


def bury(case: Case, *values: tuple[str, str]) -> None:
    key = case.settings.hash_key
    hashes = tuple(tombstones.hashed(kind, value, key) for kind, value in values)
    tombstones.add(case.settings, tombstones.Tombstone("2026-01-01", "Cgone", tombstones.key_mark(key), hashes, {}))


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.mark.parametrize(
    ("value", "given"),
    [
        (("crm_id", "C9"), {"crm_id": "C9"}),
        (("email", sha(MAIL)), {"email": " Ann@X.Example "}),
        (("email", sha("ann@x.example")), {"email": "ann+news@x.example"}),
        (("email", sha("abc@gmail.com")), {"email": "A.b.c+x@googlemail.com"}),
        (("loyalty_id", "L77"), {"loyalty_id": " l77"}),
        (("social_handle", "ann"), {"social_handle": "@Ann"}),
    ],
)
def test_a_customer_row_that_gives_a_value_is_kept_nowhere(
    case: Case, value: tuple[str, str], given: dict[str, str]
) -> None:
    bury(case, value)
    rows = [CUSTOMER, {**CUSTOMER, "crm_id": "C8", "email": "", "phone": "", "country": "", **given}]
    head = {name: "" for row in rows for name in row}
    crm(case, NIGHT, csv_text([ORDER]))
    case.deliver(f"crm/customers/{NIGHT}/customers.csv", csv_text([{**head, **row} for row in rows]))
    case.night(NIGHT, "crm")
    assert case.ask("crm", "select crm_id from ingest.customers") == [("C1",)]
    files = "select arrived, accepted, erased from ingest.files where table_name = 'customers'"
    assert case.ask("crm", files) == [(2, 1, 1)]
    landed = "".join(path.read_text() for path in case.settings.data.glob("landing/crm/customers/*/*"))
    assert "C8" not in landed and "C1" in landed


@pytest.mark.parametrize("phone", [{"phone": "086 123 4567", "country": "IE"}, {"phone": "+353 86 1234567"}])
def test_somebody_else_of_the_household_is_not_erased_for_the_phone(case: Case, phone: dict[str, str]) -> None:
    bury(case, ("phone", "353861234567"))
    crm(case, NIGHT, csv_text([ORDER]))
    case.deliver(f"crm/customers/{NIGHT}/customers.csv", csv_text([{**CUSTOMER, "country": "", **phone}]))
    case.night(NIGHT, "crm")
    assert case.ask("crm", "select crm_id from ingest.customers") == [("C1",)]


def test_events_of_the_cookie_the_order_and_the_torn_line_go(case: Case) -> None:
    bury(case, ("anonymous_id", "cookie-9"), ("order_id", "O9"), ("message_id", "m4"))
    events: list[dict[str, Any]] = [
        EVENT,
        {**EVENT, "messageId": "m2", "anonymousId": "cookie-9"},
        {**EVENT, "messageId": "m3", "properties": {"order_id": "O9"}},
        {**EVENT, "messageId": "m4"},
        {**EVENT, "messageId": "m6", "anonymousId": "cookie-9", "userId": "another"},
    ]
    torn = json.dumps({**EVENT, "messageId": "m5", "anonymousId": "cookie-9"})[:-10]
    case.deliver(f"web/events/{NIGHT}/e.jsonl.gz", jsonl(events) + torn + "\n" + '{"torn": \n')
    case.night(NIGHT, "web")
    assert case.ask("web", "select message_id from ingest.events order by message_id") == [("m1",), ("m6",)]
    assert case.ask("web", "select arrived, accepted, quarantined, erased from ingest.files") == [(7, 2, 1, 4)]
    assert [line for _, line, _, _ in case.reasons("web")] == [7]
    raw = (case.settings.data / "quarantine" / NIGHT / "web__events.jsonl").read_text()
    assert "cookie-9" not in raw


def test_the_same_night_again_and_the_next_one_count_the_same(case: Case) -> None:
    bury(case, ("anonymous_id", "cookie-9"))
    gone = {**EVENT, "messageId": "m2", "anonymousId": "cookie-9"}
    case.deliver(f"web/events/{NIGHT}/e.jsonl", jsonl([EVENT, gone]))
    case.night(NIGHT, "web")
    first = case.ask("web", "select * from ingest.files")
    case.night(NIGHT, "web")
    assert case.ask("web", "select * from ingest.files") == first
    case.deliver("web/events/2026-01-03/e.jsonl", jsonl([gone]))
    case.night("2026-01-03", "web")
    accounts = case.ask("web", "select arrived, accepted, erased from ingest.files order by night")
    assert accounts == [(2, 1, 1), (1, 0, 1)]


def test_a_delivery_of_nothing_but_erased_rows_is_a_delivery(case: Case) -> None:
    bury(case, ("crm_id", "C9"))
    crm(case, NIGHT, csv_text([ORDER]))
    case.night(NIGHT, "crm")
    rows = {"customers": CUSTOMER, "interactions": TOUCH, "orders": {**ORDER, "order_id": "O2"}}
    for table, row in rows.items():
        case.deliver(f"crm/{table}/2026-01-03/a.csv", csv_text([{**row, "crm_id": "C9"}]))
    case.night("2026-01-03", "crm")
    assert case.ask("crm", "select sum(erased) from ingest.files") == [(3,)]


def test_another_partner_s_equal_number_is_another_s(case: Case) -> None:
    bury(case, ("partner:cabs", "17"))
    for partner in ("cabs", "tours"):
        row = {"activity_id": "A1", "customer_ref": "17", "occurred_at": "2026-01-01", "activity_type": "ride"}
        case.deliver(f"partner/{partner}/{NIGHT}/a.csv", csv_text([row]))
    case.night(NIGHT, "partner")
    assert case.ask("partner", "select partner from ingest.activities") == [("tours",)]


def test_another_key_is_refused(case: Case) -> None:
    bury(case, ("crm_id", "C9"))
    other = case.settings.model_copy(update={"hash_key": "another"})
    with pytest.raises(SettingsError, match="another hash_key"):
        tombstones.read(other)


def test_a_damaged_file_is_told(case: Case) -> None:
    tombstones.write_private(tombstones.path_of(case.settings.data), "{}\n")
    with pytest.raises(StageError, match="tombstones are damaged"):
        tombstones.read(case.settings)


@pytest.mark.parametrize("key", ["k", "k" * 64, "ü" * 60])
def test_the_database_hashes_as_python_does(case: Case, key: str) -> None:
    from pipeline.warehouse import Session

    with Session(case.settings, "personal", case.root, case.root / "spill") as session:
        tombstones.define_hashed(session, key)
        for value in ("crm_id|C'1", "email|ä", "x|" + "y" * 200):
            kind, _, rest = value.partition("|")
            found = session.connection.execute("select personal.hashed(?)", [value]).fetchall()
            assert found == [(tombstones.hashed(kind, rest, key),)]
