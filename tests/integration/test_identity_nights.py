"""Identity over nights: increments equal rebuilds, the ledger tells every change, people's decisions outlast nights."""

import shutil
from itertools import pairwise
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from pipeline import runner
from pipeline.catalog import Store
from pipeline.demo import generate
from pipeline.estimators.identity.ledger import MAPPED, replay
from pipeline.identity import evidence
from pipeline.identity.decisions import decide
from pipeline.settings import Settings, load_settings
from pipeline.stages import SOURCES
from pipeline.warehouse import Session

NIGHTS = ("2026-06-28", "2026-06-29", "2026-06-30")
LATER = ("2026-07-01", "2026-07-02")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return generate(tmp_path_factory.mktemp("world"), people=400, nights=(*NIGHTS, *LATER), seed=5)


def settings_of(world: Path, data: Path, **more: str) -> Settings:
    environ = {"LANDMARK_HASH_KEY": "k" * 32} | more
    return load_settings(
        environ, exports=str(world / "exports"), journey_map=str(world / "journey.yml"), data=str(data)
    )


def deliver(settings: Settings, night: str) -> None:
    for stage in ("pull", "ingest"):
        for source in SOURCES:
            runner.run_stage(settings, stage, night, source)


def finish(settings: Settings, night: str) -> dict[str, Any]:
    """Runs identity, and makes the night count as finished."""
    summary = runner.run_stage(settings, "identity", night)
    Store(settings.data).publish(night)
    return summary


def table(settings: Settings, night: str, name: str) -> pd.DataFrame:
    store = Store(settings.data)
    folder = store.folder(night, int(store.read().night(night).build or 0)) / "identity"
    with Session(settings, "reader", settings.data, settings.data / "spill" / "test") as session:
        session.attach("identity", [folder])
        return session.frame(f"identity.{name}")


def in_order(frame: pd.DataFrame) -> pd.DataFrame:
    columns = [name for name in frame if name != "row_id"]
    return frame[columns].astype(str).sort_values(columns, ignore_index=True)


def customers_of(settings: Settings, night: str) -> dict[tuple[str, str], str]:
    members = table(settings, night, "members").merge(table(settings, night, "records"), on="record_id")
    return {(kind, value): customer for kind, value, customer in members[["kind", "value", "customer_id"]].to_numpy()}


