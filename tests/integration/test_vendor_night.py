"""A company whose CRM comes as HubSpot has it: the night takes the same people, orders and contacts in."""

import csv
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipeline import runner
from pipeline.catalog import Store
from pipeline.demo import generate
from pipeline.settings import load_settings

NIGHT = "2026-06-28"
Row = dict[str, str]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return generate(tmp_path_factory.mktemp("world"), people=120, nights=(NIGHT,), seed=5)


def rows_of(folder: Path) -> list[Row]:
    """The rows of a delivery that can be read, without those whose status no vendor could express."""
    (path,) = folder.glob("*.csv")
    with path.open(encoding="utf-8", newline="") as lines:
        rows = [row for row in csv.DictReader(lines) if None not in row and None not in row.values()]
    return [row for row in rows if "unknown_status" not in "".join(row.values())]


def put(folder: Path, rows: list[Row]) -> None:
    folder.mkdir(parents=True)
    with (folder / "a.csv").open("w", encoding="utf-8", newline="") as lines:
        out = csv.DictWriter(lines, list(rows[0]))
        out.writeheader()
        out.writerows(rows)


def contact(row: Row) -> Row:
    names = {"property_email": "email", "property_phone": "phone", "property_firstname": "first_name"}
    names |= {"property_lastname": "last_name", "property_date_of_birth": "birth_date", "property_address": "street"}
    names |= {"property_city": "city", "property_zip": "postcode", "property_country": "country"}
    names |= {"property_createdate": "created_at", "property_lastmodifieddate": "updated_at", "id": "crm_id"}
    return {theirs: row[ours] for theirs, ours in names.items()}


def deal(row: Row) -> Row:
    done = {"property_hs_is_closed_won": str(row["status"] == "completed").lower(), "property_hs_is_closed": "true"}
    names = {"deal_id": "order_id", "property_amount": "amount", "property_deal_currency_code": "currency"}
    names |= {"property_closedate": "ordered_at", "property_dealtype": "category"}
    return {theirs: row[ours] for theirs, ours in names.items()} | done


def link(left: str, ours: str) -> Callable[[Row], Row]:
    return lambda row: {left: row[ours], "contact_id": row["crm_id"]}


def call(row: Row) -> Row:
    names = {"engagement_id": "interaction_id", "property_hs_timestamp": "occurred_at", "property_hs_call_body": "text"}
    return {theirs: row[ours] for theirs, ours in names.items()}


def night(world: Path, exports: Path, data: Path, form: tuple[str, ...], merged: tuple[str, str]) -> Any:
    """The ingest and identity tables of a night."""
    from pipeline.sources.vendors import VENDORS

    assert set(form) <= set(VENDORS)
    if form:
        crm = world / "exports" / "crm"
        customers, orders, touches = (rows_of(crm / t / NIGHT) for t in ("customers", "orders", "interactions"))
        put(exports / "crm" / "contact" / NIGHT, [contact(row) for row in customers])
        put(exports / "crm" / "deal" / NIGHT, [deal(row) for row in orders])
        put(exports / "crm" / "deal_contact" / NIGHT, [link("deal_id", "order_id")(row) for row in orders])
        put(exports / "crm" / "engagement_call" / NIGHT, [call(row) for row in touches])
        engaged = [link("engagement_id", "interaction_id")(row) for row in touches]
        put(exports / "crm" / "engagement_contact" / NIGHT, engaged)
        merge = {"vid_to_merge": merged[0], "canonical_vid": merged[1], "timestamp": "2026-06-01 8:00:00"}
        put(exports / "crm" / "contact_merge_audit" / NIGHT, [merge])
    settings = load_settings(
        environ={},
        hash_key="k",
        exports=str(exports),
        journey_map=world / "journey.yml",
        data=data,
        sources={"crm": {"form": form}},
    )
    runner.run_night(settings, NIGHT, through="identity")
    (folder,) = (data / "builds" / NIGHT).iterdir()
    assert Store(data).read().published is None
    found = duckdb.connect()
    for table in ("customers", "orders", "interactions"):
        found.execute(f"create view {table} as from read_parquet('{folder}/ingest/crm/{table}/*.parquet')")
    identifiers = sorted(map(str, (folder / "identity").glob("identifiers*/*.parquet")))
    identifiers = identifiers or [str(folder / "identity" / "identifiers.parquet")]
    found.execute(f"create view identifiers as from read_parquet({identifiers})")
    return found


def test_a_hubspot_night_is_the_canonical_one_and_merges_what_hubspot_merged(world: Path, tmp_path: Path) -> None:
    plain = night(world, world / "exports", tmp_path / "plain", (), ("", ""))
    names = "select crm_id, lower(first_name), lower(last_name), created_at, updated_at, city from customers"
    (one, *_, other) = [row[0] for row in plain.execute(f"{names} where email is not null order by 1").fetchall()]
    shutil.copytree(world / "exports", tmp_path / "exports", ignore=shutil.ignore_patterns("crm"))
    theirs = night(world, tmp_path / "exports", tmp_path / "data", ("hubspot",), (one, other))
    status = "replace(status, 'refunded', 'cancelled')"  # a deal is won or lost, and never given back
    orders = f"select order_id, crm_id, ordered_at, {status}, amount, currency, category from orders"
    for rows in (names, orders):
        assert theirs.execute(f"{rows} order by all").fetchall() == plain.execute(f"{rows} order by all").fetchall()
    touches = "select crm_id, occurred_at, text from interactions order by all"
    assert theirs.execute(touches).fetchall() == plain.execute(touches).fetchall()
    who = "select customer_id from identifiers where identifier_kind = 'crm_id' and identifier_value = ?"
    ids = {theirs.execute(who, [crm_id]).fetchone() for crm_id in (one, other)}
    assert len(ids) == 1 and None not in ids
    assert plain.execute(who, [one]).fetchone() != plain.execute(who, [other]).fetchone()
