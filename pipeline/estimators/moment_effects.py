"""What each moment does to the chance of being retained: one emulated trial a moment, all of them in one pass.

Each moment is written down as the trial that nobody ran (Hernán & Robins 2016, Am. J. Epidemiol. 183). Eligible are the
journeys followed up in full that reached the moment's sub-step; the arms are the sub-step with the moment and without;
the outcome is being retained; what adjusts is what was known before the sub-step: the covariates of Trials, earlier
sub-steps and their moments. The effect is the mean difference over all eligible journeys, by augmented inverse
probability weighting (Robins, Rotnitzky & Zhao 1994, JASA 89), both nuisances cross-fitted (Chernozhukov et al. 2018,
Econometrics J. 21) in folds that keep a customer together. It is off only where the moment's chance and the outcome are
both badly modelled. The chance is clipped to CLIP: a smaller bias than the weights' noise in small missions.

The nuisances are ridge logits on a design of bends and products (basis.py, ridge_logit.py), shared between missions,
at the penalty with the least left-out loss. What trees find beyond that is found once for all moments: a boosted
prognostic score (Hansen 2008, Biometrika 95), the outcome on what was known when the order was placed, left out in the
same folds, is a covariate of both nuisances.

The placebo of a moment is the same trial with a past outcome, whether the customer came back after the journey before
the last: no moment can have caused it, so an effect on it is confounding that is left (Lipsitch et al. 2010,
Epidemiology 21). Not the last return itself: companies answer to it, so that it is a cause of moments and is adjusted
for. What says the same as the past outcome is not adjusted for there.

Journeys as another graph of who is who has them get their influences from the main graph's nuisances, left out in the
fold of the journey. The effect on that graph is then their mean with those of the other journeys: what new nuisances
would add is of second order, the square of a change that is small where few people are grouped differently.
"""

from dataclasses import dataclass

import numpy as np

from pipeline.estimators.basis import Design, as_numbers, design, standardise
from pipeline.estimators.ridge_logit import expit, fit_left_out, fold_grams, losses, own_fold
from pipeline.estimators.trials import Bools, Floats, Influence, Ints, Trials

FOLDS = 5
CLIP = 0.05
PENALTIES = np.array([10.0, 40.0, 160.0, 640.0])
PLACEBO_PENALTIES = np.array([160.0])
TILT_PENALTY = 2.0  # of the moment's own effect and of how it differs by mission: nearly free
FEWEST = 10  # an arm with fewer journeys is not fitted
TREES = {"max_iter": 80, "learning_rate": 0.06, "max_leaf_nodes": 8, "min_samples_leaf": 30, "l2_regularization": 5.0}


@dataclass(frozen=True)
class _Table:
    """The eligible journeys of a sub-step as a design: what both nuisances of its moments are fitted on.

    columns (m, p), the last one constant; grams (FOLDS, p, p); tilt (m, t): what a moment's effect may differ by;
    learned: how many of the rows, the leading ones, are fitted on.
    """

    rows: Ints
    learned: int
    folds: Ints
    columns: Floats
    grams: Floats
    tilt: Floats


@dataclass(frozen=True)
class _Question:
    """An outcome (n,) with nan where it does not count, and what it is adjusted for (score: none for the placebo)."""

    outcome: Floats
    base: Design
    score: Floats | None
    penalties: Floats


class MomentEffects:
    """Fits all trials: `influences_[m]` and `placebos_[m]` are moment m's, None where an arm is (nearly) empty."""

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed

    def fit(self, trials: Trials) -> "MomentEffects":
        """Fit both nuisances of every moment. The same for the same seed and order of rows, whatever the threads."""
        from threadpoolctl import threadpool_limits

        with threadpool_limits(1):
            self._fit(trials)
        return self

    def _fit(self, trials: Trials) -> None:
        learned = trials.learned
        folds = folds_of(trials.customer[:learned], self.seed)
        folds = folds if trials.version_of is None else folds[trials.version_of]
        missions, outcome = trials.indicators(), trials.outcome
        every = design(trials.covariates, missions, outcome, learned)
        asked = _Question(outcome, every, prognosis(trials, folds, self.seed), PENALTIES)
        self.influences_ = _answers(trials, folds, asked)
        known = {name: x for name, x in trials.covariates.items() if name not in trials.past_covariates}
        past = _Question(trials.past_outcome, design(known, missions, outcome, learned), None, PLACEBO_PENALTIES)
        self.placebos_ = _answers(trials, folds, past)


def _answers(trials: Trials, folds: Ints, asked: _Question) -> list[Influence | None]:
    """All moments' trials of one question, sub-step by sub-step; rows without the outcome are out."""
    answers: list[Influence | None] = [None] * trials.happened.shape[1]
    for sub_step in range(trials.reached.shape[1]):
        rows = np.flatnonzero(trials.reached[:, sub_step] & ~np.isnan(asked.outcome))
        learned = rows[rows < trials.learned]
        counts = trials.happened[learned].sum(axis=0)
        enough = (counts >= FEWEST) & (counts <= len(learned) - FEWEST)
        moments = np.flatnonzero(enough & (trials.sub_step_of == sub_step))
        tables: dict[bytes, _Table] = {}
        for moment in map(int, moments):
            known = _earlier(trials, moment).tobytes()
            table = tables[known] = tables.get(known) or _table(trials, folds, asked, rows, moment)
            answers[moment] = _influence(table, trials.happened[rows, moment], asked.outcome[rows], asked.penalties)
    return answers


