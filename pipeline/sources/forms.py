"""The tables of the canonical form: which columns a delivery may carry and which it must (docs/deliveries.md).

A form's column has the name that it has in schema ingest and the path that it has in a delivery: a CSV header, a
Parquet column, or a JSON path with dots. Everything else that a delivery carries is unmapped, and kept as such.
"""

from dataclasses import dataclass
from functools import cache

ANY = "*"
JSON_COLUMNS = ("attributes", "event_params", "properties", "tags", "topics", "web_page")


@dataclass(frozen=True)
class Column:
    """One column: its name in schema ingest, its path in a delivery, whether every record must carry it."""

    name: str
    path: str
    required: bool = False


@dataclass(frozen=True)
class Form:
    """One table: where it arrives, which table it becomes, its columns, and what tells a record from another.

    `table` is the delivery's folder (ANY: every folder of the source). `key`: the columns of schema ingest that name
    a record. Of each group in `one_of`, at least one column must be there. Without any row of an `essential` table
    there is nothing to analyse; a night without an `is_extra` one is nothing to tell.
    """

    source: str
    table: str
    name: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    one_of: tuple[tuple[str, ...], ...] = ()
    essential: bool = False
    is_extra: bool = False

    def label(self, table: str, file: str) -> str:
        """What tells a file from all others of its night that become this table: folders of other names give theirs."""
        return file if table == self.table else f"{table}/{file}"

    def folder_sql(self) -> str:
        """SQL: the folder that a row of the table in schema ingest arrived in."""
        return (
            f"case when contains(delivered_file, '/') then split_part(delivered_file, '/', 1) else '{self.table}' end"
        )

    def lacking(self, delivered: set[str]) -> str | None:
        """The required columns (their paths) that a file with these columns lacks; None where it lacks none."""
        lacks = [c.path for c in self.columns if c.required and not {c.path, c.name} & delivered]
        paths = {column.name: column.path for column in self.columns}
        for group in self.one_of:
            if not {paths[name] for name in group} & delivered:
                lacks.append(" or ".join(paths[name] for name in group))
        return ", ".join(lacks) or None


def columns_of(required: str, optional: str) -> tuple[Column, ...]:
    """Columns from words `name` or `name=path`."""
    found = []
    for text, needed in ((required, True), (optional, False)):
        for word in text.split():
            name, _, path = word.partition("=")
            found.append(Column(name, path or name, needed))
    return tuple(found)


FORMS = (
    Form(
        "crm",
        "customers",
        "customers",
        ("crm_id",),
        columns_of(
            "crm_id created_at",
            "email phone first_name last_name birth_date street city postcode region country loyalty_id "
            "social_handle consent_analytics consent_marketing updated_at deleted_at",
        ),
        essential=True,
    ),
    Form(
        "crm",
        "links",
        "links",
        ("kind", "from_id", "to_id"),
        columns_of("kind from_id to_id", "updated_at"),
        is_extra=True,
    ),
    Form(
        "crm",
        "orders",
        "orders",
        ("order_id",),
        columns_of(
            "order_id crm_id ordered_at status amount currency",
            "starts_at ends_at category attributes updated_at deleted_at",
        ),
        essential=True,
    ),
    Form(
        "crm",
        "interactions",
        "interactions",
        ("interaction_id",),
        columns_of(
            "interaction_id crm_id occurred_at channel type",
            "order_id outcome duration_seconds rating text updated_at deleted_at",
        ),
    ),
    Form(
        "web",
        "events",
        "events",
        ("message_id",),
        columns_of(
            "message_id=messageId type occurred_at=timestamp",
            "anonymous_id=anonymousId user_id=userId event name received_at=receivedAt properties "
            "order_id=properties.order_id topic=properties.topic outcome=properties.outcome "
            "duration_seconds=properties.duration_seconds category=properties.category rating=properties.rating "
            "amount=properties.amount email=traits.email ip=context.ip user_agent=context.userAgent "
            "path=context.page.path url=context.page.url referrer=context.page.referrer "
            "campaign_medium=context.campaign.medium campaign_source=context.campaign.source "
            "campaign_name=context.campaign.name",
        ),
        one_of=(("anonymous_id", "user_id"),),
    ),
    Form(
        "social",
        "posts",
        "posts",
        ("post_id",),
        columns_of(
            "post_id=id platform author_handle created_at text",
            "lang likes shares topics in_reply_to city updated_at deleted_at",
        ),
    ),
    Form(
        "partner",
        ANY,
        "activities",
        ("partner", "activity_id"),
        columns_of(
            "activity_id customer_ref occurred_at activity_type",
            "partner email_sha256 loyalty_id first_name last_name postcode outcome duration_seconds category city "
            "amount currency rating text updated_at deleted_at",
        ),
    ),
    Form(
        "context",
        "factors",
        "factors",
        ("date", "region", "factor"),
        columns_of("date factor value", "region updated_at"),
    ),
)


@cache
def form_of(source: str, table: str) -> Form | None:
    """The form that a source's folder arrives in; None where the source has no such table."""
    return next((f for f in FORMS if f.source == source and f.table in (table, ANY)), None)


def forms_of(source: str) -> tuple[Form, ...]:
    """The forms of a source, in order."""
    return tuple(form for form in FORMS if form.source == source)
