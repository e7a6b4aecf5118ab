"""Whose a delivered row is: what it gives of somebody, the rows of one person, and their values that nobody else gives.

What a row gives is a kind and a value, spelt as identity compares them, so that one person's values meet in whatever
form and spelling they were delivered. The rows are those of every build, superseded ones as well.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.ingest.door import ask
from pipeline.ingest.rows import PLACE
from pipeline.sources.forms import FORMS
from pipeline.warehouse import Session, quoted

if TYPE_CHECKING:
    from pipeline.identity.lookup import Person

_PLAIN = "nullif(lower(trim(email)), '')"
# without a +tag, and of the providers that say so of theirs without dots and under one of several domains
_MAILBOX = f"regexp_replace({_PLAIN}, '[+][^@]*@', '@')"
_ALIASES = (
    ("gmail.com|googlemail.com", "."),
    ("proton.me|protonmail.com|pm.me", "."),
    ("icloud.com|me.com|mac.com", ""),
)


def _alias(domains: str, ignored: str) -> str:
    """SQL: an address of a provider of several domains, under the first of them; null for an address of another."""
    local = f"regexp_extract({_PLAIN}, '^([^@+]+)([+][^@]*)?@({domains.replace('.', '[.]')})$', 1)"
    kept = f"replace({local}, '{ignored}', '')" if ignored else local
    return f"nullif({kept}, '') || '@{domains.partition('|')[0]}'"


_EMAILS = tuple(("'email'", f"sha256({form})") for form in (_PLAIN, _MAILBOX, *(_alias(*of) for of in _ALIASES)))
_LOYALTY = ("'loyalty_id'", "upper(trim(loyalty_id))")

# by form: the kind and the value, as SQL, of everything by which a row may be somebody's
GIVEN: dict[str, tuple[tuple[str, str], ...]] = {
    "customers": (("'crm_id'", "crm_id"), *_EMAILS, _LOYALTY, ("'social_handle'", "{plain social_handle}")),
    "links": (
        ("'crm_id'", "case when r.kind in ('owner', 'merged') then r.to_id end"),
        ("'crm_id'", "case when r.kind = 'merged' then r.from_id end"),
    ),
    "orders": (("'crm_id'", "crm_id"), ("'order_id'", "order_id")),
    "interactions": (("'crm_id'", "crm_id"), ("'order_id'", "order_id"), ("'interaction_id'", "interaction_id")),
    "events": (
        ("'crm_id'", "user_id"),
        ("'anonymous_id'", "anonymous_id"),
        ("'order_id'", "order_id"),
        ("'message_id'", "message_id"),
        *_EMAILS,
    ),
    "posts": (("'social_handle'", "{plain author_handle}"), ("'post_id'", "post_id")),
    "activities": (
        ("'partner:' || {partner}", "customer_ref"),
        ("'activity_id:' || {partner}", "activity_id"),
        ("'email'", "lower(trim(email_sha256))"),
        _LOYALTY,
    ),
    "factors": (),
}
# what describes a person and may be anybody's: it tells rows apart only together
DESCRIBED: dict[str, tuple[str, ...]] = {
    "customers": ("first_name", "last_name", "birth_date", "street", "city", "postcode"),
    "activities": ("first_name", "last_name", "postcode"),
}
WRITTEN = ("email", "phone", "social_handle", "loyalty_id")
PEOPLE = tuple(form.name for form in FORMS if GIVEN[form.name])
_CRM_IDS = (("customers", "crm_id"), ("orders", "crm_id"), ("interactions", "crm_id"), ("events", "user_id"))
_PLACE = ", ".join(PLACE)


def given(form: str, rows: str, *, partner: str = "partner", keep: Sequence[str] = PLACE) -> str:
    """A select of `keep`, kind and value: everything that the rows give. Needs personal.phones (see read_phones)."""
    kept = "".join(f"r.{name}, " for name in keep)
    parts = [f"select {kept}{k} as kind, {v} as value from {rows} as r" for k, v in _spelt(form, partner)]
    if form == "customers":
        parts.append(
            f"select {kept}'phone' as kind, p.reading as value from {rows} as r"
            " inner join personal.phones as p on r.phone = p.phone and coalesce(r.country, '') = p.country"
        )
    return f"select * from ({' union all '.join(parts)}) where value is not null and value <> ''"


def _spelt(form: str, partner: str) -> list[tuple[str, str]]:
    found = []
    for kind, value in GIVEN[form]:
        spelt = plain_handle(value[7:-1]) if value.startswith("{plain ") else value
        found.append((kind.replace("{partner}", partner), spelt))
    return found


def plain_handle(column: str) -> str:
    """SQL: a social handle as identity compares it."""
    return f"regexp_replace(lower(trim({column})), '^@', '')"


def read_phones(session: Session, rows: str) -> None:
    """Makes personal.phones: every reading of the rows' written numbers (phone, country, reading)."""
    from pipeline.estimators.identity.spelling import phone_readings

    given_numbers = ask(
        session, f"select distinct phone, coalesce(country, '') from {rows} where phone is not null order by all"
    )
    found = [(phone, country, r) for phone, country in given_numbers for r in phone_readings(phone, country)]
    put(session, "personal.phones", ("phone", "country", "reading"), found)


