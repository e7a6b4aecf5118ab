"""The forms that vendors and their connectors send tables in, and which table of the canonical form each becomes.

A source's `form` setting names its vendors. A folder <table> or <vendor>__<table> of such a source is then read as
that vendor's table, and sql/ingest/<vendor>__<table>.sql says what its rows mean. A table without anything that
counts here is read whole all the same, so that every row that arrives is accounted for.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from pipeline.sources import hubspot, salesforce, social_vendors, web_vendors, zendesk
from pipeline.sources.column_maps import ColumnMap, Given, column_map
from pipeline.sources.conventions import USUAL, Conventions
from pipeline.sources.forms import Form, columns_of, form_of, forms_of
from pipeline.sources.map_errors import MapError, choice, line
from pipeline.sources.tables import VendorTable

TABLES: tuple[VendorTable, ...] = (
    *hubspot.TABLES,
    *salesforce.TABLES,
    *zendesk.TABLES,
    *web_vendors.TABLES,
    *social_vendors.TABLES,
)
VENDORS = tuple(sorted({table.vendor for table in TABLES}))


@dataclass(frozen=True)
class Route:
    """How a folder's files are read: what they become; what they come as, a vendor's table or by a map; how written."""

    form: Form
    vendor: VendorTable | None = None
    columns: ColumnMap | None = None
    conventions: Conventions = USUAL

    @property
    def rank(self) -> int:
        """Within a night, tables that others of their form look things up in come first."""
        return TABLES.index(self.vendor) if self.vendor else -1

    def header(self, ending: str) -> tuple[str, ...]:
        """The columns of files of that ending, where they are sent without a header."""
        return tuple(self.vendor.tsv_header.split()) if self.vendor and ending == ".tsv" else ()

    def raw(self) -> Form:
        """The columns in which the files arrive."""
        if self.columns is not None:
            return self.columns.raw()
        if self.vendor is None:
            return self.form
        columns = columns_of(self.vendor.required, self.vendor.optional)
        return Form(self.form.source, self.form.table, self.vendor.name, (), columns)


class Told(Protocol):
    """What the settings tell of a source's forms."""

    @property
    def form(self) -> tuple[str, ...]:
        """The vendors in whose form its tables may come."""

    @property
    def columns(self) -> Mapping[str, Mapping[str, Given]]:
        """By table, the column map of its files."""

    @property
    def conventions(self) -> Conventions:
        """How it writes dates, numbers and times."""


def route(source: str, folder: str, told: Told) -> Route | None:
    """How a source's folder is read, where this is told of the source; None where nobody knows such a table."""
    form = form_of(source, folder)
    found = _of_vendor(source, folder, told.form) or (Route(form) if form else None)
    if form and folder in told.columns:
        found = Route(form, columns=column_map(form, told.columns[folder], folder))
    return replace(found, conventions=told.conventions) if found else None


def check_folders(source: str, folders: Mapping[str, str], told: Told) -> None:
    """Raises MapError where a folder that is called otherwise cannot be one, or is told to be a table that is none."""
    for folder, table in folders.items():
        at, given = ("sources", source, "folders", folder), line(folder, table)
        if not (_is_plain(folder) and _is_plain(table)):
            fix = "On the left stands the name of a delivered folder, on the right a table; neither begins with . or _"
            raise MapError(f"{folder!r} is no folder of {source} that could be {table!r}", at, given, fix)
        if form_of(source, table) is None and _of_vendor(source, table, told.form) is None:
            fix = choice(table, (form.table for form in forms_of(source)), "Its tables")
            raise MapError(f"{source} has no table {table!r}", at, given, fix)


def _is_plain(name: str) -> bool:
    """Whether a folder can be called so."""
    from pipeline.sources.places import HIDDEN, shown  # light settings: DAG files parse with them

    return bool(name) and not name.startswith(HIDDEN) and "/" not in name and shown(name) == name


def landed_route(source: str, folder: str, told: Told) -> Route | None:
    """How a folder that once landed is read, also where the settings tell of its vendor no longer."""
    return route(source, folder, told) or _of_vendor(source, folder, VENDORS)


def _of_vendor(source: str, folder: str, vendors: tuple[str, ...]) -> Route | None:
    for vendor in vendors:
        for table in TABLES:
            if table.vendor == vendor and table.source == source and folder in (table.table, table.name):
                return Route(next(form for form in forms_of(source) if form.name == table.becomes), table)
    return None
