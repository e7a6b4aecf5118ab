"""benchmarks/identity.py reads any person table: what columns mean, how values are spelt, how clusters are scored."""

import importlib
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


@pytest.fixture
def tables(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module("person_tables")


ROLES = {
    "first_name": "given_name fname_c1 firstName Vorname",
    "last_name": "lname_c2 Surname family-name",
    "full_name": "first_and_surname Name full_name",
    "birth_date": "dob date_of_birth birthDate",
    "birth_year": "by year_of_birth",
    "birth_month": "bm birth_month",
    "city": "birth_place suburb Town",
    "postcode": "postcode_fake zip",
    "street": "address_1 street_number",
    "phone": "mobile Phone_Number",
    "email": "e-mail email",
    None: "gender soc_sec_id occupation state",
}


@pytest.mark.parametrize(("column", "role"), [(name, role) for role, names in ROLES.items() for name in names.split()])
def test_a_column_s_name_tells_what_it_means(tables: ModuleType, column: str, role: str | None) -> None:
    assert tables.role_by_name(column) == role


def test_values_tell_what_a_name_does_not(tables: ModuleType) -> None:
    frame = pd.DataFrame(
        {
            "k": ["1", "2", "3"],
            "person": ["a", "a", "b"],
            "c1": ["ann@a.example", "bob@b.example", None],
            "c2": ["1980-02-03", "1981-03-04", "1981-03-04"],
            "c3": ["+44 20 7946 0958", "020 7946 0959", "+44 20 7946 0958"],
            "c4": ["red", "red", "blue"],
            "c5": ["same", "same", "same"],
            "c6": ["q1", "q2", "q3"],
        }
    )
    found = tables.map_columns(frame, ["k", "person"], {})
    assert found.roles == {"email": ("c1",), "birth_date": ("c2",), "phone": ("c3",)}
    assert found.attributes == ("c4",)
    assert tables.map_columns(frame, ["k", "person"], {"city": "c4"}).roles["city"] == ("c4",)


def test_names_and_dates_are_spelt_alike(tables: ModuleType) -> None:
    assert tables.split_name("Ann Lee Smith") == ("ann", "smith")
    assert tables.split_name("Smith, Ann Lee") == ("ann lee", "smith")
    assert tables.split_name("thomas clifford, 1st baron chudleigh") == ("thomas", "chudleigh")
    frame = pd.DataFrame({"id": ["1", "2"], "fname": ["José", "Ann"], "lname": ["Díaz", None], "dob": ["19560409", ""]})
    made = tables.profiles(frame, tables.map_columns(frame, ["id"], {}))
    assert made["full_name"].tolist()[0] == "jose diaz"
    assert made["born"].tolist()[0] == "1956-04-09"
    assert made["born"].isna().tolist() == [False, True]


def test_days_and_months_are_told_apart(tables: ModuleType) -> None:
    for written, known in ((["03/04/1980", "25/04/1980"], "1980-04-03"), (["03/04/1980", "04/25/1980"], "1980-03-04")):
        frame = pd.DataFrame({"id": ["1", "2"], "born": written})
        assert tables.profiles(frame, tables.map_columns(frame, ["id"], {}))["born"].tolist()[0] == known


def test_parts_of_a_date_are_put_together(tables: ModuleType) -> None:
    frame = pd.DataFrame({"id": ["1", "2"], "by": ["1949", "1950"], "bm": ["7", "12"], "bd": ["2", "22"]})
    made = tables.profiles(frame, tables.map_columns(frame, ["id"], {}))
    assert made["born"].tolist() == ["1949-07-02", "1950-12-22"]


def test_clusters_are_scored_by_pairs_and_by_records(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    found = importlib.import_module("identity").scores(
        np.array([0, 0, 0, 3]), np.array(["a", "a", "b", "b"], dtype=object)
    )
    assert found["precision"] == pytest.approx(1 / 3)
    assert found["recall"] == pytest.approx(1 / 2)
    assert found["B3 precision"] == pytest.approx((2 / 3 + 2 / 3 + 1 / 3 + 1) / 4)
    assert found["B3 recall"] == pytest.approx((1 + 1 + 1 / 2 + 1 / 2) / 4)


def test_a_made_up_table_is_the_same_every_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    make = importlib.import_module("made_people").make
    one, other = make(500, 3), make(500, 3)
    pd.testing.assert_frame_equal(one, other)
    assert len(one) == 500
    assert 200 < one["person"].nunique() < 400
    assert make(5_000, 3)["last_name"].nunique() > one["last_name"].nunique()
