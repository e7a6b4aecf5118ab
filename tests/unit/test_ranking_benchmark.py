"""benchmarks/ranking.py scores rankings against planted truths; its rivals see the trials that the night saw."""

import importlib
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


@pytest.fixture
def scores(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module("ranking_scores")


@pytest.fixture
def methods(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module("ranking_methods")


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module("made_trials")


def said(scores: ModuleType, effect: Any, named: Any, reach: float = 0.02) -> Any:
    effect = np.asarray(effect, float)
    return scores.Said(effect, effect - reach, effect + reach, np.abs(effect), np.asarray(named, bool))


def test_every_figure_is_counted_over_its_own_pairs(scores: ModuleType) -> None:
    truth = np.array([[0.10, 0.00, 0.05], [-0.06, 0.001, 0.00], [0.00, 0.20, np.nan]])
    found = said(
        scores,
        [[0.11, 0.02, 0.05], [0.06, np.nan, 0.03], [np.nan, 0.15, 0.1]],
        [[True, True, True], [True, False, True], [False, False, True]],
    )
    plain = said(scores, np.nan_to_num(truth) + 0.1, np.zeros((3, 3)))
    s = scores.score([(found, plain, truth)])
    assert s.told == pytest.approx(6 / 8)  # of eight pairs whose truth is known, two are not told
    assert s.coverage == pytest.approx(3 / 6)  # .02 from 0 still lies within; .06, .03 and .15 are off
    assert s.named == 3  # of missions, not of all journeys
    assert s.false_discoveries == pytest.approx(2 / 3)  # nothing there, and the wrong way
    assert s.power == pytest.approx(2 / 3)  # .10 and -.06 are named, .20 is not
    assert s.rmse == pytest.approx(np.sqrt((0.01**2 + 0.02**2 + 0.12**2 + 0.03**2 + 0.05**2) / 6))
    assert s.of_plain == pytest.approx(s.rmse / 0.1)


def test_a_list_without_effects_has_an_order_and_no_more(scores: ModuleType) -> None:
    nothing = np.full((6, 2), np.nan)
    order = np.array([[6.0, 1], [5, 2], [4, 3], [3, 4], [2, 5], [1, 6]])
    truth = np.array([[0.6, 0.6], [0.5, 0.5], [0.4, 0.4], [0.3, 0.3], [0.2, 0.2], [0.1, 0.1]])
    a_list = scores.Said(nothing, nothing, nothing, order, np.zeros((6, 2), bool), has_effect=False)
    s = scores.score([(a_list, said(scores, truth, np.zeros((6, 2))), truth)])
    assert s.ndcg5 == pytest.approx(1.0)  # the second column is all journeys, which is not scored
    assert s.told == 1.0
    assert np.isnan([s.coverage, s.false_discoveries, s.power, s.rmse, s.of_plain]).all()


def test_the_best_five_are_weighed_by_place(scores: ModuleType) -> None:
    truth = np.array([0.4, 0.3, 0.2, 0.1, 0.0, -0.5])
    assert scores.ndcg(np.abs(truth), truth) == 1.0
    worst = scores.ndcg(-np.abs(truth), truth)
    untold = scores.ndcg(np.where(np.abs(truth) == 0.5, np.nan, np.abs(truth)), truth)
    assert worst < untold < 1.0
    assert np.isnan(scores.ndcg(truth, np.zeros(6)))


def test_a_found_mission_is_a_mixture_of_planted_ones(scores: ModuleType, tmp_path: Path) -> None:
    marts, truth = tmp_path / "marts", tmp_path / "truth"
    marts.mkdir(), truth.mkdir()
    rows = [("chat", "help", "a", 0.2), ("chat", "help", "b", -0.1), ("chat", "help", "ALL", 0.05)]
    pd.DataFrame(rows, columns=["moment", "sub_step", "mission", "effect"]).to_parquet(truth / "effects.parquet")
    planted = pd.DataFrame({"order_id": list("123456"), "mission": list("aaabbb")})
    planted["followed_up"] = [True, True, True, True, True, False]
    planted["reached:help"] = [True, True, False, True, True, True]
    planted.to_parquet(truth / "journeys.parquet")
    found = pd.DataFrame({"order_id": list("123456"), "mission": ["x", "x", "x", "x", "y", "y"]})
    found.to_parquet(marts / "journeys.parquet")
    effects = scores.true_effects(marts, truth, ["x", "y", "z"], ["chat", "mail"])
    assert effects[0, [0, 1, 3]] == pytest.approx([(0.2 + 0.2 - 0.1) / 3, -0.1, 0.05])
    assert np.isnan(effects[0, 2])
    assert np.isnan(effects[1]).all()


def test_discoveries_stay_under_the_budget(methods: ModuleType) -> None:
    p_value = np.array([[0.001, 0.02, np.nan], [0.9, 0.04, 0.2]])
    assert methods.discoveries(p_value, 0.05).tolist() == [[True, True, False], [False, False, False]]
    assert not methods.discoveries(np.full((2, 2), np.nan), 0.05).any()


def test_made_trials_are_confounded_and_the_same_every_time(made: ModuleType, methods: ModuleType) -> None:
    (trials, truth), (again, same) = made.make(6000, 6, 3, 2), made.make(6000, 6, 3, 2)
    assert truth.tolist() == same.tolist()
    assert trials.outcome.tolist() == again.outcome.tolist()
    assert (np.abs(truth) < 1e-12).any()
    assert (np.abs(truth) > 0.02).any()
    world = methods.world_of(trials)
    plain, logit = methods.plain_difference(world), methods.logistic(world)
    off = [float(np.sqrt(np.mean((s.effect[:, -1] - truth) ** 2))) for s in (plain, logit)]
    assert off[1] < off[0] / 2
    assert plain.told.all()


def test_a_rival_s_trial_has_the_eligible_journeys_and_nothing_that_came_later(
    made: ModuleType, methods: ModuleType
) -> None:
    trials, _ = made.make(3000, 4, 2, 1)
    world = methods.world_of(trials)
    early, late = 0, 3
    rows = world.eligible(late, 1)
    table = methods.trial_table(world, late, rows)
    assert rows.sum() == ((trials.mission == 1) & trials.reached[:, trials.sub_step_of[late]]).sum()
    assert table.treated.tolist() == trials.happened[rows, late].astype(float).tolist()
    was = trials.happened[rows, early].astype(float)
    assert (table.plain == was[:, None]).all(axis=0).any()
    first = methods.trial_table(world, early, world.eligible(early, 1))
    now = trials.happened[world.eligible(early, 1), late].astype(float)
    assert not (first.plain == now[:, None]).all(axis=0).any()


def test_seeds_are_whole_numbers(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    ranking = importlib.import_module("ranking")
    assert ranking.parser().parse_args(["--seeds", "3,5 8"]).seeds == [3, 5, 8]
    with pytest.raises(SystemExit):
        ranking.parser().parse_args(["--seeds", "one"])
    assert "whole numbers" in capsys.readouterr().err
