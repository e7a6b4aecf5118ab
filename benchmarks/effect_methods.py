"""The ways to an effect that effects.py sets beside each other, each as a library's own documentation has it.

A method is a function that imports what it needs (ImportError: not installed) and returns another one, which is
timed: from data, the rows that the effect is on ("all" or the "treated" ones; None: as the method sees fit) and a seed
to an Estimate. Each runs on one thread, so that times compare on a machine that does other things besides.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from effect_tables import Data, Floats, Ints

Z95 = 1.959964
SMALLEST = 0.01  # chance of the treatment, where a library leaves it open: DoubleML's own
LOGIT_STEPS = 50
MOST_ODDS = 30.0  # log-odds beyond this are 0 or 1 to any float


@dataclass(frozen=True)
class Estimate:
    """An effect with its 95 % interval, on "all" rows or the "treated" ones; note: what else must be known of it."""

    effect: float
    low: float
    high: float
    on: str
    note: str = ""


Measure = Callable[[Data, str | None, int], Estimate]


def ours() -> Measure:
    from pipeline.estimators.effects import effect_of

    def measure(data: Data, on: str | None, seed: int) -> Estimate:
        covariates: dict[str, Any] = data.covariates
        found = effect_of(data.treated > 0, data.outcome, covariates, cluster=data.cluster, seed=seed, on=on)
        return Estimate(found.effect, found.low, found.high, found.on)

    return measure


# -- textbook ---------------------------------------------------------------------------------------------------------


def plain_difference() -> Measure:
    def measure(data: Data, on: str | None, _: int) -> Estimate:
        return _slope(np.column_stack([np.ones(len(data.treated)), data.treated]), data, on)

    return measure


def regression() -> Measure:
    """Least squares with robust errors; of a yes or no, a logit averaged over the rows (g-computation)."""

    def measure(data: Data, on: str | None, _: int) -> Estimate:
        columns = np.column_stack([np.ones(len(data.treated)), data.treated, standard(data.plain)])
        if not data.binary:
            return _slope(columns, data, on)
        rows = data.treated > 0 if on == "treated" else np.ones(len(data.treated), dtype=bool)
        effect, error = averaged_logit(columns, data.outcome, 1, rows, data.cluster)
        return _estimate(effect, error, on)

    return measure


def _estimate(effect: float, error: float, on: str | None, note: str = "") -> Estimate:
    return Estimate(float(effect), float(effect - Z95 * error), float(effect + Z95 * error), on or "all", note)


def standard(columns: Floats) -> Floats:
    """Centred and scaled to one."""
    out: Floats = (columns - columns.mean(axis=0)) / np.maximum(columns.std(axis=0), 1e-12)
    return out


def _slope(columns: Floats, data: Data, on: str | None) -> Estimate:
    """The coefficient of column 1 by least squares, error robust (HC1) or clustered."""
    bread = np.linalg.pinv(columns.T @ columns)
    beta = bread @ (columns.T @ data.outcome)
    scores = columns * (data.outcome - columns @ beta)[:, None]
    variance = sandwich(scores, bread, data.cluster) * len(columns) / max(1, len(columns) - columns.shape[1])
    return _estimate(beta[1], np.sqrt(variance[1, 1]), on)


def sandwich(scores: Floats, bread: Any, cluster: Ints | None) -> Floats:
    """The robust covariance of coefficients from their scores (n, p) and the inverse curvature (p, p)."""
    if cluster is not None:
        scores = np.stack([np.bincount(cluster, weights=column) for column in scores.T], axis=1)
    out: Floats = bread @ (scores.T @ scores) @ bread
    return out


def averaged_logit(columns: Floats, outcome: Floats, at: int, rows: Any, cluster: Ints | None) -> tuple[float, float]:
    """The mean over `rows` of the chance with column `at` being 1 less that with 0, and its error (delta method)."""
    beta, bread = logit(columns, outcome)
    scores = columns * (outcome - _chance(columns, beta))[:, None]
    return logit_contrast(columns[rows], beta, sandwich(scores, bread, cluster), at)


def logit(columns: Floats, outcome: Floats) -> tuple[Floats, Any]:
    """Coefficients by Newton's steps and the inverse curvature; a whiff of ridge keeps separated columns finite."""
    beta = np.zeros(columns.shape[1])
    ridge = 1e-3 * np.eye(len(beta))
    for _ in range(LOGIT_STEPS):
        chance = _chance(columns, beta)
        weight = chance * (1 - chance)
        bread = np.linalg.pinv(columns.T @ (columns * weight[:, None]) + ridge)
        step = bread @ (columns.T @ (outcome - chance) - ridge @ beta)
        beta = beta + step
        if np.abs(step).max() < 1e-8:
            break
    return beta, bread


def logit_contrast(columns: Floats, beta: Floats, variance: Floats, at: int) -> tuple[float, float]:
    """The mean over the rows of the chance with column `at` 1 less that with 0, and its error (delta method)."""
    slopes, means = [], []
    for value in (1.0, 0.0):
        set_to = columns.copy()
        set_to[:, at] = value
        chance = _chance(set_to, beta)
        means.append(chance.mean())
        slopes.append(set_to.T @ (chance * (1 - chance)) / len(set_to))
    slope = slopes[0] - slopes[1]
    return float(means[0] - means[1]), float(np.sqrt(slope @ variance @ slope))


