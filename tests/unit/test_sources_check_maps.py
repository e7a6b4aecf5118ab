"""What `landmark sources check` proposes beside the maps that there are: columns, words, encodings, dates, decimals."""

import tomllib
from pathlib import Path
from typing import Any

from pipeline.onboarding.check_words import told
from tests.unit.ingest_case import CUSTOMER, ORDER, TOUCH, Case, crm, csv_text
from tests.unit.test_sources_check import FOREIGN, N1, N2, checked, pasted

MAP = {
    "order_id": "SaleNo",
    "crm_id": "ClientNo",
    "ordered_at": "Sold at",
    "status": "'completed'",
    "currency": "'EUR'",
}


def sections(found: Any) -> dict[str, Any]:
    return pasted(found)["sources"]["crm"]  # type: ignore[index, no-any-return]


def test_beside_a_map_what_is_missing_is_proposed_and_what_it_tells_stays(tmp_path: Path) -> None:
    crm(Case(tmp_path), N1, csv_text(FOREIGN))
    proposed = sections(checked(tmp_path, crm={"columns": {"orders": MAP}}))
    assert proposed == {"columns": {"orders": MAP | {"amount": "Total"}}, "dates": "day_first", "decimals": "comma"}
    again = checked(tmp_path, crm=proposed)
    assert [t.fates["accepted"] for t in again.tables if t.table == "orders"] == [1]
    assert [t.advice for t in again.tables] == [None, None, None]


def test_a_line_of_a_column_that_does_not_come_names_the_one_that_does_too(tmp_path: Path) -> None:
    crm(Case(tmp_path), N1, csv_text([ORDER | {"category": "x"}]))
    proposed = sections(checked(tmp_path, crm={"columns": {"orders": {"amount": "Totl", "category": "Sort"}}}))
    assert proposed == {"columns": {"orders": {"amount": ["Totl", "amount"], "category": ["Sort", "category"]}}}
    lost = checked(tmp_path, crm={"columns": {"orders": {"order_id": "amount", "starts_at": "Begin"}}})
    assert "Settings to add" not in "\n".join(told(lost)), "nothing better is known"
    lost = checked(tmp_path, crm={"columns": {"orders": {"starts_at": "Begin", "amount": "Totl"}}})
    assert 'starts_at = "Begin"   # no such column in the newest files' in "\n".join(told(lost))


def test_a_column_that_the_newest_file_calls_otherwise_is_proposed_beside_its_name(tmp_path: Path) -> None:
    case = Case(tmp_path)
    crm(case, N1, csv_text([ORDER]).replace("amount", "Total"))
    crm(case, "2026-01-06", csv_text([ORDER]).replace("amount", "Total price"), "later.csv")
    proposed = sections(checked(tmp_path, crm={"columns": {"orders": {"amount": "Total"}}}))
    assert proposed == {"columns": {"orders": {"amount": ["Total", "Total price"]}}}


def test_a_folder_in_another_encoding_is_told_of(tmp_path: Path) -> None:
    crm(Case(tmp_path), N1, csv_text([ORDER]))
    Case(tmp_path).deliver(f"crm/socios/{N1}/a.csv", "Sócio,Opção\n1,x\n".encode("cp1252"))
    text = "\n".join(told(checked(tmp_path)))
    assert 'set sources.crm.encoding, as in encoding = "cp1252"' in text and "deliver it again" not in text


def test_made_texts_several_names_and_plain_addresses_are_kept_as_they_are(tmp_path: Path) -> None:
    case = Case(tmp_path)
    crm(case, N1, csv_text([ORDER]))
    row = {"No": "7", "Guest": "K1", "When": "2026-01-01", "Mail": "a@b.example", "Score": "3", "Old": "", "New": "x"}
    case.deliver(f"partner/shop/{N1}/a.csv", csv_text([row]))
    given = {"activity_id": "{No}/{line}", "customer_ref": "Guest", "email": "Mail", "outcome": ["Old", "New"]}
    found = checked(tmp_path, partner={"columns": {"shop": given}})
    proposed = pasted(found)["sources"]["partner"]["columns"]["shop"]  # type: ignore[index]
    assert proposed == given | {"occurred_at": "When", "rating": "Score"}
    assert "# activity_type = " in "\n".join(told(found))


def test_unknown_words_are_listed_with_their_rows_to_be_told_of(tmp_path: Path) -> None:
    words = ["Voltooid"] * 12 + ["in behandeling"] * 11 + ["completed"] * 9 + ["Jane Doe"] * 2
    orders = [ORDER | {"order_id": f"O{n}", "status": word, "currency": "€"} for n, word in enumerate(words)]
    crm(Case(tmp_path), N1, csv_text(orders))
    people = [CUSTOMER | {"crm_id": f"K{n}", "consent_marketing": "oui" if n % 2 else "yes"} for n in range(24)]
    Case(tmp_path).deliver(f"crm/customers/{N1}/more.csv", csv_text(people))
    found = checked(tmp_path)
    text = "\n".join(told(found))
    for line in (
        "[sources.crm.values.orders.status]",
        '# voltooid = "?"   # decide: completed, cancelled or refunded; 12 rows',
        '# "in behandeling" = "?"   # decide: completed, cancelled or refunded; 11 rows',
        "# and 1 rare or long word that are not named here, in 2 rows",
        '# "€" = "?"   # decide: one of ',
        '# oui = "?"   # decide: true or false; 12 rows',
    ):
        assert line in text, line
    assert "Jane" not in text and "jane" not in text
    assert sections(found)["values"] == {
        "orders": {"status": {}, "currency": {}},
        "customers": {"consent_marketing": {}},
    }


