"""Connections: as Airflow tells them, refused by name, and never shown."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import SettingsError
from pipeline.settings import load_settings
from pipeline.sources.connections import parsed, scrubbed
from pipeline.sources.file_systems import Place

SECRET = "p@ss/w:rd%"


def test_a_uri_and_json_say_the_same() -> None:
    told = {"conn_type": "aws", "login": "KEY", "password": SECRET, "extra": {"region_name": "eu-central-1"}}
    uri = "aws://KEY:p%40ss%2Fw%3Ard%25@/?region_name=eu-central-1"
    assert (
        parsed("x", uri)
        == parsed("x", json.dumps(told))
        == parsed("x", json.dumps(told | {"extra": '{"region_name": "eu-central-1"}'}))
    )
    assert parsed("x", uri).password == SECRET


@pytest.mark.parametrize(
    "text", ["{", "[1]", '{"conn_type": "aws", "port": "p@ss"}', "aws://h:p@ss:x/", "{}x", '{"extra": "p@ss"}']
)
def test_what_cannot_be_read_is_named_and_not_shown(text: str) -> None:
    with pytest.raises(SettingsError, match="connection crm") as caught:
        parsed("crm", text)
    assert "p@ss" not in str(caught.value)
    assert caught.value.__context__ is None


def test_nothing_secret_is_shown() -> None:
    made = parsed("x", json.dumps({"conn_type": "sftp", "password": SECRET, "extra": {"private_key": "MII-abc"}}))
    assert SECRET not in repr(made) and "MII-abc" not in repr(made)
    assert {SECRET, "MII-abc"} <= set(made.secrets())


@given(st.text(min_size=4, max_size=20).filter(str.strip))
def test_a_secret_is_taken_out_of_a_text(secret: str) -> None:
    assert secret not in scrubbed(f"it said <{secret}>, twice: {secret}", [secret]).replace("***", "")


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("sftp://me:pass@host:2222/out", "sftp://host:2222/out"),
        ("https://host/out?sig=abc", "https://host/out?***"),
        ("s3://bucket/out", "s3://bucket/out"),
        ("/exports", "/exports"),
    ],
)
def test_an_address_is_shown_without_what_opens_it(url: str, shown: str) -> None:
    assert Place(url).shown == shown


def test_a_connection_is_taken_from_its_variable_where_a_place_names_it() -> None:
    environ = {"LANDMARK_HASH_KEY": "k", "LANDMARK_CONNECTION": "lake", "AIRFLOW_CONN_LAKE": "aws://K:S@/"}
    assert load_settings(environ | {"AIRFLOW_CONN_OTHER": "aws://K:S@/"}).connections.keys() == {"lake"}
