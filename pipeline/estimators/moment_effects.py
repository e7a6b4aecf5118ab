"""What each moment does to the chance of being retained, and to spend: one emulated trial a moment, all in one pass.

Each moment is written down as the trial that nobody ran (Hernán & Robins 2016, Am. J. Epidemiol. 183). Eligible are the
journeys followed up in full that reached the moment's sub-step; the arms are the sub-step with the moment and without;
the outcome is being retained; what adjusts is what was known before the sub-step: the covariates of Trials, earlier
sub-steps and their moments. The effect is the mean difference over all eligible journeys, by augmented inverse
probability weighting (Robins, Rotnitzky & Zhao 1994, JASA 89), both nuisances cross-fitted (Chernozhukov et al. 2018,
Econometrics J. 21) in folds that keep a customer together. It is off only where the moment's chance and the outcome are
both badly modelled. The chance is clipped to CLIP and the weights of an arm brought to a mean of one: a smaller bias
than the weights' noise in small missions. How much of the weights' correction a mission keeps, settled.py says.

The nuisances come in two steps. What was known at the order becomes a score of each moment and outcome, all of them on
one wide design (scores.py); a trial's own chance and outcome are then regressions on these few scores, the missions,
and what had happened before its sub-step (arms.py). Which products the wide design has, all moments and the outcome
say together: what raises many moments and the outcome is what confounds. That chooses among functions of what was
known at the order; nothing that came later is ever adjusted for.

The placebo of a moment is the same trial with a past outcome, whether the customer came back after the journey before
the last: no moment can have caused it, so an effect on it is confounding that is left (Lipsitch et al. 2010,
Epidemiology 21). Not the last return itself: companies answer to it, so that it is a cause of moments and is adjusted
for. What says the same as the past outcome is not adjusted for there.

Journeys as another graph of who is who has them get their influences from the main graph's nuisances, left out in the
fold of the journey. The effect on that graph is then their mean with those of the other journeys: what new nuisances
would add is of second order, the square of a change that is small where few people are grouped differently.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from pipeline.estimators.arms import Arms, Told
from pipeline.estimators.basis import Coded, coded
from pipeline.estimators.scores import Asked, folds_of, left_out_scores, sample, winsorised
from pipeline.estimators.threads import one_thread
from pipeline.estimators.trials import Bools, Floats, Influence, Ints, Trials
from pipeline.estimators.unseen import pulls

CLIP = 0.02
FEWEST = 10  # an arm with fewer journeys is not fitted
SHUFFLED = 20_000  # journeys are enough to see whether the machinery finds what is not there
REPEATS, FEW_ROWS = 3, 30_000  # drawings of the folds, as many as have so many rows together
Influences = list[Influence | None]


@dataclass(frozen=True)
class _Question:
    """Outcomes, (n,) each and nan where they do not count, what adjusts them, and the rows that are learned from."""

    outcomes: Sequence[Floats]
    known: Coded
    grown: int


class MomentEffects:
    """Fits all trials: `influences_[m]`, `values_[m]` (spend) and `placebos_[m]` are moment m's, None where an arm is
    (nearly) empty, or there is no such outcome. `pulls_` (moments,): what each hangs on a cause that is not known
    (unseen.py)."""

    def __init__(self, seed: int = 0, repeats: int = REPEATS) -> None:
        self.seed = seed
        self.repeats = repeats

    def fit(self, trials: Trials) -> "MomentEffects":
        """Fit both nuisances of every moment. The same for the same seed and order of rows, whatever the threads."""
        with one_thread():
            self._fit(trials)
        return self

    def _fit(self, trials: Trials) -> None:
        known = coded(trials.covariates, len(trials))
        outcomes = [trials.outcome, *([] if trials.value is None else [trials.value])]
        repeats = max(1, min(self.repeats, FEW_ROWS // max(1, trials.learned)))
        drawn = [_answers(trials, _Question(outcomes, known, 1), self.seed + nth) for nth in range(repeats)]
        self.pulls_ = pulls(drawn[0].left, trials.sub_step_of, trials.customer[drawn[0].learned])
        found = _mean([one.influences for one in drawn])
        self.influences_ = found[0]
        self.values_: Influences = found[1] if len(found) > 1 else [None] * len(trials.sub_step_of)
        kept = [i for i, name in enumerate(known.names) if name not in trials.past_covariates]
        earlier_ = Coded(tuple(known.names[i] for i in kept), known.values[:, kept], known.wordy[kept])
        self.placebos_ = _answers(trials, _Question([trials.past_outcome], earlier_, 0), self.seed).influences[0]


def _mean(drawings: list[list[Influences]]) -> list[Influences]:
    """The influences of several drawings of the folds as one: the luck of a drawing is no part of the answer."""
    return [[_mean_of(own) for own in zip(*of_outcome, strict=True)] for of_outcome in zip(*drawings, strict=True)]


def _mean_of(drawn: Sequence[Influence | None]) -> Influence | None:
    found = [one for one in drawn if one is not None]
    if len(found) < len(drawn) or len(found) == 1:
        return found[0] if len(found) == len(drawn) else None
    means = {
        name: np.mean([vars(one)[name] for one in found], axis=0)
        for name in ("values", "modelled", "control", "weight")
    }
    return replace(found[0], **means)


@dataclass(frozen=True)
class _Answers:
    """By outcome, all moments' trials; and of the rows `learned` (l,) from, what each moment leaves (l, moments) once
    what was known at the order has explained what it can, nan where its sub-step was not reached."""

    influences: list[Influences]
    learned: Ints
    left: Floats


def _answers(trials: Trials, asked: _Question, seed: int) -> _Answers:
    """The trials of one question; rows without an outcome are out."""
    folds = folds_of(trials.customer[: trials.learned], seed)
    folds = folds if trials.version_of is None else folds[trials.version_of]
    counts = ~np.isnan(np.column_stack(asked.outcomes)).any(axis=1)
    found: list[Influences] = [[None] * trials.happened.shape[1] for _ in asked.outcomes]
    rows = np.flatnonzero(counts)
    rows = rows[np.lexsort((folds[rows], rows >= trials.learned))]  # so that others change no digit of the main graph's
    main = np.flatnonzero(rows < trials.learned)
    part = _Part(trials, rows, main[sample(trials.customer[rows[main]], seed)])
    left = np.full((len(part.learned), trials.happened.shape[1]), np.nan)
    if not len(main):
        return _Answers(found, rows, left)
    given = _targets(part, folds, asked)
    told = part.told(np.column_stack(left_out_scores(given, seed)), folds)
    outcomes = [outcome[rows] for outcome in asked.outcomes]
    drawn_in = [winsorised(outcome) for outcome in outcomes]
    for moment in _fitted(part):
        reached = trials.reached[rows, trials.sub_step_of[moment]]
        learned = part.learned[reached[part.learned]]
        scores = np.r_[0 : len(outcomes), len(outcomes) + moment, given.targets.shape[1] : len(told.scores)]
        arms = Arms(told, scores, part.before(moment), learned)
        arms.fit(trials.happened[rows, moment], drawn_in)
        left[reached[part.learned], moment] = arms.left_
        for nth, influence in enumerate(_influences(part, moment, arms, outcomes)):
            found[nth][moment] = influence
    return _Answers(found, rows[part.learned], left)


def shuffled(trials: Trials, seed: int) -> Trials:
    """The main graph's trials with each moment dealt anew among the eligible journeys of a mission: none has an effect,
    so that one which is found would be the machinery's. Of a large night, a sample."""
    rng = np.random.default_rng(seed)
    rows = sample(trials.customer[: trials.learned], seed, SHUFFLED)
    happened = trials.happened[rows]
    for moment, sub_step in enumerate(trials.sub_step_of):
        reached = trials.reached[rows, sub_step]
        for mission in range(-1, len(trials.missions)):
            own = np.flatnonzero(reached & (trials.mission[rows] == mission))
            happened[own, moment] = happened[rng.permutation(own), moment]
    return replace(
        trials, outcome=trials.outcome[rows], past_outcome=np.full(len(rows), np.nan), customer=trials.customer[rows],
        mission=trials.mission[rows], covariates={name: x[rows] for name, x in trials.covariates.items()},
        reached=trials.reached[rows], happened=happened, version_of=None, value=None,
    )  # fmt: skip


