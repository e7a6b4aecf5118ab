"""The demo company: what it delivers is what its truth says, and the same every time."""

import gzip
import hashlib
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from pipeline.demo import JOURNEY_MAP, NIGHTS, generate
from pipeline.demo import company as c
from pipeline.demo.crm import make_crm
from pipeline.demo.history import Journeys, effect_table, loyalty_index, simulate
from pipeline.demo.people import make_people
from pipeline.demo.recipe import Recipe
from pipeline.demo.truth import effects, followed_up, gains
from pipeline.demo.weather import make_weather
from pipeline.errors import SettingsError
from pipeline.journey_map import load_journey_map

HORIZON = pd.Timedelta(days=c.HORIZON_DAYS)


def recipe(people: int, **given: object) -> Recipe:
    base: dict[str, object] = {"nights": NIGHTS, "seed": 3, "bend": 0.0, "effects": True, "hidden": False}
    return Recipe(people, **(base | given))  # type: ignore[arg-type]


def story(given: Recipe) -> Journeys:
    return simulate(given, make_people(given), make_weather(given))


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return generate(tmp_path_factory.mktemp("demo"), people=400, seed=11)


def digest(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def delivered(world: Path, table: str) -> pd.DataFrame:
    """Every row of a CSV table, with its night, in the order of delivery."""
    parts = []
    for path in sorted((world / "exports" / table).glob("*/*.csv")):
        part = pd.read_csv(path, dtype=str, keep_default_na=False)
        parts.append(part.assign(night=path.parent.name, line=range(len(part))))
    return pd.concat(parts, ignore_index=True)


def standing_orders(world: Path) -> pd.DataFrame:
    rows = delivered(world, "crm/orders")
    rows = rows[rows["order_id"].str.fullmatch(r"F\d+")]
    rows = rows.sort_values(["night", "line"]).drop_duplicates("order_id", keep="last")
    times = {name: pd.to_datetime(rows[name]).dt.tz_localize(None) for name in ("ordered_at", "ends_at")}
    return rows[rows["status"] == "completed"].assign(**times)


def truth(world: Path, name: str) -> pd.DataFrame:
    return pd.read_parquet(world / "truth" / f"{name}.parquet")


def test_same_arguments_give_the_same_bytes_and_another_seed_others(tmp_path: Path) -> None:
    one, two = (digest(generate(tmp_path / n, people=60)) for n in ("one", "two"))
    other = digest(generate(tmp_path / "other", people=60, seed=8))
    assert one == two
    assert one.keys() == other.keys()
    assert one["exports/crm/orders/2026-06-28/orders.csv"] != other["exports/crm/orders/2026-06-28/orders.csv"]


def test_a_world_of_other_nights_replaces_the_one_before_it(tmp_path: Path) -> None:
    generate(tmp_path, people=40)
    generate(tmp_path, people=40, nights=("2026-03-01",))
    assert [p.name for p in (tmp_path / "exports" / "crm" / "orders").iterdir()] == ["2026-03-01"]


def test_exports_of_somebody_else_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "exports").mkdir()
    with pytest.raises(SettingsError, match="did not write"):
        generate(tmp_path, people=40)


@pytest.mark.parametrize(
    "wrong",
    [{"people": 19}, {"bend": 1.5}, {"nights": ()}, {"nights": ("2026-06-30", "2026-06-29")}, {"nights": ("soon",)}],
)
def test_what_cannot_be_made_is_refused_by_name(tmp_path: Path, wrong: dict[str, object]) -> None:
    with pytest.raises(SettingsError, match=next(iter(wrong))):
        generate(tmp_path / "new", **wrong)  # type: ignore[arg-type]
    assert not (tmp_path / "new").exists()


def test_the_journey_map_is_valid_and_names_what_the_company_plants() -> None:
    load_journey_map(JOURNEY_MAP)
    raw = yaml.safe_load(JOURNEY_MAP.read_text("utf-8"))
    said = [(s["name"], b["name"]) for s in raw["steps"] for b in s["sub_steps"]]
    moments = [(b["name"], m["name"]) for s in raw["steps"] for b in s["sub_steps"] for m in b["moments"]]
    assert said == [(s.step, s.name) for s in c.SUB_STEPS]
    assert moments == [(m.sub_step, m.name) for m in c.MOMENTS]
    days = (c.LOOKBACK_DAYS, c.FOLLOW_UP_DAYS, c.INACTIVITY_DAYS)
    assert tuple(raw["journey"].values()) == days
    assert (raw["retention"]["horizon_days"], raw["brand"]) == (c.HORIZON_DAYS, c.BRAND)