def _earlier(trials: Trials, moment: int) -> Bools:
    """The moments (m,) that came before this one: those of earlier sub-steps, and of its own what precedes it."""
    earlier: Bools = trials.sub_step_of < trials.sub_step_of[moment]
    return earlier if trials.precedes is None else earlier | trials.precedes[:, moment]


def folds_of(customer: Ints, seed: int) -> Ints:
    """A fold for each row (n,), all rows of a customer in one."""
    people, codes = np.unique(customer, return_inverse=True)
    shuffled: Ints = np.random.default_rng(seed).permutation(len(people)) % FOLDS
    return shuffled[codes]


def prognosis(trials: Trials, folds: Ints, seed: int) -> Floats:
    """The log-odds of being retained as known at the order (n,), each from trees grown without the row's fold."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    table = np.column_stack([trials.indicators(), *[as_numbers(x) for x in trials.covariates.values()]])
    out = np.zeros(len(table))
    for fold in range(FOLDS):
        inside = folds == fold
        train = ~inside & (np.arange(len(table)) < trials.learned)
        if not inside.any() or len(np.unique(trials.outcome[train])) < 2:
            continue
        varied = _varied(table[train])
        if varied.any():
            trees = HistGradientBoostingClassifier(**TREES, early_stopping=False, random_state=seed)
            trees.fit(table[np.ix_(train, varied)], trials.outcome[train])
            out[inside] = trees.decision_function(table[np.ix_(inside, varied)])
    return out


def _varied(table: Floats) -> Bools:
    """Columns with more than one value (the trees' binning fails on others)."""
    seen = ~np.isnan(table)
    highest = np.where(seen, table, -np.inf).max(axis=0)
    varied: Bools = highest > np.where(seen, table, np.inf).min(axis=0)
    return varied


def _table(trials: Trials, folds: Ints, asked: _Question, rows: Ints, moment: int) -> _Table:
    earlier, sub_step = trials.happened[np.ix_(rows, _earlier(trials, moment))], trials.sub_step_of[moment]
    blocks = [earlier.astype(np.float64), trials.reached[rows, :sub_step].astype(np.float64)]
    tilt = [np.ones(len(rows)), trials.indicators()[rows]]
    learned = int((rows < trials.learned).sum())
    if asked.score is not None:
        blocks.append(_hinged(asked.score[rows], learned))
        tilt.append(asked.score[rows] - asked.score[rows[:learned]].mean())
    extra, _ = standardise(np.column_stack(blocks), learned)
    columns = np.column_stack([asked.base.columns[rows], extra, np.ones(len(rows))])
    grams = fold_grams(columns[:learned], folds[rows[:learned]], FOLDS)
    return _Table(rows, learned, folds[rows], columns, grams, np.column_stack(tilt))


def _hinged(values: Floats, learned: int) -> Floats:
    knots = np.quantile(values[:learned], [0.25, 0.5, 0.75])
    return np.column_stack([values, *[np.maximum(values - knot, 0) for knot in knots]])


def _influence(table: _Table, treated: Bools, outcome: Floats, penalties: Floats) -> Influence:
    a = treated.astype(np.float64)
    chance = expit(_chance(table, a, penalties))
    without, happening = _arms(table, a, outcome, penalties)
    clipped = np.clip(chance, CLIP, 1 - CLIP)
    control = without + (1 - a) / (1 - clipped) * (outcome - without)
    values = happening + a / clipped * (outcome - happening) - control
    return Influence(table.rows, values, control, treated, outcome, (chance > CLIP) & (chance < 1 - CLIP))


def _chance(table: _Table, a: Floats, penalties: Floats) -> Floats:
    """The left-out log-odds of the moment happening, (m,), at the penalty with the least left-out loss."""
    weights = np.ones(table.columns.shape[1])
    weights[-1] = 0
    n = table.learned
    fitted = fit_left_out(table.columns[:n], a[:n], table.folds[:n], table.grams, np.outer(weights, penalties))
    scores = own_fold(table.columns @ fitted, table.folds, FOLDS)
    best: Floats = scores[:, np.argmin(losses(scores[:n], a[:n]))]
    return best


def _arms(table: _Table, a: Floats, outcome: Floats, penalties: Floats) -> tuple[Floats, Floats]:
    """The left-out chance of the outcome without and with the moment, (m,) each."""
    tilted = table.tilt * a[:, None]
    p, t = table.columns.shape[1], tilted.shape[1]
    penalty = np.outer(np.r_[np.ones(p - 1), np.zeros(1 + t)], penalties)
    penalty[p:] = TILT_PENALTY
    grams, n = _wider(table, tilted), table.learned
    wide = np.column_stack([table.columns[:n], tilted[:n]])
    fitted = fit_left_out(wide, outcome[:n], table.folds[:n], grams, penalty)
    without = own_fold(table.columns @ fitted[:p], table.folds, FOLDS)
    happening = without + own_fold(table.tilt @ fitted[p:], table.folds, FOLDS)
    best = np.argmin(losses(np.where(a[:n, None] > 0, happening[:n], without[:n]), outcome[:n]))
    return expit(without[:, best]), expit(happening[:, best])


def _wider(table: _Table, tilted: Floats) -> Floats:
    """The design's Gram matrices with the moment's own columns added: only the new parts are computed."""
    p, t = table.columns.shape[1], tilted.shape[1]
    wide = np.zeros((FOLDS, p + t, p + t))
    wide[:, :p, :p] = table.grams
    for fold in range(FOLDS):
        inside = np.flatnonzero(table.folds[: table.learned] == fold)
        wide[fold, p:, :p] = tilted[inside].T @ table.columns[inside]
        wide[fold, :p, p:] = wide[fold, p:, :p].T
        wide[fold, p:, p:] = tilted[inside].T @ tilted[inside]
    return wide