@dataclass(frozen=True)
class _Part:
    """The journeys (positions `rows` in trials) that a question is about, the main graph's first and both in the order
    of their folds; and which of these (positions in `rows`) are learned from."""

    trials: Trials
    rows: Ints
    learned: Ints

    def told(self, scores: Floats, folds: Ints) -> Told:
        """What is known of the journeys: before a moment, moments may have happened and sub-steps have been reached."""
        trials, rows = self.trials, self.rows
        missions = trials.mission[rows][:, None] == np.arange(len(trials.missions))
        return Told.of(scores, missions, np.column_stack([trials.happened[rows], trials.reached[rows]]), folds[rows])

    def before(self, moment: int) -> Ints:
        """Which of these come before the moment."""
        earlier = np.flatnonzero(self.trials.earlier(moment))
        out: Ints = np.r_[earlier, len(self.trials.sub_step_of) + np.arange(self.trials.sub_step_of[moment])]
        return out


def _targets(part: _Part, folds: Ints, asked: _Question) -> Asked:
    """The outcomes and all moments, each where its sub-step was reached, as targets of the scores."""
    trials, rows = part.trials, part.rows
    outcomes = np.column_stack(asked.outcomes)[rows]
    return Asked(
        known=asked.known.take(rows), mission=trials.mission[rows], missions=len(trials.missions), folds=folds[rows],
        learned=part.learned, targets=np.column_stack([outcomes, trials.happened[rows]]),
        counts=np.column_stack([np.ones(outcomes.shape, dtype=bool), trials.reached[np.ix_(rows, trials.sub_step_of)]]),
        grown=asked.grown,
    )  # fmt: skip


