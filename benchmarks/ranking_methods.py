"""The ways to rank moments that ranking.py sets beside the night's, all on the night's own journeys.

Each gets the same followed-up journeys, missions and covariates as ours, and says of each moment (rows) and mission
(columns, the last one all journeys) what it can: an effect with its interval, what it would name, how it ranks them.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from effect_methods import METHODS, Z95, logit, logit_contrast, sandwich
from effect_tables import Data, Floats, plain_matrix
from numpy.typing import NDArray

if TYPE_CHECKING:
    from pipeline.estimators.trials import Trials

Bools = NDArray[np.bool_]

FEWEST = 20  # journeys with the moment, and without, that a method is asked about
BUDGET = 0.05
SHAP_TREES = {"n_estimators": 150, "learning_rate": 0.05, "num_leaves": 15, "min_child_samples": 20, "n_jobs": 1}


@dataclass(frozen=True)
class Said:
    """What a method says of each moment and group, nan where nothing: effects, intervals, ranking scores (size), named.

    has_effect: the effect is a change of the probability of returning; otherwise only its sign means something.
    """

    effect: Floats
    low: Floats
    high: Floats
    score: Floats
    named: Bools
    has_effect: bool = True

    @property
    def told(self) -> Bools:
        out: Bools = ~np.isnan(self.score)
        return out


@dataclass(frozen=True)
class World:
    """The night's trials as rivals need them: groups are the missions and then all, plain (n, p) has no gaps."""

    trials: "Trials"
    plain: Floats = field(repr=False)

    @property
    def shape(self) -> tuple[int, int]:
        return self.trials.happened.shape[1], len(self.trials.missions) + 1

    def eligible(self, moment: int, group: int) -> Bools:
        """The journeys (n,) of the group that reached the moment's sub-step."""
        found: Bools = self.trials.reached[:, self.trials.sub_step_of[moment]] & self.member(group)
        return found

    def member(self, group: int) -> Bools:
        everyone = group == len(self.trials.missions)
        out: Bools = np.full(len(self.trials), True) if everyone else self.trials.mission == group
        return out

    def asked(self) -> list[tuple[int, int, Bools]]:
        """The pairs of moment and group with both arms, and their eligible journeys."""
        out = []
        for moment, group in np.ndindex(self.shape):
            rows = self.eligible(moment, group)
            count = int(self.trials.happened[rows, moment].sum())
            if FEWEST <= count <= rows.sum() - FEWEST:
                out.append((moment, group, rows))
        return out


def world_of(trials: "Trials") -> World:
    """Of the main graph's journeys only, covariates made plain."""
    trials = first(trials, trials.learned)
    return World(trials, plain_matrix(dict(trials.covariates), len(trials)))


def first(trials: "Trials", count: int) -> "Trials":
    """The first `count` journeys of them, all of the main graph."""
    by_row = ("outcome", "past_outcome", "customer", "mission", "reached", "happened", "value")
    held = {name: getattr(trials, name) for name in by_row}
    cut = {name: None if values is None else values[:count] for name, values in held.items()}
    covariates = {name: values[:count] for name, values in trials.covariates.items()}
    return replace(trials, **cut, covariates=covariates, version_of=None)  # type: ignore[arg-type]


def trial_table(world: World, moment: int, rows: Bools) -> Data:
    """One trial as any library takes it: the covariates, missions, earlier sub-steps and their moments."""
    trials = world.trials
    earlier = trials.sub_step_of < trials.sub_step_of[moment]
    steps = np.arange(trials.reached.shape[1]) < trials.sub_step_of[moment]
    blocks = [world.plain[rows], trials.indicators()[rows][:, 1:]]
    plain = np.column_stack([*blocks, trials.reached[np.ix_(rows, steps)], trials.happened[np.ix_(rows, earlier)]])
    treated = trials.happened[rows, moment].astype(np.float64)
    return Data(treated, trials.outcome[rows], {}, plain[:, plain.std(axis=0) > 0], None, True)


# -- the methods ------------------------------------------------------------------------------------------------------


def plain_difference(world: World) -> Said:
    """The lift: who had the moment against who had not, with the usual interval of two shares."""
    effect, error = _blank(world), _blank(world)
    for moment, group, rows in world.asked():
        on, y = world.trials.happened[rows, moment], world.trials.outcome[rows]
        effect[moment, group] = y[on].mean() - y[~on].mean()
        error[moment, group] = np.sqrt(y[on].var() / on.sum() + y[~on].var() / (~on).sum())
    return said(effect, error)