def test_retained_is_what_the_delivered_orders_say(world: Path) -> None:
    orders, journeys = standing_orders(world), truth(world, "journeys")
    journeys = journeys.merge(orders[["order_id", "ordered_at"]], on="order_id")
    pairs = journeys.merge(journeys[["person", "ordered_at"]], on="person", suffixes=("", "_next"))
    late = pairs["ordered_at_next"] - pairs["ends_at"]
    again = pairs.loc[(late > pd.Timedelta(0)) & (late <= HORIZON), "order_id"]
    full = journeys[journeys["followed_up"]]
    assert len(full) > 300
    assert (full["order_id"].isin(again) == full["retained"].astype(bool)).all()
    assert journeys.loc[~journeys["followed_up"], "retained"].isna().all()
    assert ((journeys["ends_at"] + HORIZON <= pd.Timestamp(NIGHTS[-1])) == journeys["followed_up"]).all()


def test_every_completed_order_of_who_does_not_refuse_has_its_journey_and_no_other(world: Path) -> None:
    person = truth(world, "identities").query("kind == 'crm_id'").set_index("value")["person"]
    orders = standing_orders(world)
    orders = orders[orders["crm_id"].isin(person.index)]
    journeys = truth(world, "journeys").set_index("order_id")
    assert set(journeys.index) == set(orders["order_id"]) == set(truth(world, "all_orders")["order_id"])
    assert (orders["crm_id"].map(person).to_numpy() == journeys.loc[orders["order_id"], "person"].to_numpy()).all()


@pytest.mark.parametrize(
    ("moment", "event", "outcome"),
    [
        ("plant_died", "plant_died", ""),
        ("tip_given", "care_call", "tip_given"),
        ("day_chosen", "delivery_day_chosen", ""),
    ],
)
def test_moments_of_the_truth_are_in_the_delivered_interactions(
    world: Path, moment: str, event: str, outcome: str
) -> None:
    rows = delivered(world, "crm/interactions")
    rows = rows[rows["interaction_id"].str.fullmatch(r"N\d+") & (rows["type"] == event)]
    rows = rows[rows["outcome"].str.contains(outcome, regex=False)]
    journeys = truth(world, "journeys")
    done = journeys[journeys["followed_up"]].set_index("order_id")[f"on:{moment}"] > 0
    assert done.sum() > 20
    assert set(done[done].index) == set(rows["order_id"]) & set(done.index)


def test_everything_delivered_happened_before_its_night(world: Path) -> None:
    bad = set(truth(world, "bad_rows")["record_id"])
    for table, column in (("crm/orders", "ordered_at"), ("crm/interactions", "occurred_at")):
        rows = delivered(world, table)
        rows = rows[~rows.iloc[:, 0].isin(bad - set(rows.iloc[:, 0][rows.iloc[:, 0].str.match(r"[FN]\d")]))]
        rows = rows[rows.iloc[:, 0] != ""]
        assert (rows[column].str[:10] < rows["night"]).all()
    late = delivered(world, "crm/interactions").query("night == '2026-06-30' and occurred_at < '2026-06-28'")
    assert len(late) > 5


def test_later_nights_replace_orders_and_bring_new_customers(world: Path) -> None:
    orders = delivered(world, "crm/orders").query("status != ''")
    seen = orders.groupby("order_id").agg(nights=("night", "nunique"), states=("status", "nunique"))
    assert (seen["nights"] > 1).sum() > (seen["states"] > 1).sum() > 0
    customers = delivered(world, "crm/customers")
    first = customers[customers["crm_id"].str.startswith("K")].groupby("crm_id")["night"].min()
    assert (first > NIGHTS[0]).sum() > 3


def test_who_refuses_says_so_in_a_row_and_is_nowhere_in_the_truth(world: Path) -> None:
    customers = delivered(world, "crm/customers")
    said = customers[customers["consent_analytics"] == "false"]["crm_id"]
    refusers = set(truth(world, "refusers")["crm_id"])
    assert said[said.str.startswith("K")].isin(refusers).all()
    assert (customers[customers["crm_id"].isin(said)].groupby("crm_id").size() > 1).any()  # somebody withdrew later
    assert not truth(world, "identities")["value"].isin(refusers).any()
    gone = delivered(world, "crm/orders").query("crm_id in @refusers")["order_id"]
    assert len(gone) > 5
    assert not truth(world, "journeys")["order_id"].isin(gone).any()


