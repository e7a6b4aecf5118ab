"""Kinds, groups and pairs of moments from one night's trials: those that were declared, in the words of the map."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipeline.context import Run
from pipeline.estimators.trials import Trials
from pipeline.journey_map import JourneyMap, Moment, Step, SubStep
from pipeline.settings import Settings
from pipeline.stages import subgroups
from pipeline.stages.ranking import Ranked, rank
from pipeline.warehouse import Session

NIGHT = pd.Timestamp("2026-06-30").date()


def journey_map() -> JourneyMap:
    def sub_step(name: str, *moments: tuple[str, str, str]) -> SubStep:
        return SubStep(name, f"event = '{name}'", tuple(Moment(m, f"event = '{m}'", t, w) for m, t, w in moments))

    first = Step("look", (sub_step("shelf", ("tip", "informative", "know"), ("queue", "engaging", "go")),))
    last = Step(
        "use", (sub_step("home", ("broke", "engaging", "do")), sub_step("repair", ("fixed", "delightful", "do")))
    )
    return JourneyMap("Acme", "EUR", 14, 10, 21, 90, (first, last))


def trials(people: int = 6000) -> Trials:
    """`tip` works for first orders alone; `fixed` comes only after `broke`; `queue` does nothing."""
    rng = np.random.default_rng(8)
    prior = rng.integers(0, 3, people).astype(float)
    happened = rng.random((people, 4)) < 0.5
    happened[:, 3] &= happened[:, 2]
    reached = np.column_stack([np.ones((people, 2), dtype=bool), happened[:, 2]])
    chance = 0.35 + 0.25 * (happened[:, 0] & (prior == 0)) - 0.15 * happened[:, 2] + 0.15 * happened[:, 3]
    region = rng.choice(["North", "South"], people).astype(object)
    region[:50] = None
    return Trials(
        outcome=(rng.random(people) < chance).astype(float),
        past_outcome=np.where(prior > 1, (rng.random(people) < 0.5).astype(float), np.nan),
        customer=np.arange(people),
        mission=rng.integers(0, 2, people),
        missions=("rest", "work"),
        covariates={
            "prior_orders": prior,
            "is_member": (rng.random(people) < 0.3).astype(float),
            "entry_medium": np.full(people, None, dtype=object),
            "region": region,
        },
        past_covariates=frozenset(),
        reached=reached,
        happened=happened,
        sub_step_of=np.array([0, 0, 1, 2]),
        precedes=np.array([[c in {(0, 1)} for c in ((r, k) for k in range(4))] for r in range(4)]),
    )


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, pd.DataFrame]]:
    folder: Path = tmp_path_factory.mktemp("night")
    settings = Settings(data=folder, hash_key="k")
    given = trials()
    ranked: Ranked = rank(given, 20, {})
    with Session(settings, "ranking", folder, folder / "spill") as session:
        subgroups.build(Run(NIGHT, settings, journey_map()), session, given, ranked)
        yield {name: session.frame(f"ranking.{name}") for name in ("moment_kinds", "moment_groups", "moment_pairs")}


def test_the_group_for_which_a_moment_works_is_named_and_no_other(found: dict[str, pd.DataFrame]) -> None:
    groups = found["moment_groups"].set_index(["moment", "value"])
    said = groups.loc[("tip", "first_order")]
    assert said["verdict"] == "higher"
    assert said["effect"] > 0.15 > 0.1 > said["other_effect"]
    assert said["difference_ci_low"] < 0.25 < said["difference_ci_high"]
    assert (groups.drop(("tip", "first_order"))["verdict"] == "no_difference_seen").all()


def test_only_declared_groups_that_the_data_know_are_tried(found: dict[str, pd.DataFrame]) -> None:
    tried = found["moment_groups"][["grouping", "value"]].drop_duplicates().to_numpy().tolist()
    assert sorted(map(tuple, tried)) == [
        ("customer", "first_order"), ("member", "member"), ("region", "North"), ("region", "South"),
    ]  # fmt: skip


def test_a_moment_that_only_another_leads_to_stands_beside_it_untested(found: dict[str, pd.DataFrame]) -> None:
    pairs = found["moment_pairs"].set_index(["moment", "next_moment"])
    fixed = pairs.loc[("broke", "fixed")]
    assert fixed["is_only_way"]
    assert fixed["effect"] == pytest.approx(0.15, abs=0.06)
    assert fixed["earlier_effect"] == pytest.approx(-0.075, abs=0.05), "half of them are fixed"
    assert pd.isna(fixed["difference"]) and pd.isna(fixed["q_value"]) and pd.isna(fixed["verdict"])


def test_pairs_are_those_of_which_one_comes_before_the_other(found: dict[str, pd.DataFrame]) -> None:
    pairs = set(found["moment_pairs"][["moment", "next_moment"]].itertuples(index=False, name=None))
    assert pairs == {
        ("tip", "queue"), ("tip", "broke"), ("queue", "broke"),
        ("tip", "fixed"), ("queue", "fixed"), ("broke", "fixed"),
    }  # fmt: skip


def test_groups_and_pairs_share_one_budget(found: dict[str, pd.DataFrame]) -> None:
    tested = pd.concat([found["moment_groups"], found["moment_pairs"]])
    tested = tested[tested["p_value"].notna()].sort_values("p_value")
    smallest = tested.iloc[0]
    assert smallest["q_value"] == pytest.approx(min(1.0, smallest["p_value"] * len(tested)))


def test_kinds_have_a_mean_of_their_moments_for_all_and_each_mission(found: dict[str, pd.DataFrame]) -> None:
    kinds = found["moment_kinds"].set_index(["mission", "kind", "value"])
    assert len(kinds) == 3 * (2 + 3 + 3)
    alone = kinds.loc[("ALL", "type", "delightful")]
    assert alone["moments"] == 1
    assert alone["effect"] == pytest.approx(0.15, abs=0.06)
    assert alone["ci_low"] < alone["effect"] < alone["ci_high"]
    assert kinds.loc[("ALL", "step", "look"), "moments"] == 2
