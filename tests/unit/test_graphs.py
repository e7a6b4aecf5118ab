"""The strict and the loose graph of who is who: journeys cut again, and findings that depend on it flagged."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.context import Run
from pipeline.estimators.moment_effects import MomentEffects
from pipeline.estimators.trials import Trials, measure
from pipeline.estimators.verdicts import Verdicts
from pipeline.identity import graphs
from pipeline.journey_map import JourneyMap, Moment, Step, SubStep
from pipeline.settings import Settings
from pipeline.stages import journeys, ranking
from pipeline.stages.ranking import depends
from pipeline.warehouse import Session

NIGHT = date(2026, 6, 30)
FIRST = datetime(2026, 1, 1)
PEOPLE = 500
TEXT, REAL, TIME = pa.string(), pa.float64(), pa.timestamp("us")
IDENTIFIERS = dict.fromkeys(("identifier_kind", "identifier_value", "customer_id", "matched_by"), TEXT) | {
    "match_probability": REAL, "valid_from": TIME, "valid_to": TIME,
}  # fmt: skip
KINDS = {
    "ingest.orders": dict.fromkeys(("order_id", "crm_id", "status", "category", "currency", "attributes"), TEXT)
    | dict.fromkeys(("ordered_at", "starts_at", "ends_at"), TIME)
    | {"amount": REAL},
    "ingest.interactions": dict.fromkeys(
        ("interaction_id", "crm_id", "order_id", "channel", "type", "outcome", "text"), TEXT
    )
    | {"occurred_at": TIME, "duration_seconds": REAL, "rating": REAL},
    "ingest.events": dict.fromkeys(
        ("message_id", "user_id", "anonymous_id", "order_id", "event", "name", "type", "outcome", "topic", "category",
         "properties", "campaign_medium"), TEXT
    )
    | {"occurred_at": TIME, "duration_seconds": REAL, "rating": REAL, "amount": REAL},
    "ingest.activities": dict.fromkeys(
        ("partner", "activity_id", "customer_ref", "activity_type", "outcome", "category", "text"), TEXT
    )
    | {"occurred_at": TIME, "duration_seconds": REAL, "rating": REAL, "amount": REAL},
    "ingest.posts": dict.fromkeys(("post_id", "author_handle", "platform", "topics", "text"), TEXT)
    | {"created_at": TIME},
    "ingest.files": dict.fromkeys(("source", "table_name", "file"), TEXT)
    | {"night": pa.date32()}
    | dict.fromkeys(("arrived", "accepted", "superseded", "quarantined", "not_ours", "erased"), pa.int64()),
    "ingest.factors": {"date": pa.date32(), "region": TEXT, "factor": TEXT, "value": REAL},
    "ingest.customers": dict.fromkeys(("crm_id", "region", "country"), TEXT),
    "ingest.customers_history": dict.fromkeys(("crm_id", "loyalty_id"), TEXT) | {"created_at": TIME},
    "identity.identifiers": IDENTIFIERS,
    "identity.identifiers_strict": IDENTIFIERS,
    "identity.identifiers_loose": IDENTIFIERS,
    "identity.regrouped": {"graph": TEXT, "customer_id": TEXT},
    "identity.refused": {"identifier_kind": TEXT, "identifier_value": TEXT},
    "emotion.emotions": {"source": TEXT, "record_id": TEXT, "valence": REAL},
    "missions.assignments": {"journey_id": TEXT, "mission": TEXT, "mission_probability": REAL},
    "missions.missions": {"mission": TEXT, "journeys": pa.int64()},
}  # fmt: skip
Rows = dict[str, list[dict[str, object]]]
Build = Callable[[Rows, str], Path]


def the_map() -> JourneyMap:
    desk = SubStep("desk", "event = 'check_in'", (Moment("early", "outcome = 'early'", "engaging", "do"),))
    return JourneyMap("Acme", "EUR", 14, 10, 21, 60, (Step("stay", (desk,)),))


def order(order_id: str, crm_id: str, day: float) -> dict[str, object]:
    at = FIRST + timedelta(days=day)
    plain = {"status": "completed", "category": "room", "currency": "EUR", "amount": 80.0}
    return plain | {"order_id": order_id, "crm_id": crm_id, "ordered_at": at, "ends_at": at}


def owned(kind: str, value: str, customer: str) -> dict[str, object]:
    return {"identifier_kind": kind, "identifier_value": value, "customer_id": customer, "match_probability": 1.0}


def two_records_each() -> Rows:
    """People of two records, a customer each, of whom the first one checks in; half of them early.

    Three in ten come back on their first record; who was early often does on the second. A cookie is the second's.
    """
    rng = np.random.default_rng(1)
    rows: Rows = {table: [] for table in KINDS}
    for n in range(PEOPLE):
        early, day = n % 2 == 0, float(rng.uniform(0, 60))
        rows["ingest.orders"].append(order(f"o{n}", f"a{n}", day))
        outcome = {"outcome": "early" if early else "late", "channel": "desk", "type": "check_in"}
        at = FIRST + timedelta(days=day)
        touch = {"interaction_id": f"i{n}", "crm_id": f"a{n}", "order_id": f"o{n}", "occurred_at": at}
        rows["ingest.interactions"].append(touch | outcome)
        visit = {"message_id": f"v{n}", "anonymous_id": f"b{n}", "type": "page", "occurred_at": at - timedelta(days=2)}
        rows["ingest.events"].append(visit | {"campaign_medium": "mail"})
        if rng.random() < 0.3:
            rows["ingest.orders"].append(order(f"p{n}", f"a{n}", day + 20))
        elif early and rng.random() < 0.6:
            rows["ingest.orders"].append(order(f"q{n}", f"b{n}", day + 30))
        rows["identity.identifiers"] += [owned("crm_id", f"{kind}{n}", f"C{kind}{n}") for kind in "ab"]
        rows["identity.identifiers"].append(owned("anonymous_id", f"b{n}", f"Cb{n}"))
        rows["ingest.customers"] += [{"crm_id": f"{kind}{n}"} for kind in "ab"]
    return rows


def merged(rows: Rows, share: float) -> Rows:
    """The same, where the loose graph puts both records of that share of the people together."""
    people = range(int(PEOPLE * share))
    pairs = [("crm_id", "a"), ("crm_id", "b"), ("anonymous_id", "b")]
    loose = [owned(kind, f"{which}{n}", f"Ca{n}") for n in people for kind, which in pairs]
    regrouped = [{"graph": "loose", "customer_id": f"C{which}{n}"} for n in people for which in "aba"]
    return rows | {"identity.identifiers_loose": loose, "identity.regrouped": regrouped}


@pytest.fixture
def build(tmp_path: Path) -> Build:
    """Builds journeys and ranking of given tables under a name; returns the folder with both stages' tables."""

    def built(rows: Rows, name: str) -> Path:
        run = Run(NIGHT, Settings(data=tmp_path / name, hash_key="k"), the_map())
        folder = tmp_path / name
        for table, kinds in KINDS.items():
            place = folder / table.replace(".", "/")
            place.parent.mkdir(parents=True, exist_ok=True)
            made = pa.Table.from_pylist(rows[table], schema=pa.schema(list(kinds.items())))
            pq.write_table(made, place.with_name(f"{place.name}.parquet"))
        for stage in (journeys, ranking):
            stage_name = stage.__name__.rpartition(".")[2]
            (folder / stage_name).mkdir()
            with Session(run.settings, stage_name, folder / stage_name, tmp_path / "spill") as session:
                for need in stage.NEEDS:
                    session.attach(need, [folder / need])
                stage.build(run, session)
                session.write()
        return folder

    return built


