"""Who holds an id or a value, in the published night: the one door to identity's tables for whoever asks of a person.

What is asked for comes from outside: it is only ever a parameter of a query, never part of one.
"""

import hashlib
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.catalog import Store
from pipeline.errors import IdentityError, NightError
from pipeline.settings import Settings
from pipeline.warehouse import Session
from pipeline.words import clean

# identity's name for the kind of a value, and what it is called as somebody's identifier
VALUE_KINDS = {
    "email": "email",
    "phone": "phone",
    "loyalty_id": "loyalty_id",
    "social_handle": "social_handle",
    "anonymous_id": "device",
}
EVIDENCE = ("records", "members", "given_keys", "key_pairs", "pairs", "profiles", "blocked_values")
SHOWN_HOLDERS = 5
_SHA256 = re.compile(r"^[0-9a-fA-F]{64}$")
_HOW = "Give a customer_id, or crm_id:…, partner:NAME:…, " + ", ".join(f"{kind}:…" for kind in VALUE_KINDS)


@dataclass(frozen=True)
class Person:
    """One customer of the published night, who may be one that refuses analytics.

    folder: the identity stage's folder. records: record_id, kind, value. identifiers: every kind and value known of the
    person, what others share with them as well; keyed hashes are not among them.
    """

    customer_id: str
    night: str
    folder: Path
    records: tuple[tuple[int, str, str], ...]
    identifiers: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Standing:
    """The published night's identity tables, attached to a session."""

    settings: Settings
    night: str
    folder: Path
    session: Session

    def rows(self, sql: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """The rows of a query over identity's tables; what is asked for stands in its parameters."""
        found: list[tuple[Any, ...]] = self.session.connection.execute(sql, list(values)).fetchall()
        return found

    def has(self, table: str) -> bool:
        """Whether the night keeps this table of identity."""
        found = self.rows("select 1 from duckdb_views() where schema_name = 'identity' and view_name = ?", [table])
        return bool(found)

    def table(self, sql: str, values: Sequence[object] = ()) -> list[dict[str, Any]]:
        """The same as rows, each with its columns' names."""
        cursor = self.session.connection.execute(sql, list(values))
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def records_of(self, customer_id: str) -> tuple[tuple[int, str, str], ...]:
        """The customer's records, oldest first: record_id, kind, value."""
        found = self.rows(
            "select record_id, kind, value from identity.records inner join identity.members using (record_id)"
            " where customer_id = ? order by first_at nulls last, kind, value",
            [customer_id],
        )
        return tuple((int(record_id), kind, value) for record_id, kind, value in found)


def find(settings: Settings, text: str) -> Person:
    """The person whom a customer_id or KIND:VALUE names in the published night, one who refuses as well.

    KIND is crm_id, partner:NAME, anonymous_id, social_handle, loyalty_id, email (plain or its SHA-256) or phone (with
    its country code). Raises IdentityError where nobody holds it or several people do.
    """
    with reading(settings) as standing:
        return person(standing, text)


@contextmanager
def reading(settings: Settings) -> Iterator[Standing]:
    """The published night's identity tables; raises NightError where there are none to read."""
    import duckdb

    store = Store(settings.data)
    catalog = store.read()
    if catalog.published is None:
        raise NightError("nothing is published yet", where=str(settings.data), fix="Run a night: landmark run")
    folder = store.folder(catalog.published, int(catalog.night(catalog.published).build or 0)) / "identity"
    with Session(settings, "identity", folder, settings.data / "spill" / f"answers-{os.getpid()}") as session:
        session.attach("identity", [folder])
        standing = Standing(settings, catalog.published, folder, session)
        missing = [name for name in EVIDENCE if not standing.has(name)]
        if missing:
            raise _of_another_version(folder, missing[0])
        try:
            yield standing
        except (duckdb.BinderException, duckdb.CatalogException) as error:  # a table or column that it lacks
            raise _of_another_version(folder, str(error).splitlines()[0]) from error


def _of_another_version(folder: Path, what: str) -> NightError:
    return NightError(
        "the published night lacks what this version keeps of identity",
        where=str(folder),
        value=what,
        fix="It was built by another version: run a night, then ask again",
    )


def person(standing: Standing, text: str) -> Person:
    """As find, on tables that are attached already."""
    holders = _holders(standing, text)
    if not holders:
        raise IdentityError(
            "nobody holds this in the published night",
            where=f"night {standing.night}",
            value=text,
            fix=_whereabouts(standing, text) or _how(text),
        )
    if len(holders) > 1:
        shown = ", ".join(holders[:SHOWN_HOLDERS]) + (", …" if len(holders) > SHOWN_HOLDERS else "")
        raise IdentityError(
            f"{len(holders)} people hold this",
            where=f"night {standing.night}",
            value=text,
            fix=f"Give one of their ids: {shown}",
        )
    records = standing.records_of(holders[0])
    return Person(holders[0], standing.night, standing.folder, records, _identifiers(standing, holders[0], records))


def _how(text: str) -> str:
    """What to give instead of a text that names nobody."""
    kind, _, rest = text.partition(":")
    if not rest and kind:
        return f"Did you mean crm_id:{clean(kind)}? {_HOW}"
    known = ("crm_id", "partner", *VALUE_KINDS)
    return _HOW if kind in known else f"There is no kind {clean(kind)}. {_HOW}"


def _holders(standing: Standing, text: str) -> list[str]:
    """The customers whom the text names, in order; none where it is not text."""
    if not is_text(text):
        return []
    named = standing.rows(
        "select distinct customer_id from identity.members left join identity.records using (record_id)"
        " where customer_id = $1 or kind || ':' || value = $1 order by customer_id",
        [text],
    )
    kind, _, value = text.partition(":")
    if named or kind not in VALUE_KINDS or not value:
        return [row[0] for row in named]
    return _holders_of_value(standing, kind, value)


def is_text(text: str) -> bool:
    """Whether the text can stand in a query at all."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return "\0" not in text


def _holders_of_value(standing: Standing, kind: str, value: str) -> list[str]:
    owned = standing.rows(
        "select distinct customer_id from identity.identifiers where identifier_kind = ? and identifier_value = ?"
        " order by customer_id",
        [kind, value],
    )
    given = standing.rows(
        "select distinct customer_id from identity.given_keys inner join identity.members using (record_id)"
        " where key_kind = ? and key_value in (select unnest(?)) order by customer_id",
        [VALUE_KINDS[kind], _plain_forms(kind, value)],
    )
    return [row[0] for row in (owned or given)] if kind != "anonymous_id" else sorted({r[0] for r in owned + given})


def _plain_forms(kind: str, value: str) -> list[str]:
    """The forms that identity keeps a value of this kind in."""
    from pipeline.estimators.identity.spelling import phone_readings

    if kind == "email":
        plain = value.strip().lower()
        return [hashlib.sha256(plain.encode()).hexdigest(), *([plain] if _SHA256.match(plain) else [])]
    if kind == "phone":
        return list(phone_readings(value, ""))
    if kind == "loyalty_id":
        return [value.strip().upper()]
    return [value.strip().lower().removeprefix("@")] if kind == "social_handle" else [value]


def _whereabouts(standing: Standing, text: str) -> str:
    """What the ledger says of an id that nobody holds any more; '' where it says nothing."""
    if not standing.has("ledger") or not is_text(text):
        return ""
    gone = standing.rows(
        "select cast(night as varchar), event, other_customer_id from identity.ledger"
        " where customer_id = ? and event in ('merge', 'erase') order by night desc, nth desc limit 1",
        [text],
    )
    if not gone:
        return ""
    night, event, other = gone[0]
    return f"It went into {other} on {night[:10]}" if event == "merge" else f"It was erased on {night[:10]}"


def _identifiers(
    standing: Standing, customer_id: str, records: tuple[tuple[int, str, str], ...]
) -> tuple[tuple[str, str], ...]:
    """Every kind and value known of the person: own, given, and as others wrote a handle; keyed hashes apart."""
    ids = [record_id for record_id, _, _ in records]
    found = {(kind, value) for _, kind, value in records}
    found |= set(
        standing.rows(
            "select identifier_kind, identifier_value from identity.identifiers"
            " where customer_id = ? and identifier_kind not in ('email', 'phone')",
            [customer_id],
        )
    )
    given = standing.rows(
        "select case key_kind when 'device' then 'anonymous_id' else key_kind end, key_value from identity.given_keys"
        " where key_kind in ('device', 'loyalty_id', 'social_handle') and record_id in (select unnest(?))",
        [ids],
    )
    refused = standing.rows(
        "select identifier_kind, identifier_value from identity.refused inner join identity.given_keys"
        " on identifier_kind = key_kind and regexp_replace(lower(trim(identifier_value)), '^@', '') = key_value"
        " where identifier_kind = 'social_handle' and record_id in (select unnest(?))",
        [ids],
    )
    return tuple(sorted(found | set(given) | set(refused)))
