"""Balance, effective sample size, the strongest known cause, and moments dealt anew."""

import dataclasses

import numpy as np

from pipeline.estimators.diagnostics import balances, plain, strongest_known
from pipeline.estimators.moment_effects import MomentEffects, shuffled
from pipeline.estimators.ridge_logit import expit
from pipeline.estimators.trials import Trials, measure


def trials(people: int = 2000, seed: int = 3) -> Trials:
    """`strong` and, much less, `weak` raise the one moment and the outcome; `idle` raises neither."""
    rng = np.random.default_rng(seed)
    strong, weak, idle = rng.normal(size=(3, people))
    happened = (rng.random(people) < expit(0.9 * strong + 0.2 * weak))[:, None]
    outcome = rng.random(people) < expit(0.9 * strong + 0.2 * weak)
    return Trials(
        outcome=outcome.astype(np.float64),
        past_outcome=np.full(people, np.nan),
        customer=np.arange(people),
        mission=rng.integers(0, 2, people),
        missions=("rest", "work"),
        covariates={"idle": idle, "strong": strong, "weak": weak},
        past_covariates=frozenset(),
        reached=np.ones((people, 1), dtype=bool),
        happened=happened,
        sub_step_of=np.zeros(1, dtype=np.int64),
        value=100.0 * outcome + 50.0 * happened[:, 0] + rng.exponential(5.0, people),
    )


def test_weights_bring_the_arms_into_balance_and_cost_rows() -> None:
    made = trials()
    fitted = MomentEffects(1).fit(made)
    found = balances(made, plain(made), fitted.influences_, np.ones(len(made), dtype=bool))
    strong, happened = made.covariates["strong"], made.happened[:, 0]
    spread = np.sqrt((strong[happened].var() + strong[~happened].var()) / 2)
    before = abs(strong[happened].mean() - strong[~happened].mean()) / spread
    assert abs(found.before[0, -1] - before) < 0.02
    assert found.after[0, -1] < 0.1 < 0.5 < found.before[0, -1]
    assert 1000 < found.effective[0, -1] < 2000
    assert np.isnan(found.before[0, 2])


def test_the_strongest_known_cause_is_named_and_measured() -> None:
    made = trials()
    fitted = MomentEffects(1).fit(made)
    names, biases = strongest_known(made, plain(made), fitted.influences_, 1)
    hidden = {name: x for name, x in made.covariates.items() if name != "strong"}
    left_out = MomentEffects(1).fit(dataclasses.replace(made, covariates=hidden))
    bias = measure(made, left_out.influences_, [None], np.ones(len(made), dtype=bool)).effect[0, -1]
    assert names == ["strong"]
    assert 0.6 * bias < biases[0] < 1.6 * bias


def test_a_moment_dealt_anew_has_no_effect_and_keeps_its_share_in_each_mission() -> None:
    made = trials()
    made.outcome[:] = np.where(made.happened[:, 0], 1.0, made.outcome)
    again = shuffled(made, 5)
    for mission in (0, 1):
        assert again.happened[again.mission == mission].sum() == made.happened[made.mission == mission].sum()
    found = [MomentEffects(1).fit(one) for one in (made, again)]
    every = np.ones(len(made), dtype=bool)
    real, dealt = (measure(one, f.influences_, [None], every) for one, f in zip((made, again), found, strict=True))
    assert real.effect[0, -1] > 5 * real.error[0, -1]
    assert abs(dealt.effect[0, -1]) < 3.5 * dealt.error[0, -1]
    assert found[1].placebos_ == found[1].values_ == [None]


def test_spend_is_a_second_outcome_with_its_own_interval() -> None:
    made = trials()
    fitted = MomentEffects(1).fit(made)
    found = measure(made, fitted.influences_, [None], np.ones(len(made), dtype=bool), fitted.values_)
    assert abs(found.value[0, -1] - 50) < 3.5 * found.value_error[0, -1] < 35
    none = MomentEffects(1).fit(dataclasses.replace(made, value=None))
    assert none.values_ == [None]