def test_words_that_are_told_of_stay_and_the_others_are_listed(tmp_path: Path) -> None:
    words = ["voltooid"] * 12 + ["geannuleerd"] * 11
    crm(Case(tmp_path), N1, csv_text([{**ORDER, "order_id": f"O{n}", "status": word} for n, word in enumerate(words)]))
    found = checked(tmp_path, crm={"values": {"orders": {"status": {"Voltooid": "completed"}}}})
    assert sections(found)["values"] == {"orders": {"status": {"Voltooid": "completed"}}}
    assert '# geannuleerd = "?"' in "\n".join(told(found)) and '# voltooid = "?"' not in "\n".join(told(found))
    all_told = {"orders": {"status": {"voltooid": "completed", "geannuleerd": "cancelled"}}}
    assert "Settings to add" not in "\n".join(told(checked(tmp_path, crm={"values": all_told})))


def test_hostile_words_stay_comments(tmp_path: Path) -> None:
    word = 'x"\n[sources.crm]\nmissing = "warn" \x1b[31m'
    crm(Case(tmp_path), N1, csv_text([ORDER | {"order_id": f"O{n}", "status": word} for n in range(12)]))
    found = checked(tmp_path)
    assert sections(found) == {"values": {"orders": {"status": {}}}}
    assert "\x1b" not in "\n".join(told(found))


def written(tmp_path: Path, text: str, encoding: str, night: str = N1) -> None:
    rows = [ORDER | {"order_id": f"O{n}", "category": text} for n in range(3)]
    crm(Case(tmp_path), night, "")
    Case(tmp_path).deliver(f"crm/orders/{night}/orders.csv", csv_text(rows).encode(encoding))


def test_the_encodings_that_fit_are_told(tmp_path: Path) -> None:
    written(tmp_path, "Zoë André", "cp1252")
    text = "\n".join(told(checked(tmp_path)))
    assert f"crm/orders/{N1}/orders.csv: no UTF-8 text" in text
    assert '# encoding = "cp1252"   # decide: it may be cp1252, ' in text
    assert "Zo" not in text
    assert "encoding =" not in "\n".join(told(checked(tmp_path, crm={"encoding": "cp1252"})))


GERMAN = "Größe und Übernachtung mit Frühstück für zwei Gäste, schöne Aussicht über die Straße"


def test_an_encoding_that_fits_alone_is_proposed_and_reads_the_file(tmp_path: Path) -> None:
    written(tmp_path, GERMAN, "cp1252")
    proposed = sections(checked(tmp_path))
    assert GERMAN.encode("cp1252").decode(proposed["encoding"]) == GERMAN
    again = checked(tmp_path, crm=proposed)
    assert [t.fates["accepted"] for t in again.tables if t.table == "orders"] == [3]
    assert not again.texts and not again.warnings


def test_utf_16_without_a_mark_is_known(tmp_path: Path) -> None:
    crm(Case(tmp_path), N1, csv_text([ORDER]))
    row = {"activity_id": "1", "customer_ref": "r", "activity_type": "rit", "occurred_at": "2026-01-01"}
    Case(tmp_path).deliver(f"partner/cabs/{N1}/a.csv", csv_text([row | {"city": "東京都"}]).encode("utf-16-le"))
    proposed = pasted(checked(tmp_path))["sources"]["partner"]  # type: ignore[index]
    assert proposed["encoding"] == "utf-16-le"
    again = checked(tmp_path, partner=proposed)
    assert [t.fates["accepted"] for t in again.tables if t.table == "cabs"] == [1]
    Case(tmp_path).deliver(f"partner/trams/{N1}/a.csv", csv_text([row]))
    assert "# encoding = " in "\n".join(told(checked(tmp_path)))


def test_one_setting_cannot_tell_of_files_in_two_encodings(tmp_path: Path) -> None:
    written(tmp_path, "東京都港区", "shift_jis")
    written(tmp_path, "Zoë", "utf-8", N2)
    text = "\n".join(told(checked(tmp_path)))
    assert "# encoding = " in text and "shift_jis" in text and "have these delivered as UTF-8" in text
    values = [line for line in text.splitlines() if line.startswith("# encoding")]
    assert tomllib.loads("\n".join(values)) == {}


def test_a_clean_delivery_by_maps_has_nothing_to_add(tmp_path: Path) -> None:
    crm(Case(tmp_path), N1, csv_text([{"Nr": "1"} | {k: v for k, v in ORDER.items() if k != "order_id"}]))
    Case(tmp_path).deliver(f"crm/interactions/{N1}/i.csv", csv_text([TOUCH]))
    found = checked(tmp_path, crm={"columns": {"orders": {"order_id": "Nr"}}})
    assert found.stops == [] and "Settings to add" not in "\n".join(told(found))