def test_parent_and_child_of_one_name_can_be_told_apart_by_their_birth_dates() -> None:
    given = recipe(5000)
    people = make_people(given)
    rows = make_crm(given, people, simulate(given, people, make_weather(given))).rows
    rows = rows.assign(home=people.household[rows["person"]])
    name = people.first + " " + people.last
    pairs = pd.DataFrame({"home": people.household, "name": name}).duplicated(keep=False)
    of_pair = rows[rows["person"].isin(np.flatnonzero(pairs))]
    assert pairs.sum() >= 6
    born = np.datetime_as_string(people.born.astype("datetime64[D]"))
    assert (of_pair["born"] == born[of_pair["person"]]).all()
    assert (rows["born"] == "").sum() > 500


def test_bad_rows_are_where_the_truth_says(world: Path) -> None:
    bad = truth(world, "bad_rows")
    kinds = {"negative_amount", "bad_timestamp", "missing_key", "unknown_currency", "future", "invalid_json"}
    assert kinds | {"duplicate_row", "unknown_status", "bad_number", "missing_id"} == set(bad["kind"])
    for night, group in bad[bad["table"] == "orders"].groupby("night"):
        rows = delivered(world, "crm/orders")
        rows = rows[rows["night"] == night]
        repeats = set(group.loc[group["kind"] == "duplicate_row", "record_id"])
        assert (rows[rows["order_id"].isin(repeats)].groupby("order_id").size() == 2).all()
        assert set(group["record_id"]) <= set(rows["order_id"])
    broken = sum(not _readable(line) for line in _event_lines(world))
    assert broken == (bad["kind"] == "invalid_json").sum() > 0


def _event_lines(world: Path) -> list[str]:
    files = sorted((world / "exports" / "web" / "events").glob("*/*.jsonl.gz"))
    return [line for path in files for line in gzip.decompress(path.read_bytes()).decode().splitlines()]


def _readable(line: str) -> bool:
    try:
        json.loads(line)
    except json.JSONDecodeError:
        return False
    return True


def test_cookies_that_can_be_known_are_tied_by_a_login_or_an_order(world: Path) -> None:
    events = [json.loads(line) for line in _event_lines(world) if _readable(line)]
    tied = {e.get("anonymousId") for e in events if e.get("userId") or e.get("properties", {}).get("order_id")}
    cookies = truth(world, "identities").query("kind == 'anonymous_id'")
    assert len(cookies) > 300
    assert (cookies["value"].isin(tied) == cookies["linkable"]).all()
    person = truth(world, "identities").query("kind == 'crm_id'").set_index("value")["person"]
    users = pd.DataFrame([(e["anonymousId"], person.get(e["userId"])) for e in events if e.get("userId")])
    people = users.groupby(0)[1].nunique()
    assert (people > 1).sum() > 3  # devices that a household shares are nobody's
    assert not cookies["value"].isin(people[people > 1].index).any()


def test_emotions_name_texts_that_were_delivered(world: Path) -> None:
    rows = delivered(world, "crm/interactions")
    posts = [
        json.loads(s) for p in (world / "exports/social").rglob("*.jsonl") for s in p.read_text("utf-8").splitlines()
    ]
    crews = pd.concat([pd.read_parquet(p) for p in (world / "exports/partner/spadework").rglob("*.parquet")])
    said = {*rows.loc[rows["text"] != "", "interaction_id"], *crews.dropna(subset="text")["activity_id"]}
    emotions = truth(world, "emotions")
    assert emotions["id"].is_unique
    assert emotions["id"].isin(said | {post["id"] for post in posts}).all()
    rated = rows[rows["rating"] != ""].merge(emotions, left_on="interaction_id", right_on="id")
    mean = rated["rating"].astype(float).groupby(rated["label"]).mean()
    assert mean["negative"] + 2 < mean["neutral"] < mean["positive"] - 1


def test_without_effects_nothing_is_planted_but_a_plain_comparison_is_still_misled() -> None:
    given = recipe(6000, effects=False)
    table = effects(story(given), given)
    assert (table["effect"] == 0).all()
    assert table.query("moment == 'member_price_shown' and mission == 'ALL'")["naive"].item() > 0.05


