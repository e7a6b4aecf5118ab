"""landmark identity ledger: what became of a customer, night by night, and the map of any night by the ledger alone."""

from pathlib import Path
from typing import Any

from pipeline.answers.masks import shown
from pipeline.catalog import parse_night
from pipeline.errors import NightError
from pipeline.identity.decisions import read_decisions
from pipeline.identity.lookup import Standing, is_text, person, reading
from pipeline.settings import Settings

Document = dict[str, Any]

# identifiers that are personal data as they are; the company's and its partners' own numbers are what is asked by
_PERSONAL = ("social_handle", "loyalty_id", "anonymous_id")


def ledger(settings: Settings, text: str | None, night: str | None = None, *, plain: bool = False) -> Document:
    """The ledger's entries on a customer (or KIND:VALUE), oldest first; without one, each night's events counted.

    night: up to that night only. An id that merged, split or was erased is found as well.
    """
    with reading(settings) as standing:
        until = _night(standing, night)
        if text is None:
            return {"night": until, "customer_id": None, "nights": _counts(standing, until)}
        customer_id = _customer(standing, text)
        asked = [customer_id, until, _decided(standing, customer_id)]
        entries = [_entry(row, plain) for row in standing.table(_STORY, asked)]
        return {"night": until, "customer_id": customer_id, "entries": entries}


def write_map(settings: Settings, path: Path, night: str | None = None) -> Document:
    """Writes the map of a night (who held which identifier), replayed from the ledger alone, as Parquet."""
    from pipeline.estimators.identity.ledger import MAPPED, replay

    with reading(settings) as standing:
        until = _night(standing, night)
        # an erased person's entries stand without their values
        frame = replay(standing.session.frame("identity.ledger"), until).dropna(subset=["identifier_value"])
        standing.session.put("identity.map", frame, grain=MAPPED, keep=False)
        standing.session.export("identity.map", MAPPED, path)
        return {"night": until, "rows": len(frame), "customers": int(frame["customer_id"].nunique()), "file": str(path)}


_STORY = """
select cast(night as varchar) as night, event, customer_id, other_customer_id, identifier_kind, identifier_value,
    cast(valid_from as varchar) as valid_from, cast(valid_to as varchar) as valid_to, evidence
from identity.ledger
where
    cast(night as varchar) <= $2
    and (customer_id = $1 or other_customer_id = $1 or (event = 'decide' and evidence in (select unnest($3))))
order by ledger.night, nth
"""


def _night(standing: Standing, night: str | None) -> str:
    """The night asked for, the published one by default; raises NightError for one that the ledger does not reach."""
    if not standing.has("ledger"):
        raise NightError(
            "the published night keeps no ledger",
            where=str(standing.folder),
            fix="It was built by another version: run a night, then ask again",
        )
    if night is None:
        return standing.night
    asked = parse_night(night).isoformat()
    first = standing.rows("select cast(min(night) as varchar) from identity.ledger")[0][0]
    if asked > standing.night or first is None or asked < first:
        raise NightError(
            "the ledger does not reach this night", value=asked, fix=f"It tells {first} to {standing.night}"
        )
    return asked


def _customer(standing: Standing, text: str) -> str:
    known = (
        standing.rows("select 1 from identity.ledger where customer_id = ? limit 1", [text]) if is_text(text) else []
    )
    return text if known else person(standing, text).customer_id


def _decided(standing: Standing, customer_id: str) -> list[str]:
    """The decisions on the customer's records, as the ledger tells them."""
    names = {f"{kind}:{value}" for _, kind, value in standing.records_of(customer_id)}
    decisions = read_decisions(standing.settings.data)
    return sorted({decision.told for decision in decisions if not names.isdisjoint(decision.names)})


def _counts(standing: Standing, until: str) -> list[Document]:
    """Per night, oldest first, how many entries of each event there are."""
    rows = standing.rows(
        "select cast(night as varchar), event, count(*) from identity.ledger where cast(night as varchar) <= ?"
        " group by night, event order by night, event",
        [until],
    )
    nights: dict[str, dict[str, int]] = {}
    for night, event, count in rows:
        nights.setdefault(night, {})[event] = int(count)
    return [{"night": night, "events": events} for night, events in nights.items()]


def _entry(row: Document, plain: bool) -> Document:
    value, kind = row["identifier_value"], row["identifier_kind"]
    if value is None or kind is None:
        return row
    masked = kind in _PERSONAL or kind in ("email", "phone")
    return row | {"identifier_value": shown("email" if kind == "phone" else kind, value, plain=plain or not masked)}
