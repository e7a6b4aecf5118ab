"""The harder world: what it does to people and their rows, and that its truth claims no more than can be known."""

import gzip
import hashlib
import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipeline.demo import NIGHTS, generate
from pipeline.demo.crm import make_crm
from pipeline.demo.hard import harder_crm, harder_people
from pipeline.demo.history import simulate
from pipeline.demo.people import make_people
from pipeline.demo.recipe import Recipe
from pipeline.demo.weather import make_weather

RECIPE = Recipe(2500, NIGHTS, 3, 0.0, True, False, True)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return generate(tmp_path_factory.mktemp("hard"), people=600, seed=11, hard=True)


def truth(world: Path, name: str) -> pd.DataFrame:
    return pd.read_parquet(world / "truth" / f"{name}.parquet")


def customers(world: Path) -> pd.DataFrame:
    paths = sorted((world / "exports" / "crm" / "customers").glob("*/*.csv"))
    return pd.concat(
        [pd.read_csv(path, dtype=str, keep_default_na=False).assign(night=path.parent.name) for path in paths]
    )


def test_same_arguments_give_the_same_bytes_and_the_ordinary_world_stays(tmp_path: Path) -> None:
    def bytes_of(name: str, *, hard: bool) -> dict[str, str]:
        folder = generate(tmp_path / name, people=60, hard=hard)
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}

    one, two = bytes_of("one", hard=True), bytes_of("two", hard=True)
    assert one == two
    ordinary = bytes_of("ordinary", hard=False)
    assert (
        ordinary["exports/crm/customers/2026-06-28/customers.csv"]
        != one["exports/crm/customers/2026-06-28/customers.csv"]
    )
    assert "hard" not in json.loads((tmp_path / "ordinary" / "truth" / "counts.json").read_text())


def test_families_share_names_birth_days_mailboxes_and_numbers() -> None:
    plain, people = make_people(RECIPE), harder_people(RECIPE, make_people(RECIPE))
    home = pd.DataFrame(
        {"home": people.household, "name": people.first + people.last, "born": people.born, "mail": people.email}
    )
    namesakes = home[home.duplicated(["home", "name"], keep=False)]
    assert len(namesakes) > 2 * pd.DataFrame({"h": plain.household, "n": plain.first + plain.last}).duplicated().sum()
    assert (namesakes.groupby(["home", "name"])["born"].agg(np.ptp) > 20 * 365).mean() > 0.8  # the rest by chance
    assert home.duplicated(["home", "born"]).sum() > 10
    one_mailbox = home[home.duplicated("mail", keep=False)]
    assert len(one_mailbox) > 20
    assert one_mailbox.groupby("mail")["name"].nunique().min() > 1


def test_rows_are_worse_but_a_person_s_rows_can_still_be_known_as_one() -> None:
    people = harder_people(RECIPE, make_people(RECIPE))
    before = make_crm(RECIPE, people, simulate(RECIPE, people, make_weather(RECIPE)))
    crm = harder_crm(RECIPE, people, before)
    worse = crm.rows["born"] != before.rows["born"]
    assert 0.05 < worse.sum() / (before.rows["born"] != "").sum() < 0.15
    assert (crm.rows["born"].str.endswith("-01-01").sum()) > 5 * len(crm.rows) / 365
    desks = crm.rows["phone"].str.startswith("+35316")
    assert 0.02 < desks.mean() < 0.08
    assert crm.rows.loc[desks, "person"].nunique() > 50
    assert crm.rows["email"].str.contains("agency").any()
    assert len(crm.changes) > len(before.changes) + 50
    moved = crm.changes[crm.changes["street"] != crm.rows.loc[crm.changes.index, "street"]]
    assert (moved["phone"] != crm.rows.loc[moved.index, "phone"]).sum() > 20


def test_nothing_is_called_known_that_is_as_true_of_somebody_else(world: Path) -> None:
    identities = truth(world, "identities")
    people = identities[identities["kind"] == "crm_id"].merge(
        customers(world).drop_duplicates("crm_id"), left_on="value", right_on="crm_id"
    )
    mails = people.assign(mail=people["email"].str.lower()).query("mail != ''").groupby("mail")["person"].nunique()
    shared = {hashlib.sha256(mail.encode()).hexdigest() for mail in mails.index[mails > 1]}
    activities = pd.concat(
        [pd.read_csv(path, dtype=str, keep_default_na=False) for path in (world / "exports").glob("partner/*/*/*.csv")]
    )
    only_hash = activities[activities["email_sha256"].isin(shared) & (activities["last_name"] == "")]
    refs = identities[identities["value"].isin(only_hash["customer_ref"])]
    assert not refs["linkable"].any()


def test_kiosks_are_nobody_s(world: Path) -> None:
    text = "".join(gzip.decompress(p.read_bytes()).decode() for p in (world / "exports/web/events").glob("*/*.gz"))
    logins = re.findall(r'"anonymousId":"(\w+)".*"userId":"(\w+)"', text)
    many = pd.DataFrame(logins).groupby(0)[1].nunique()
    kiosks = many.index[many > 10]
    assert len(kiosks) > 0
    assert not truth(world, "identities")["value"].isin(kiosks).any()


def test_a_partner_numbers_some_people_twice(world: Path) -> None:
    refs = truth(world, "identities").query("kind.str.startswith('partner')")
    assert refs.duplicated(["kind", "person"]).any()


def test_strangers_of_two_partners_are_not_one_person(world: Path) -> None:
    identities, known = truth(world, "identities"), json.loads((world / "truth" / "counts.json").read_text())["people"]
    strangers = identities[identities["person"] >= known]
    assert len(strangers) > 10
    assert (strangers.groupby("person")["kind"].nunique() == 1).all()
