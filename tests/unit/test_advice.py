"""What a file may be meant for: vendors' tables by their columns, the canonical ones by names and kinds of values."""

from pathlib import Path

import pytest

from pipeline.settings import load_settings
from pipeline.sources.advice import advised, mended, vendor_of
from pipeline.sources.forms import FORMS, Form, form_of
from pipeline.sources.guesses import best, fit, habits, kinds
from pipeline.sources.samples import Sample, sample
from pipeline.sources.vendors import TABLES
from pipeline.warehouse import Session

KNOWN = {(table.vendor, table.table): table for table in TABLES}


def of(**columns: str | tuple[str, ...]) -> Sample:
    """A sample of these columns; their names have spaces for _."""
    given = {name.replace("_", " "): (v,) if isinstance(v, str) else v for name, v in columns.items()}
    return Sample(given, 1)


def form(source: str, table: str) -> Form:
    found = form_of(source, table)
    assert found is not None
    return found


@pytest.mark.parametrize("is_named", [True, False])
def test_vendors_tables_are_known_by_their_columns(tmp_path: Path, shared: Path, is_named: bool) -> None:
    wrong = []
    with Session(load_settings({"LANDMARK_HASH_KEY": "k"}), "ingest", tmp_path, tmp_path / "spill") as session:
        for path in sorted((shared / "data" / "formats").glob("*/*.[cj]s*")):
            vendor, table = path.parent.name, path.stem.removesuffix("_data").removeprefix("sf_")
            want, source = KNOWN.get((vendor, table)), "social" if vendor == "mastodon" else "crm"
            if want is not None and (want.is_used or is_named):
                found = vendor_of(source, table if is_named else "unknown", sample(session, path, path.name))
                wrong += [table] if found != want else []
    unmarked = ["deal_company", "form", "ticket_chat_event"]  # nothing in them says that a connector landed them
    assert wrong == (unmarked if is_named else ["engagement_call"])  # a call has no column that a message has not


def test_a_folder_s_name_alone_makes_no_vendor() -> None:
    plain = of(id="1", name="Ann", mail="a@b.c")
    assert vendor_of("crm", "user", plain) is None
    assert vendor_of("crm", "company", plain) is None
    assert vendor_of("crm", "hubspot__deal", Sample(fault="unreadable")) == KNOWN["hubspot", "deal"]


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (("2026-01-02", "2026-01-02T10:00:00Z"), "time"),
        (("31.12.2026", "1.2.2026 10:00"), "other_time"),
        (("1767225600000",), "other_time"),
        (("3", "-4.5e3"), "number"),
        (("1.234,50", "3,2"), "other_number"),
        (("a@b.example",), "email"),
        (("ab" * 32,), "hash"),
        (("What a very good place it was",), "prose"),
        (("EUR",), "currency"),
    ],
)
def test_kinds_of_values(values: tuple[str, ...], kind: str) -> None:
    assert kind in kinds(values)
    assert kinds(()) == set()


def test_a_column_is_what_its_name_and_its_values_both_allow() -> None:
    found = fit(form("crm", "orders"), of(Order_Date="2026-01-01", Order_No="A1", Total="12", Date_of_notes="soon"))
    assert {g.column: g.given for g in found.guesses} == {
        "order_id": "Order No", "ordered_at": "Order Date", "amount": "Total",
    }  # fmt: skip
    assert set(found.open_) == {"crm_id", "status", "currency"}
    assert not [g for g in fit(form("crm", "orders"), of(amount="a lot")).guesses if g.column == "amount"]


def test_what_is_told_by_its_values_alone_may_be_called_anything() -> None:
    found = fit(form("crm", "customers"), of(Kontakt="ann@x.example"))
    assert [(g.column, g.given) for g in found.guesses] == [("email", "Kontakt")]


def test_the_only_time_left_is_the_time_that_must_be_there() -> None:
    one = fit(form("crm", "interactions"), of(Datum="2026-01-01", ref="7"))
    assert ("occurred_at", "Datum") in {(g.column, g.given) for g in one.guesses}
    two = fit(form("crm", "interactions"), of(Datum="2026-01-01", Ende="2026-01-02"))
    assert "occurred_at" in two.open_


def test_each_form_fits_its_own_columns_best() -> None:
    for one in FORMS:
        values = {"_at": "2026-01-01", "date": "2026-01-01"}
        columns = {c.path: (next((v for k, v in values.items() if c.name.endswith(k)), ""),) for c in one.columns}
        found = best(FORMS, Sample({name: tuple(v for v in given if v) for name, given in columns.items()}, 1))
        if not one.is_extra:
            assert found is not None and found.form == one


@pytest.mark.parametrize(
    ("days", "told"),
    [
        (("13.02.2026", "01.02.2026"), '"day_first"'),
        (("02/13/2026", "01/02/2026"), '"month_first"'),
        (("01/02/2026",), '"day_first"   # decide: day_first or month_first?'),
        (("2026-01-02",), None),
        (("2026/01/02",), None),
    ],
)
def test_how_dates_are_written_is_told_where_the_values_tell(days: tuple[str, ...], told: str | None) -> None:
    given = of(ordered_at=days)
    given = Sample({"ordered_at": days}, 1)
    assert habits(fit(form("crm", "orders"), given), given).get("dates") == told


def test_settings_that_are_there_are_not_proposed_again() -> None:
    given = Sample({"order_id": ("1",), "ordered_at": ("13.02.2026",), "amount": ("1,5",)}, 1)
    told = mended("crm", "orders", given, {"dates"}, is_refused=False)
    assert told is not None and [name for name, _ in told.habits] == ["decimals"]
    assert mended("crm", "orders", given, {"dates", "decimals"}, is_refused=False) is None


def test_a_column_that_a_map_could_not_name_is_not_proposed() -> None:
    given = Sample({"{mail}": ("a@b.c",), "'x'": ("2026-01-01",)}, 1)
    assert fit(form("crm", "customers"), given).guesses == ()


def test_what_nothing_is_like_is_left_to_a_person() -> None:
    assert advised("crm", "moon", of(phase="full")).words.startswith("no table here has columns like these (phase)")
    assert advised("crm", "moon", Sample(fault="unreadable: x")).words.startswith("it cannot be read (unreadable: x)")
    assert advised("crm", "moon", Sample()).words == "it is empty"