@pytest.fixture(scope="module")
def nightly(world: Path, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A data folder with every night's identity, one by one."""
    settings = settings_of(world, tmp_path_factory.mktemp("nightly"))
    for night in NIGHTS:
        deliver(settings, night)
        finish(settings, night)
    return settings


@pytest.fixture
def copied(world: Path, nightly: Settings, tmp_path: Path) -> Settings:
    shutil.copytree(nightly.data, tmp_path / "data")
    return settings_of(world, tmp_path / "data")


def test_a_night_reads_what_it_touches(nightly: Settings) -> None:
    build = Store(nightly.data).folder(NIGHTS[2], 1) / "identity"
    assert len(list((build / "records").iterdir())) > 1
    touched = runner.json.loads((build / "_stage.json").read_text("utf-8"))["rows_in"]
    assert 0 < touched < len(table(nightly, NIGHTS[2], "records")) / 4


@pytest.mark.parametrize("name", ["identifiers", "refused", "customers", "counts", "members", "key_pairs", "profiles"])
def test_an_increment_is_what_computing_everything_with_the_same_model_gives(
    copied: Settings, nightly: Settings, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evidence, "can_narrow", lambda _: False)
    finish(copied, NIGHTS[2])
    assert in_order(table(copied, NIGHTS[2], name)).equals(in_order(table(nightly, NIGHTS[2], name)))


@pytest.mark.parametrize("graph", ["strict", "loose"])
def test_the_other_graphs_are_too(
    copied: Settings, nightly: Settings, graph: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evidence, "can_narrow", lambda _: False)
    finish(copied, NIGHTS[2])
    name = f"identifiers_{graph}"
    assert in_order(table(copied, NIGHTS[2], name)).equals(in_order(table(nightly, NIGHTS[2], name)))
    regrouped = in_order(table(nightly, NIGHTS[2], "regrouped"))
    assert in_order(table(copied, NIGHTS[2], "regrouped")).equals(regrouped)


def test_nights_one_by_one_agree_with_a_rebuild(world: Path, nightly: Settings, tmp_path: Path) -> None:
    rebuilt = settings_of(world, tmp_path)
    deliver(rebuilt, NIGHTS[2])
    finish(rebuilt, NIGHTS[2])
    one, other = customers_of(nightly, NIGHTS[2]), customers_of(rebuilt, NIGHTS[2])
    assert one.keys() == other.keys()
    both = pd.DataFrame({"one": pd.Series(one), "other": pd.Series(other)})
    sizes = [both.groupby(by).size() for by in ("one", "other", ["one", "other"])]
    first, second, shared = (float((size * (size - 1) / 2).sum()) for size in sizes)
    assert shared / (first + second - shared) >= 0.995
    assert (both["one"] == both["other"]).mean() >= 0.995


@pytest.mark.parametrize("night", NIGHTS)
def test_the_ledger_alone_gives_the_map_of_any_night(nightly: Settings, night: str) -> None:
    ledger = table(nightly, NIGHTS[-1], "ledger")
    standing = table(nightly, night, "identifiers")[list(MAPPED)]
    assert in_order(replay(ledger, night)).equals(in_order(standing))


def test_no_customer_changes_without_a_line_in_the_ledger(nightly: Settings) -> None:
    ledger = table(nightly, NIGHTS[-1], "ledger")
    for before, after in pairwise(NIGHTS):
        was, now = set(customers_of(nightly, before).values()), set(customers_of(nightly, after).values())
        tonight = ledger[ledger["night"] == pd.Timestamp(after)]
        assert set(tonight.loc[tonight["event"] == "mint", "customer_id"]) == now - was
        assert set(tonight.loc[tonight["event"] == "merge", "customer_id"]) >= was - now


def test_what_people_decide_holds_from_the_next_night_on(world: Path, nightly: Settings, tmp_path: Path) -> None:
    shutil.copytree(nightly.data, tmp_path / "data")
    settings = settings_of(world, tmp_path / "data")
    customers = customers_of(settings, NIGHTS[2])
    agreed = set(table(settings, NIGHTS[2], "customers")["customer_id"])
    own = sorted(key for key, customer in customers.items() if key[0] == "crm_id" and customer in agreed)
    one, other = own[0], next(key for key in own if customers[key] != customers[own[0]])
    pairs = pd.Series(customers)[lambda s: s.duplicated(keep=False)]
    held = [key for key, customer in pairs.items() if customer == pairs.iloc[0]][:2]
    for key in (one, other, *held):
        assert key in customers
    decide(settings, "link", ":".join(one), ":".join(other), why="told us")
    decide(settings, "unlink", ":".join(held[0]), ":".join(held[1]), why="told us")
    for night in LATER:
        deliver(settings, night)
        finish(settings, night)
        now = customers_of(settings, night)
        assert now[one] == now[other]
        assert now[held[0]] != now[held[1]]
    ledger = table(settings, LATER[-1], "ledger")
    decided = ledger[ledger["event"] == "decide"]
    assert sorted(str(night)[:10] for night in decided["night"]) == [LATER[0]] * 2
    assert in_order(replay(ledger, LATER[-1])).equals(in_order(table(settings, LATER[-1], "identifiers")[list(MAPPED)]))


def test_the_model_is_learned_again_on_its_day_and_says_so(world: Path, nightly: Settings, tmp_path: Path) -> None:
    shutil.copytree(nightly.data, tmp_path / "data")
    settings = settings_of(world, tmp_path / "data", LANDMARK_IDENTITY_LEARN_DAYS="3")
    deliver(settings, LATER[0])
    summary = finish(settings, LATER[0])
    assert any("was learned, because it was learned 3 days ago" in line for line in summary["messages"])
    ledger = table(settings, LATER[0], "ledger")
    assert len(ledger[ledger["event"] == "model"]) == 2
    before, after = customers_of(settings, NIGHTS[2]), customers_of(settings, LATER[0])
    assert sum(before[key] != after.get(key) for key in before) <= 0.01 * len(before)
    assert in_order(replay(ledger, NIGHTS[1])).equals(in_order(table(nightly, NIGHTS[1], "identifiers")[list(MAPPED)]))
