"""Settings: typed, frozen, unknown names refused, nothing secret shown."""

import json
from pathlib import Path

import pytest

from pipeline.errors import SettingsError
from pipeline.settings import load_settings

HOME = {"LANDMARK_HASH_KEY": "k"}


def test_flags_win_over_environment_and_environment_over_file(tmp_path: Path) -> None:
    file = tmp_path / "landmark.toml"
    file.write_text('memory_limit = "1GB"\nthreads = 3\nseed = 5\n')
    environ = HOME | {"LANDMARK_SETTINGS": str(file), "LANDMARK_THREADS": "4", "LANDMARK_SEED": "6"}
    settings = load_settings(environ, seed=7)
    assert (settings.memory_limit, settings.threads, settings.seed) == ("1GB", 4, 7)


def test_a_misspelt_variable_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(SettingsError, match=r"LANDMARK_MEMORY_LIMT.*Did you mean LANDMARK_MEMORY_LIMIT"):
        load_settings(HOME | {"LANDMARK_MEMORY_LIMT": "4GB"})


def test_a_misspelt_key_of_the_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "landmark.toml"
    file.write_text("thread = 3\n")
    with pytest.raises(SettingsError, match=r"unknown setting thread.*Did you mean threads"):
        load_settings(HOME | {"LANDMARK_SETTINGS": str(file)})


@pytest.mark.parametrize(
    ("name", "value"),
    [("MEMORY_LIMIT", "lots"), ("THREADS", "0"), ("PUBLISH_BY", "25:00"), ("TIME_ZONE", "Mars/Olympus")],
)
def test_a_value_out_of_range_names_the_setting(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"(?i){name}") as caught:
        load_settings(HOME | {f"LANDMARK_{name}": value})
    assert value in str(caught.value)


def test_an_unknown_source_is_refused() -> None:
    with pytest.raises(SettingsError, match="unknown source 'erp'"):
        load_settings(HOME | {"LANDMARK_SOURCES__ERP__MISSING": "stop"})


def test_a_source_set_alone_leaves_the_others_as_they_are() -> None:
    settings = load_settings(HOME | {"LANDMARK_SOURCES__WEB__MISSING": "stop"})
    assert {name: s.missing for name, s in settings.sources.items()} == {
        "crm": "stop", "web": "stop", "social": "warn", "partner": "warn", "context": "warn",
    }  # fmt: skip


def test_what_one_source_is_told_leaves_its_other_settings_as_they_are(tmp_path: Path) -> None:
    file = tmp_path / "landmark.toml"
    text = 'place = "postgresql:///crm"\nconnection = "crm"\n[sources.crm.tables.orders]\nrelation = "o"\n'
    file.write_text(f"[sources.crm]\n{text}[sources.web]\nplace = 'in'\n")
    environ = HOME | {"LANDMARK_SETTINGS": str(file), "LANDMARK_SOURCES__CRM__TABLES__ORDERS__UPDATED_AT": "changed"}
    settings = load_settings(environ, sources={"crm": {"missing": "warn"}})
    crm = settings.sources["crm"]
    assert (crm.place, crm.connection, crm.missing) == ("postgresql:///crm", "crm", "warn")
    assert settings.sources["web"].place == str(tmp_path / "in")
    assert (crm.tables["orders"].relation, crm.tables["orders"].updated_at) == ("o", "changed")


def test_tables_are_of_a_database() -> None:
    environ = HOME | {"LANDMARK_SOURCES__CRM__PLACE": "s3://x", "LANDMARK_SOURCES__CRM__TABLES__ORDERS__RELATION": "o"}
    with pytest.raises(SettingsError, match="tables are of a database"):
        load_settings(environ)


def test_credentials_do_not_belong_into_the_settings_file(tmp_path: Path) -> None:
    file = tmp_path / "landmark.toml"
    file.write_text('[connections.crm]\nkind = "s3"\npassword = "hunter2"\n')
    with pytest.raises(SettingsError, match="credentials do not belong") as caught:
        load_settings(HOME | {"LANDMARK_SETTINGS": str(file)})
    assert "hunter2" not in str(caught.value)