def ranked(folder: Path) -> pd.DataFrame:
    return pd.read_parquet(folder / "ranking" / "moment_ranking.parquet").set_index("mission")


def test_a_verdict_that_flips_where_two_customers_are_one_is_flagged(build: Build) -> None:
    row = ranked(build(merged(two_records_each(), 1.0), "all")).loc["ALL"]
    assert row["verdict"] != "drives"
    assert row["verdict_loose"] == "drives"
    assert row["effect_loose"] > row["effect"] + 0.2
    assert (row["verdict_strict"], row["effect_strict"]) == (row["verdict"], row["effect"])
    assert row["depends_on_identity"]


def test_a_few_people_grouped_differently_flip_nothing(build: Build) -> None:
    row = ranked(build(merged(two_records_each(), 0.02), "few")).loc["ALL"]
    assert row["effect_loose"] > row["effect"]
    assert row["verdict_loose"] == row["verdict"]
    assert not row["depends_on_identity"]


def test_where_nobody_is_grouped_differently_nothing_is_computed_again(
    build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(graphs, "beside", lambda *_: pytest.fail("a graph was computed"))
    folder = build(two_records_each(), "none")
    for table in journeys.TABLES:
        assert len(pd.read_parquet(folder / "journeys" / f"regrouped_{table}.parquet")) == 0
    found = ranked(folder)
    assert not found["depends_on_identity"].any()
    for graph in graphs.GRAPHS:
        pd.testing.assert_series_equal(found[f"effect_{graph}"], found["effect"], check_names=False)
        assert (found[f"verdict_{graph}"] == found["verdict"]).all()


def test_the_main_finding_is_the_same_whether_or_not_others_stand_beside_it(build: Build) -> None:
    alone, beside = (ranked(build(rows, name)) for name, rows in (
        ("alone", two_records_each()), ("beside", merged(two_records_each(), 0.3)),
    ))  # fmt: skip
    shared = [name for name in alone if not name.endswith(("_loose", "_identity"))]
    pd.testing.assert_frame_equal(alone[shared], beside[shared], rtol=1e-9)


def test_journeys_of_a_graph_are_those_of_a_night_on_that_graph(build: Build) -> None:
    rows = merged(two_records_each(), 0.3)
    gone = {row["customer_id"] for row in rows["identity.regrouped"]}
    others = [row for row in rows["identity.identifiers"] if row["customer_id"] not in gone]
    nobody: Rows = {"identity.regrouped": [], "identity.identifiers_loose": []}
    whole = build(rows | nobody | {"identity.identifiers": others + rows["identity.identifiers_loose"]}, "whole")
    beside = build(rows, "beside")
    main = pd.read_parquet(beside / "journeys" / "journeys.parquet")
    theirs = set(pd.read_parquet(beside / "journeys" / "regrouped_journeys.parquet")["journey_id"])
    theirs |= set(main.loc[main["customer_id"].isin(gone), "journey_id"])
    for table in journeys.TABLES:
        kept = pd.read_parquet(beside / "journeys" / f"{table}.parquet")
        again = pd.read_parquet(beside / "journeys" / f"regrouped_{table}.parquet")
        assert set(again["graph"]) == {"loose"}
        made = pd.concat([kept[~kept["journey_id"].isin(theirs)], again.drop(columns="graph")])
        assert_same_rows(made, pd.read_parquet(whole / "journeys" / f"{table}.parquet"))


def assert_same_rows(made: pd.DataFrame, wanted: pd.DataFrame) -> None:
    keys = [name for name in ("touch_id", "journey_id", "sub_step", "moment") if name in wanted]
    first, second = (frame.astype(object).sort_values(keys, ignore_index=True) for frame in (made, wanted))
    pd.testing.assert_frame_equal(first, second, check_dtype=False)


# -- estimators -----------------------------------------------------------------------------------------------------


def trials(people: int = 400) -> Trials:
    rng = np.random.default_rng(2)
    past = rng.integers(0, 12, people).astype(np.float64)
    happened = rng.random((people, 2)) < (0.3 + 0.3 * (past > 5))[:, None]
    return Trials(
        outcome=(rng.random(people) < 0.3 + 0.2 * (past > 5)).astype(np.float64),
        past_outcome=(rng.random(people) < 0.4).astype(np.float64),
        customer=np.arange(people),
        mission=rng.integers(0, 2, people),
        missions=("rest", "work"),
        covariates={"past": past, "word": rng.choice(["a", "b"], people).astype(object)},
        past_covariates=frozenset(),
        reached=np.ones((people, 2), dtype=bool),
        happened=happened,
        sub_step_of=np.arange(2),
    )


def seen_again(made: Trials, rows: np.ndarray) -> Trials:
    """The trials with further versions of some rows, which tell just what the rows tell."""
    at = np.concatenate([np.arange(len(made)), rows])
    covariates = {name: values[at] for name, values in made.covariates.items()}
    names = ("outcome", "past_outcome", "customer", "mission", "reached", "happened")
    return replace(made, **{name: getattr(made, name)[at] for name in names}, covariates=covariates, version_of=at)


def test_a_journey_that_another_graph_sees_alike_has_the_same_influence() -> None:
    made, rows = trials(), np.array([3, 50, 51, 399])
    alone = MomentEffects(1).fit(made)
    again = MomentEffects(1).fit(seen_again(made, rows))
    for kind in ("influences_", "placebos_"):
        for first, second in zip(getattr(alone, kind), getattr(again, kind), strict=True):
            np.testing.assert_array_equal(second.values[:400], first.values)
            np.testing.assert_allclose(second.values[400:], first.values[rows], rtol=1e-5, atol=1e-6)


def test_a_graph_is_measured_over_its_own_rows() -> None:
    made, rows = trials(), np.arange(0, 100)
    stacked = seen_again(made, rows)
    stacked.outcome[400:] = 1.0
    fitted = MomentEffects(1).fit(stacked)
    places = np.arange(len(stacked))
    main = measure(stacked, fitted.influences_, fitted.placebos_, places < 400)
    other = measure(stacked, fitted.influences_, fitted.placebos_, places >= 100)
    assert main.eligible[:, -1].tolist() == other.eligible[:, -1].tolist() == [400, 400]
    assert (other.control[:, -1] > main.control[:, -1] + 0.1).all()


def said(verdict: str, effect: float) -> Verdicts:
    nothing = np.full((1, 1), np.nan)
    one = np.full((1, 1), effect)
    verdicts = np.full((1, 1), verdict, dtype=object)
    return Verdicts(one, one - 0.0392, one + 0.0392, nothing, verdicts, nothing, nothing, nothing)


@pytest.mark.parametrize(
    ("verdict", "effect", "flagged"),
    [
        ("drives", 0.1, False), ("drives", 0.119, False), ("drives", 0.121, True), ("drives", 0.079, True),
        ("no_detectable_effect", 0.1, True), ("cannot_tell", float("nan"), True),
    ],
)  # fmt: skip
def test_a_finding_depends_on_identity_by_its_verdict_or_by_more_than_its_error(
    verdict: str, effect: float, flagged: bool
) -> None:
    assert depends(said("drives", 0.1), [said("drives", 0.1), said(verdict, effect)]).tolist() == [[flagged]]


def test_what_no_graph_can_tell_does_not_depend_on_identity() -> None:
    unknown = said("cannot_tell", float("nan"))
    assert not depends(unknown, [unknown, said("cannot_tell", 0.1)]).any()