def _chance(columns: Floats, beta: Floats) -> Floats:
    out: Floats = 1 / (1 + np.exp(-np.clip(columns @ beta, -MOST_ODDS, MOST_ODDS)))
    return out


# -- libraries --------------------------------------------------------------------------------------------------------


def doubleml_linear() -> Measure:
    """DoubleML's interactive model with the quickest learners there are: least squares and a logit."""
    from sklearn.linear_model import LinearRegression, LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return _doubleml(
        lambda **_: LinearRegression(),
        lambda random_state, **_: make_pipeline(StandardScaler(), LogisticRegression(random_state=random_state)),
    )


def doubleml_lasso() -> Measure:
    """DoubleML's interactive model with lasso and l1 logit, as in its example on 401(k) plans."""
    from sklearn.linear_model import LassoCV, LogisticRegressionCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    lasso = {"cv": 5, "max_iter": 10_000}
    logit: dict[str, Any] = {"l1_ratios": (1.0,), "solver": "liblinear", "cv": 5, "use_legacy_attributes": False}
    logit["scoring"] = "neg_log_loss"
    return _doubleml(
        lambda **given: make_pipeline(StandardScaler(), LassoCV(**lasso, **given)),
        lambda **given: make_pipeline(StandardScaler(), LogisticRegressionCV(**logit, **given)),
    )


def doubleml_forest() -> Measure:
    """DoubleML's interactive model with the forests of its user guide."""
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

    shape: dict[str, Any] = {"n_estimators": 500, "max_depth": 7, "min_samples_leaf": 3}
    return _doubleml(
        lambda **given: RandomForestRegressor(**shape, **given),
        lambda **given: RandomForestClassifier(**shape, **given),
    )


def doubleml_boosted() -> Measure:
    """DoubleML's interactive model with boosted trees (LightGBM), as in its examples."""
    from lightgbm import LGBMClassifier, LGBMRegressor

    shape: dict[str, Any] = {"n_estimators": 200, "learning_rate": 0.05, "num_leaves": 15, "verbose": -1}
    return _doubleml(lambda **given: LGBMRegressor(**shape, **given), lambda **given: LGBMClassifier(**shape, **given))


def _doubleml(number: Callable[..., Any], chance: Callable[..., Any]) -> Measure:
    """Its interactive model, otherwise as it comes; `number` and `chance` make a learner of either kind."""
    import doubleml

    def measure(data: Data, on: str | None, seed: int) -> Estimate:
        np.random.seed(seed)
        given = doubleml.DoubleMLData.from_arrays(data.plain, data.outcome, data.treated, cluster_vars=data.cluster)
        told = {"random_state": seed, "n_jobs": 1}
        learner = chance(**told) if data.binary else number(**told)
        score = "ATTE" if on == "treated" else "ATE"
        model = doubleml.DoubleMLIRM(given, ml_g=learner, ml_m=chance(**told), score=score).fit()
        return _estimate(model.coef[0], model.se[0], on)

    return measure


def _unclustered(data: Data) -> str:
    return "" if data.cluster is None else "rows taken as independent: it knows no clusters"


def econml_linear() -> Measure:
    """EconML's doubly robust learner, linear effect, learners of its own choice; chances clipped as DoubleML's."""
    from econml.dr import LinearDRLearner

    def measure(data: Data, on: str | None, seed: int) -> Estimate:
        columns, treated = standard(data.plain), data.treated > 0
        model = LinearDRLearner(discrete_outcome=data.binary, min_propensity=SMALLEST, random_state=seed)
        model.fit(data.outcome, treated.astype(int), X=columns)
        found = model.ate_inference(columns[treated] if on == "treated" else columns, T0=0, T1=1)
        low, high = (float(np.ravel(end)[0]) for end in found.conf_int_mean(alpha=0.05))
        return Estimate(float(np.ravel(found.mean_point)[0]), low, high, on or "all", _unclustered(data))

    return measure


def econml_forest() -> Measure:
    """EconML's causal forest and its doubly robust average."""
    from econml.dml import CausalForestDML

    def measure(data: Data, on: str | None, seed: int) -> Estimate:
        model = CausalForestDML(discrete_treatment=True, discrete_outcome=data.binary, n_jobs=1, random_state=seed)
        model.fit(data.outcome, (data.treated > 0).astype(int), X=data.plain)
        if on == "treated":
            effect, error = model.att_(T=1), model.att_stderr_(T=1)
        else:
            effect, error = model.ate_, model.ate_stderr_
        return _estimate(float(np.ravel(effect)[0]), float(np.ravel(error)[0]), on, _unclustered(data))

    return measure


METHODS: dict[str, Callable[[], Measure]] = {
    "ours": ours,
    "plain difference": plain_difference,
    "regression": regression,
    "DoubleML, linear": doubleml_linear,
    "DoubleML, lasso": doubleml_lasso,
    "DoubleML, boosted": doubleml_boosted,
    "DoubleML, forest": doubleml_forest,
    "EconML LinearDR": econml_linear,
    "EconML CausalForest": econml_forest,
}