def test_a_wrong_setting_beside_an_address_tells_no_password() -> None:
    environ = HOME | {"LANDMARK_SOURCES__ERP__PLACE": "sftp://me:hunter2@host/x"}
    with pytest.raises(SettingsError, match="unknown source") as caught:
        load_settings(environ)
    assert "hunter2" not in str(caught.value)


def test_secrets_are_not_shown() -> None:
    settings = load_settings({"LANDMARK_HASH_KEY": "top-secret", "LANDMARK_SMTP__PASSWORD": "hunter2"})
    assert settings.smtp.password == "hunter2"
    assert "hunter2" not in repr(settings) and "top-secret" not in repr(settings)


def test_the_own_hash_key_is_made_once_and_private(tmp_path: Path) -> None:
    first = load_settings({"HOME": str(tmp_path)}).hash_key
    assert first == load_settings({"HOME": str(tmp_path)}).hash_key
    assert len(first) == 64
    assert (tmp_path / ".config/landmark/hash_key").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("audience", "words"),
    [
        ({"recipients": ["ann"]}, "'ann' is not an e-mail address"),
        ({"recipients": ["a@x.org\r\nBcc: b@x.org"]}, "is not an e-mail address"),
        ({"locale": "xx_YY"}, "'xx_YY' is not a locale such as en_GB"),
        ({"approval": "sometimes"}, "never"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_wrong_audience_is_refused_with_what_is_wrong(audience: dict[str, object], words: str) -> None:
    given = json.dumps([{"name": "board", "recipients": ["a@x.org"]} | audience])
    with pytest.raises(SettingsError, match=words):
        load_settings({"LANDMARK_AUDIENCES": given}, hash_key="k")


def test_an_empty_variable_is_not_set_and_its_name_is_still_checked(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text('threads = 3\n[smtp]\nhost = "mail.example.org"\n', "utf-8")
    empty = {"LANDMARK_THREADS": "", "LANDMARK_SMTP__HOST": "", "LANDMARK_TIME_ZONE": ""}
    found = load_settings({"LANDMARK_SETTINGS": str(file)} | empty, hash_key="k")
    assert (found.threads, found.smtp.host, found.time_zone) == (3, "mail.example.org", "UTC")
    with pytest.raises(SettingsError, match="LANDMARK_THREADS"):
        load_settings({"LANDMARK_THREDS": ""}, hash_key="k")


def test_audiences_come_from_the_environment_as_json_and_have_names_of_their_own() -> None:
    one = {"name": "board", "recipients": ["a@x.org", "a@x.org"], "locale": "de-DE"}
    (board,) = load_settings({"LANDMARK_AUDIENCES": json.dumps([one])}, hash_key="k").audiences
    assert (board.recipients, board.locale) == (("a@x.org",), "de_DE")
    assert load_settings({"LANDMARK_AUDIENCES": ""}, hash_key="k").audiences[0].name == "executives"
    with pytest.raises(SettingsError, match="the same name"):
        load_settings({"LANDMARK_AUDIENCES": json.dumps([one, one])}, hash_key="k")
    with pytest.raises(SettingsError, match="not JSON"):
        load_settings({"LANDMARK_AUDIENCES": "board"}, hash_key="k")


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        ({"report_url": "javascript:alert(1)"}, "not a web address"),
        ({"report_url": "reports.example.org"}, "not a web address"),
        ({"mail_from": "Landmark"}, "holds no e-mail address"),
        ({"audiences": [{"name": "team", "recipients": []}]}, "LANDMARK_AUDIENCES"),
    ],
)
def test_what_would_be_mailed_wrongly_is_refused(flags: dict[str, object], says: str) -> None:
    with pytest.raises(SettingsError, match=says) as refused:
        load_settings({}, **flags)
    assert "Value error" not in str(refused.value)