def put(session: Session, table: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Makes a table of texts."""
    import pyarrow as pa

    listed = list(rows)
    cells = list(zip(*listed, strict=True)) if listed else [()] * len(columns)
    data = pa.table({name: pa.array(values, pa.string()) for name, values in zip(columns, cells, strict=True)})
    session.put(table, data, grain=columns, keep=False)


@dataclass(frozen=True)
class History:
    """Every delivered row that any build holds, attached to a session as personal.<form>; identity's tables beside it.

    `source_of` names each form's source.
    """

    session: Session
    builds: Path

    def attach(self) -> None:
        """Makes the views personal.<form>, without a row where no build has the form's table."""
        ask(self.session, "create schema if not exists personal")
        for form in FORMS:
            if form.name in PEOPLE:
                parts = self._parts(form.source, form.name)
                rows = f"read_parquet([{', '.join(map(quoted, parts))}], union_by_name = true)" if parts else ""
                columns = ", ".join(f"cast(null as varchar) as {c.name}" for c in form.columns)
                nobody = f"(select {columns}, null::date as delivered_night, '' as delivered_file, 0 as delivered_line)"
                where = "" if parts else " limit 0"
                ask(self.session, f"create view personal.{form.name} as select * from {rows or nobody}{where}")

    def _parts(self, source: str, name: str) -> list[Path]:
        """The parts of all builds, each once however many builds it is linked into."""
        found: dict[int, Path] = {}
        for part in sorted(self.builds.glob(f"*/*/ingest/{source}/{name}/*.parquet")):
            found.setdefault(part.stat().st_ino, part)
        return list(found.values())


def mark(session: Session, person: "Person") -> None:
    """Makes personal.mine_<form> (places of the person's rows) and personal.own (kind, value that nobody else gives).

    personal.shared are those that others give too, personal.elsewhere the values that others give as whatever kind.
    personal.keys are the values that make a row theirs wherever it turns up: their records, their orders, their own.
    """
    put(session, "personal.records", ("kind", "value"), [(kind, value) for _, kind, value in person.records])
    put(session, "personal.known", ("kind", "value"), person.identifiers)
    ask(session, "create table personal.crm_ids as select value from personal.records where kind = 'crm_id'")
    _mark_orders(session)
    _mark_by(session, "customers", "crm_id in (from personal.crm_ids)")
    _mark_by(session, "interactions", "crm_id in (from personal.crm_ids)")
    _mark_by(
        session,
        "links",
        "kind in ('owner', 'merged') and to_id in (from personal.crm_ids)"
        " or kind = 'merged' and from_id in (from personal.crm_ids)",
    )
    _mark_by(
        session, "activities", "('partner:' || partner, customer_ref) in (select (kind, value) from personal.records)"
    )
    _mark_posts(session, person)
    _mark_phones(session)
    _mark_events(session, person)
    _mark_own(session)


def _mark_by(session: Session, form: str, condition: str) -> None:
    rows = f"select distinct {_PLACE} from personal.{form} where {condition}"
    ask(session, f"create table personal.mine_{form} as {rows}")


def _mark_orders(session: Session) -> None:
    """An order is whose it stands for: what it corrects goes with it, whoever that named."""
    standing = "ingest.orders" if _has(session, "ingest.orders") else "personal.orders"
    ask(
        session,
        f"create table personal.my_orders as select distinct order_id as value from {standing}"
        " where crm_id in (from personal.crm_ids) and order_id is not null",
    )
    _mark_by(session, "orders", "crm_id in (from personal.crm_ids) or order_id in (from personal.my_orders)")


def _has(session: Session, table: str) -> bool:
    schema, _, name = table.partition(".")
    found = "select 1 from information_schema.tables where table_schema = ? and table_name = ?"
    return bool(ask(session, found, [schema, name]))


def _mark_posts(session: Session, person: "Person") -> None:
    """A handle that other customers give too is theirs only where identity says so."""
    handle = plain_handle("social_handle")
    known = f"select {plain_handle('value')} as value from personal.known where kind = 'social_handle'"
    ask(
        session,
        f"""
        create table personal.my_handles as
        select distinct value from ({known}) where value not in (
            select {handle} from personal.customers
            where social_handle is not null and crm_id not in (from personal.crm_ids))
        or value in (
            select {plain_handle("identifier_value")} from identity.identifiers
            where identifier_kind = 'social_handle' and customer_id = ?)
        """,
        [person.customer_id],
    )
    _mark_by(session, "posts", f"{plain_handle('author_handle')} in (from personal.my_handles)")


def _mark_phones(session: Session) -> None:
    """Readings of the person's numbers, and of whatever other number ends alike."""
    digits = "right(regexp_replace(phone, '\\D', '', 'g'), 6)"
    mine = f"select * from personal.customers semi join personal.mine_customers using ({_PLACE})"
    alike = (
        f"(select * from personal.customers where {digits} in (select {digits} from ({mine}) where phone is not null))"
    )
    read_phones(session, alike)


def _mark_events(session: Session, person: "Person") -> None:
    """Events of their logins, orders and addresses, and of their cookies: on a shared one, of their spans alone."""
    emails = f"select value from ({given('customers', _mine('customers'), keep=())}) where kind = 'email'"
    others = "(select * from personal.customers where crm_id not in (from personal.crm_ids))"
    shared = f"select value from ({given('customers', others, keep=())}) where kind = 'email'"
    ask(session, f"create table personal.my_emails as {emails} except {shared}")
    ask(
        session,
        """
        create table personal.spans as
        select identifier_value as anonymous_id, valid_from, valid_to from identity.identifiers
        where identifier_kind = 'anonymous_id' and customer_id = ?
        """,
        [person.customer_id],
    )
    ask(
        session,
        """
        create table personal.others_orders as
        select distinct order_id as value from personal.orders
        where order_id is not null and order_id not in (from personal.my_orders)
        """,
    )
    ask(
        session,
        """
        create table personal.alone as
        select value from personal.known where kind = 'anonymous_id' and value not in (
            select anonymous_id from personal.events
            where anonymous_id is not null and (
                user_id not in (from personal.crm_ids) or (order_id in (from personal.others_orders))))
        """,
    )
    _mark_by(session, "events", _EVENTS)


_EVENTS = f"""
    user_id in (from personal.crm_ids)
    or user_id is null and order_id in (from personal.my_orders)
    or user_id is null and sha256({_PLAIN}) in (from personal.my_emails)
    or user_id is null and (order_id is null or order_id not in (from personal.others_orders)) and (
        anonymous_id in (from personal.alone)
        or exists (
            select 1 from personal.spans where spans.anonymous_id = events.anonymous_id
            and (valid_from is null or valid_from <= occurred_at) and (valid_to is null or occurred_at < valid_to)))
"""


def _mine(form: str) -> str:
    return f"(select * from personal.{form} semi join personal.mine_{form} using ({_PLACE}))"


def _others(form: str) -> str:
    return f"(select * from personal.{form} anti join personal.mine_{form} using ({_PLACE}))"


def _mark_own(session: Session) -> None:
    mine = " union ".join(given(form, _mine(form), keep=()) for form in PEOPLE)
    ask(session, f"create table personal.given as {mine} union select kind, value from personal.records")
    others = " union all ".join(given(form, _others(form), keep=()) for form in PEOPLE)
    known = "value in (select value from personal.given)"
    ask(session, f"create table personal.elsewhere as select distinct kind, value from ({others}) where {known}")
    ask(session, "create table personal.shared as from personal.given intersect from personal.elsewhere")
    named = " union all ".join(f"select {c} as value from personal.{form}" for form, c in _CRM_IDS)
    ask(
        session,
        f"""
        create table personal.others_crm_ids as
        select distinct value from ({named}) where value not in (from personal.crm_ids)
        """,
    )
    ask(session, "create table personal.own as from personal.given except from personal.shared")
    ask(
        session,
        """
        create table personal.keys as
        from personal.own union from personal.records union select 'order_id', value from personal.my_orders
        """,
    )


def described(session: Session) -> list[tuple[str, str]]:
    """The names, dates and addresses (column, text) that no other customer's row gives."""
    parts = {True: [], False: []}  # type: dict[bool, list[str]]
    for form, columns in DESCRIBED.items():
        for column in columns:
            for own, rows in ((True, _mine(form)), (False, _others(form))):
                parts[own].append(
                    f"select '{column}' as kind, lower(trim(cast({column} as varchar))) as value from {rows}"
                )
    mine, others = (" union all ".join(parts[own]) for own in (True, False))
    found = f"select distinct kind, value from ({mine}) where value <> '' except select kind, value from ({others})"
    return [(kind, value) for kind, value in ask(session, f"{found} order by all")]


def written(session: Session) -> list[tuple[str, str]]:
    """The person's own contact values as they were written in a delivery: column, text."""
    texts = [
        (form, column)
        for form, columns in (
            ("customers", WRITTEN),
            ("events", ("email",)),
            ("posts", ("author_handle",)),
            ("activities", ("loyalty_id",)),
        )
        for column in columns
    ]
    found: set[tuple[str, str]] = set()
    for form, column in texts:
        kind = {"author_handle": "social_handle"}.get(column, column)
        rows = ask(
            session,
            f"select distinct {column} from ({given(form, _mine(form), keep=(column,))}) as g"
            f" semi join personal.own using (kind, value) where g.kind = '{kind}' and {column} is not null",
        )
        found |= {(kind, str(row[0]).strip()) for row in rows}
    return sorted(found)