def odds_ratio(world: World) -> Said:
    """The odds of returning with the moment over those without, as product analytics lists them; Woolf's error."""
    effect, error = _blank(world), _blank(world)
    for moment, group, rows in world.asked():
        on, y = world.trials.happened[rows, moment], world.trials.outcome[rows] > 0
        cells = np.array([(on & y).sum(), (on & ~y).sum(), (~on & y).sum(), (~on & ~y).sum()]) + 0.5
        effect[moment, group] = np.log(cells[0] * cells[3] / (cells[1] * cells[2]))
        error[moment, group] = np.sqrt((1 / cells).sum())
    return said(effect, error, has_effect=False)


def logistic(world: World) -> Said:
    """One logit a mission with all its moments at once; a coefficient is told as the mean change over the eligible."""
    trials = world.trials
    effect, error = _blank(world), _blank(world)
    asked = world.asked()
    for group in range(world.shape[1]):
        member = world.member(group)
        if not member.any():
            continue
        others = np.column_stack([world.plain, trials.indicators()[:, 1:], trials.reached])[member]
        others = others[:, others.std(axis=0) > 0]
        others = (others - others.mean(axis=0)) / others.std(axis=0)
        columns = np.column_stack([np.ones(len(others)), trials.happened[member], others])
        beta, bread = logit(columns, trials.outcome[member])
        chance = 1 / (1 + np.exp(-columns @ beta))
        scores = columns * (trials.outcome[member] - chance)[:, None]
        variance = sandwich(scores, bread, np.unique(trials.customer[member], return_inverse=True)[1])
        for moment, rows in [(m, rows) for m, g, rows in asked if g == group]:
            found = logit_contrast(columns[rows[member]], beta, variance, 1 + moment)
            effect[moment, group], error[moment, group] = found
    return said(effect, error)


def shap_values(world: World) -> Said:
    """Mean absolute SHAP values of boosted trees of everything: a list of importance, without effects or intervals."""
    from lightgbm import LGBMClassifier
    from shap import TreeExplainer

    trials = world.trials
    columns = np.column_stack([trials.happened, trials.reached, trials.indicators(), world.plain])
    trees = LGBMClassifier(**SHAP_TREES, random_state=0, verbose=-1).fit(columns, trials.outcome)
    values = np.asarray(TreeExplainer(trees).shap_values(columns))
    score = _blank(world)
    for moment, group, rows in world.asked():
        score[moment, group] = np.abs(values[rows, moment]).mean()
    return Said(_blank(world), _blank(world), _blank(world), score, np.zeros(world.shape, dtype=bool), has_effect=False)


def _doubleml(name: str) -> Callable[[World], Said]:
    """DoubleML for each mission and moment by itself, as one would call it in a loop."""

    def method(world: World) -> Said:
        measure = METHODS[name]()
        effect, error = _blank(world), _blank(world)
        for moment, group, rows in world.asked():
            found = measure(trial_table(world, moment, rows), "all", 0)
            effect[moment, group], error[moment, group] = found.effect, (found.high - found.low) / (2 * Z95)
        return said(effect, error)

    return method


RIVALS: dict[str, Callable[[World], Said]] = {
    "plain difference": plain_difference,
    "odds ratio": odds_ratio,
    "logistic coefficients": logistic,
    "SHAP, boosted trees": shap_values,
    "DoubleML, linear": _doubleml("DoubleML, linear"),
    "DoubleML, boosted": _doubleml("DoubleML, boosted"),
}


def _blank(world: World) -> Floats:
    return np.full(world.shape, np.nan)


def said(effect: Floats, error: Floats, *, has_effect: bool = True) -> Said:
    """Named is what Benjamini and Hochberg's rule leaves under BUDGET, over the missions' pairs, and over all's."""
    from scipy.special import ndtr

    p_value = 2 * ndtr(-np.abs(effect / error))
    named = np.zeros(effect.shape, dtype=bool)
    named[:, :-1] = discoveries(p_value[:, :-1], BUDGET)
    named[:, -1:] = discoveries(p_value[:, -1:], BUDGET)
    return Said(effect, effect - Z95 * error, effect + Z95 * error, np.abs(effect), named, has_effect)


def discoveries(p_value: Floats, budget: float) -> Bools:
    """Benjamini & Hochberg 1995; nan is no test."""
    seen = ~np.isnan(p_value)
    ordered = np.sort(p_value[seen])
    below = np.flatnonzero(ordered <= budget * np.arange(1, len(ordered) + 1) / max(1, len(ordered)))
    out: Bools = seen & (p_value <= (ordered[below[-1]] if len(below) else -1.0))
    return out


def need(name: str) -> Any:
    """Raises ImportError where the method's library is not there."""
    import importlib

    for library in ("lightgbm", "shap") if name.startswith("SHAP") else ():
        importlib.import_module(library)
    return METHODS[name]() if name.startswith("DoubleML") else None
