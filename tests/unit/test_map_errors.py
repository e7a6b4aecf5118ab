"""Errors about column maps and value maps: of which source, table and column, what was given, what to do."""

from typing import Any

import pytest

from pipeline.errors import SettingsError
from pipeline.settings import load_settings


def error(**sources: Any) -> SettingsError:
    with pytest.raises(SettingsError) as caught:
        load_settings({"LANDMARK_HASH_KEY": "k"}, sources=sources)
    return caught.value


@pytest.mark.parametrize(
    ("told", "where", "value", "words"),
    [
        (
            {"columns": {"orders": {"amont": "Total"}}},
            "columns.orders.amont",
            'amont = "Total"',
            "Did you mean amount?",
        ),
        ({"columns": {"orders": {"amount": " "}}}, "columns.orders.amount", 'amount = " "', "in single quotes"),
        ({"columns": {"ordres": {"amount": "T"}}}, "columns.ordres", "columns: amount", "Did you mean orders?"),
        ({"columns": {"amount": "Total"}}, "columns.amount", "Total", "[sources.crm.columns.<table>]"),
        ({"columns": {"orders": {"amount": 5}}}, "columns.orders.amount", "5", "in quotes"),
        (
            {"values": {"orders": {"statu s": {"a": "b"}}}},
            'values.orders."statu s"',
            "words: a",
            "Did you mean status?",
        ),
        ({"values": {"sales": {"status": {}}}}, "values.sales", "columns: status", "customers, interactions, links"),
        ({"values": {"orders": {"a": "b"}}}, "values.orders.a", "b", "[sources.crm.values.<table>.<our column>]"),
        ({"values": {"orders": {"status": {"ja": True}}}}, "values.orders.status.ja", "True", "in quotes"),
        ({"values": {"orders": {"status": {" ": "x"}}}}, "values.orders.status", '" " = "x"', "Leave the line out"),
    ],
)
def test_it_names_the_place_what_was_given_and_what_to_do(
    told: dict[str, Any], where: str, value: str, words: str
) -> None:
    found = error(crm=told)
    assert (found.where, found.value) == (f"setting sources.crm.{where}", value)
    assert words in found.fix


def test_what_was_given_is_no_dump_and_tells_no_password() -> None:
    assert error(crn={"place": "sftp://ann:secret@host/x"}).value == "crn"
    told = error(crm={"place": "sftp://ann:secret@host/x", "tables": {"orders": {}}})
    assert told.value == "place, tables" and "secret" not in str(told)
    assert "secret" not in str(error(crm={"columns": {"orders": {"no": "sftp://ann:secret@host/x"}}}))


def test_an_unknown_setting_of_a_source_is_told_by_those_that_it_has() -> None:
    assert "Did you mean sources.crm.columns?" in str(error(crm={"colums": {}}))
    with pytest.raises(SettingsError, match="Did you mean exports"):
        load_settings({"LANDMARK_HASH_KEY": "k"}, exprots="x")
