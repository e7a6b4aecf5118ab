"""Who refuses analytics does so in whatever row says it: in one that cannot be taken in as well."""

from pathlib import Path
from typing import Any

from tests.unit.ingest_case import CUSTOMER, ORDER, Case, csv_text

FIELDS = {**CUSTOMER, "updated_at": "", "consent_analytics": "true"}
BAD = {"created_at": "32/13/2026", "consent_analytics": "false"}


def deliver(case: Case, night: str, *rows: dict[str, Any]) -> Case:
    case.deliver(f"crm/customers/{night}/customers.csv", csv_text([{**FIELDS, **row} for row in rows]))
    case.deliver(f"crm/orders/{night}/orders.csv", csv_text([{**ORDER, "order_id": f"O-{night}"}]))
    touch = "interaction_id,crm_id,occurred_at,channel,type\n"
    case.deliver(f"crm/interactions/{night}/i.csv", f"{touch}I-{night},C1,2026-01-01T10:00:00Z,shop,visit\n")
    return case.night(night, "crm")


def refusing(case: Case) -> list[tuple[Any, ...]]:
    return case.ask("crm", "select record_id, is_refusal from ingest.quarantine order by all")


def test_a_refusal_in_a_row_that_is_set_aside_is_kept_from_night_to_night(tmp_path: Path) -> None:
    rows = [{"crm_id": "C1"}, {"crm_id": "C2", **BAD}, {"crm_id": "C3", **BAD, "consent_analytics": "true"}]
    case = deliver(Case(tmp_path), "2026-01-02", *rows, {"crm_id": "", **BAD})
    wanted = [("", False), ("C2", True), ("C3", False)]
    assert refusing(case) == wanted
    assert refusing(deliver(case, "2026-01-03", {"crm_id": "C4"})) == wanted


def test_a_row_that_cannot_be_read_tells_of_no_refusal(tmp_path: Path) -> None:
    case = Case(tmp_path)
    head = "crm_id,created_at,consent_analytics\n"
    case.deliver("crm/customers/2026-01-02/more.csv", f"{head}C2,2026-01-01T00:00:00Z,false,more,and more\n")
    assert refusing(deliver(case, "2026-01-02", {"crm_id": "C1"})) == [("C2", False)]