def test_the_effect_over_all_is_the_mean_over_the_missions_eligible_journeys() -> None:
    given = recipe(3000)
    table = effects(story(given), given)
    one = table[table["mission"] != "ALL"]
    whole = table[table["mission"] == "ALL"].set_index("moment").sort_index()
    total = (one["effect"] * one["eligible"]).groupby(one["moment"]).sum()
    assert np.allclose(total / whole["eligible"], whole["effect"])
    assert (one.groupby("moment")["exposed"].sum() == whole["exposed"]).all()
    assert 0.4 <= (one["effect"] == 0).mean() <= 0.65  # about half of the moments do nothing


def within_strata(journeys: Journeys, given: Recipe, moment: str) -> tuple[float, float]:
    """The difference that a moment makes among journeys of equal prospects without it, and what the truth says."""
    j = c.MOMENT_NAMES.index(moment)
    rows = followed_up(journeys, given) & journeys.reached[:, c.SUB_STEP_OF[j]]
    off = journeys.eta - effect_table(given)[journeys.mission][:, j] * journeys.on[:, j]
    columns = {"eta": off, "mission": journeys.mission, "on": journeys.on[:, j], "retained": journeys.retained}
    frame = pd.DataFrame(columns)[rows]
    frame["stratum"] = frame.groupby("mission")["eta"].transform(lambda eta: pd.qcut(eta, 12, labels=False))
    cells = frame.groupby(["mission", "stratum", "on"])["retained"].mean().unstack()
    weights = frame.groupby(["mission", "stratum"]).size()
    seen = np.average(cells[True] - cells[False], weights=weights)
    return float(seen), float(gains(journeys, given, j)[rows].mean())


@pytest.mark.parametrize("bend", [0.0, 1.0])
@pytest.mark.parametrize("moment", ["member_price_shown", "gardener_advice", "delivery_late", "before_after_photo"])
def test_the_planted_effect_is_what_happens_between_equals(bend: float, moment: str) -> None:
    given = recipe(30_000, bend=bend)
    seen, planted = within_strata(story(given), given, moment)
    assert seen == pytest.approx(planted, abs=0.02)


def test_the_effect_of_a_dead_plant_counts_the_replacement_that_it_leads_to() -> None:
    given = recipe(30_000)
    journeys = story(given)
    died, replaced = (c.MOMENT_NAMES.index(name) for name in ("plant_died", "replaced_same_week"))
    table = effect_table(given)[journeys.mission]
    direct = journeys.eta + table[:, died] * ~journeys.on[:, died] - table[:, replaced] * journeys.on[:, replaced]
    off = journeys.eta - (table * journeys.on)[:, [died, replaced]].sum(axis=1)
    alone = 1 / (1 + np.exp(-direct)) - 1 / (1 + np.exp(-off))
    assert alone.mean() < gains(journeys, given, died).mean() < 0


def test_bent_confounding_is_a_hump_where_straight_one_rises() -> None:
    prior = np.arange(7)
    flat = np.zeros(7)
    member = recent = np.zeros(7, bool)
    line, bent = (
        loyalty_index(bend, prior, member, recent, lead=flat, amount=flat, growing=flat) for bend in (0.0, 1.0)
    )
    assert (np.diff(line) > 0).all()
    assert bent[0] < bent[2] > bent[6]


def test_a_hidden_cause_misleads_where_nothing_that_is_seen_does() -> None:
    given = recipe(30_000, hidden=True, effects=False)
    journeys = story(given)
    table = effects(journeys, given).query("mission == 'ALL'").set_index("moment")["naive"]
    open_world = recipe(30_000, effects=False)
    seen = effects(story(open_world), open_world).query("mission == 'ALL'").set_index("moment")["naive"]
    assert table["tip_given"] > seen["tip_given"] + 0.05
    assert abs(table["gardener_advice"] - seen["gardener_advice"]) < 0.05


@pytest.mark.slow
def test_a_large_world_stays_within_memory_and_minutes(tmp_path: Path) -> None:
    import resource
    import time

    started = time.perf_counter()
    generate(tmp_path, people=60_000)
    assert time.perf_counter() - started < 300
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < 4_000_000
    counts = json.loads((tmp_path / "truth" / "counts.json").read_text())
    assert counts["web_events"] > 2_500_000