def _fitted(part: _Part) -> list[int]:
    """The moments that have two arms to learn from."""
    reached = part.trials.reached[np.ix_(part.rows[part.learned], part.trials.sub_step_of)]
    happened = (part.trials.happened[part.rows[part.learned]] & reached).sum(axis=0)
    enough = (happened >= FEWEST) & (reached.sum(axis=0) - happened >= FEWEST)
    return [int(moment) for moment in np.flatnonzero(enough)]


def _influences(part: _Part, moment: int, arms: Arms, outcomes: Sequence[Floats]) -> Iterator[Influence]:
    """The moment's trial, by outcome, its journeys in the order of trials."""
    trials, place = part.trials, np.full(len(part.trials), -1)
    place[part.rows] = np.arange(len(part.rows))
    rows = np.flatnonzero((place >= 0) & trials.reached[:, trials.sub_step_of[moment]])
    own, treated = place[rows], trials.happened[rows, moment]
    chance = arms.chance_[own]
    inside = (chance > CLIP) & (chance < 1 - CLIP)
    weight = weights(treated, chance, int((rows < trials.learned).sum()))
    for outcome, (without, happening) in zip(outcomes, arms.means_, strict=True):
        means, happened = (without[own], happening[own]), outcome[own]
        values, control = influence(treated, happened, weight, means)
        yield Influence(rows, values, means[1] - means[0], control, treated, happened, inside, weight)


def influence(treated: Bools, outcome: Floats, weight: Floats, means: tuple[Floats, Floats]) -> tuple[Floats, Floats]:
    """The influence values (m,) of the mean difference over all rows, and of the mean without the moment, by augmented
    inverse probability weighting; means: the outcome's without the moment and with it, (m,) each."""
    without, happening = means
    left = weight * (outcome - np.where(treated, happening, without))
    control = without + np.where(treated, 0.0, left)
    return happening + np.where(treated, left, 0.0) - control, control


def weights(treated: Bools, chance: Floats, first: int) -> Floats:
    """How many rows each stands for, (m,): one by the clipped chance of its own arm, so that the `first` rows' weights
    sum to their number in each arm."""
    clipped = np.clip(chance, CLIP, 1 - CLIP)
    raw = 1 / np.where(treated, clipped, 1 - clipped)
    sums = [raw[:first][treated[:first] == arm].sum() for arm in (False, True)]
    out: Floats = raw * first / np.where(treated, sums[1], sums[0])
    return out
