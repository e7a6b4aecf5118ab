"""How many missions there are: as many as stay themselves under resampling and tell something new.

An information criterion alone asks for too many missions, because no real signal is quite independent within one.
A number of missions is admissible here when every mission is found again in models of half the journeys (Hennig 2007:
mean Jaccard overlap), its journeys are told apart from the other missions' with confidence, and the last mission
added explains a fair part of all that missions explain (Akaike-corrected likelihood), which must be more than noise can
be made to seem. The largest such number is taken.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt

from pipeline.estimators.mission_signals import Block, Matrix
from pipeline.estimators.mission_ties import Tie, learn_ties, loosened, strength
from pipeline.estimators.missions import Floats, MissionModel, bursts

Labels = npt.NDArray[np.int64]

MOST = 10  # missions looked for: more than an executive can hold in mind
RESAMPLES = 4
SAMPLE = 6000  # journeys that the number is chosen on
TAUGHT = 30_000  # journeys that the model taken learns from; more change its shares by less than they vary by chance
FOUND_AGAIN = 0.7  # least overlap of every mission with its like in half the journeys; .75 is Hennig's "stable"
TOLD_APART = 0.8  # least mean probability of a mission's own journeys
NEW_SHARE = 0.035  # least part of the whole gain that the last mission brings; what chance brings: < .02
LEAST_GAIN = 0.1  # nats a journey that all missions together bring; noise brings .03, missions that can be seen .2
FEWEST_JOURNEYS = 20  # a smaller mission could not be told from chance
LOOSE_MISSIONS = 8  # in models of more missions than are sought, ties and bursts hold no mission
LOOSENINGS = 3
EXPLAINED = 0.25  # share of a tie that missions told without its two signals explain, if it is theirs


@dataclass(frozen=True)
class Evidence:
    """What speaks for a number of missions.

    likelihood: mean log-likelihood of a journey in nats; gain, total_gain: what it has over one mission less and over
    none, each parameter charged. found_again, told_apart: of the worst of its missions. smallest: its journeys.
    """

    missions: int
    likelihood: float
    gain: float
    total_gain: float
    found_again: float
    told_apart: float
    smallest: int
    admissible: bool

    def as_dict(self) -> dict[str, float]:
        return {key: round(value, 4) if isinstance(value, float) else value for key, value in asdict(self).items()}


@dataclass(frozen=True)
class Choice:
    """The model taken, each mission's stability (0..1) and the evidence for every number tried."""

    model: MissionModel
    stability: list[float]
    evidence: list[Evidence]


def sample_rows(journeys: int, seed: int, most: int = TAUGHT) -> Labels:
    """Which of so many journeys a model learns from: positions in rising order."""
    if journeys <= most:
        return np.arange(journeys)
    rows: Labels = np.sort(np.random.default_rng(seed).choice(journeys, most, replace=False))
    return rows


def choose(matrix: Matrix, blocks: Sequence[Block], seed: int, fixed: int | None = None) -> Choice:
    """Fit 1, 2, … missions, stopping when two more in a row bring too little, and take the largest admissible.

    fixed: take this number instead, but no more than a mission every FEWEST_JOURNEYS journeys.
    """
    sample = matrix[sample_rows(len(matrix), seed, SAMPLE)]
    most = max(1, min(max(MOST, fixed or 0), len(sample) // FEWEST_JOURNEYS))
    scales, ties = _scales_and_ties(sample, blocks, seed, most)
    found: list[Choice] = []
    corrected: list[float] = []
    for missions in range(1, most + 1):
        model = MissionModel(missions, seed).fit(sample, blocks, scales, ties)
        corrected.append(_corrected(model, sample))
        found.append(_weigh(model, sample, corrected))
        if _enough(found, fixed):
            break
    taken = found[-1] if fixed else [choice for choice in found if choice.evidence[0].admissible][-1]
    return Choice(taken.model.refine(matrix), taken.stability, [choice.evidence[0] for choice in found])


def _enough(found: Sequence[Choice], fixed: int | None) -> bool:
    if fixed is not None:
        return len(found) == fixed
    return len(found) > 3 and not any(_brings_enough(choice.evidence[0]) for choice in found[-2:])


def _scales_and_ties(sample: Matrix, blocks: Sequence[Block], seed: int, most: int) -> tuple[Floats, list[Tie]]:
    """What signals owe to each other and to bursts, as a model of more missions than are sought leaves it."""
    whole = learn_ties(sample, blocks)
    model = MissionModel(min(LOOSE_MISSIONS, most), seed).fit(sample, blocks, None, whole)
    for _ in range(LOOSENINGS):
        chance = model.predict_proba(sample)
        ties = [_loosened(model, tie, full, sample, chance) for tie, full in zip(model.ties_, whole, strict=True)]
        model = model.refine(sample, ties)
    return bursts(model, sample), model.ties_


def _loosened(model: MissionModel, tie: Tie, whole: Tie, sample: Matrix, chance: Floats) -> Tie:
    """The tie less what missions explain of it: those that all signals tell where, told without the pair, they
    explain a fair part of it already; else what those explain. whole: the tie before any of it was explained."""
    parts = model.slices()
    parent, child = sample[:, parts[tie.parent]], sample[:, parts[tie.child]]
    apart = loosened(tie, parent, child, model.predict_without(sample, tie))
    is_explained = strength(apart, parent, child) < (1 - EXPLAINED) * strength(whole, parent, child)
    return loosened(tie, parent, child, chance) if is_explained else apart


def _corrected(model: MissionModel, sample: Matrix) -> float:
    return float(model.log_likelihood(sample).mean()) - model.parameters / len(sample)


def _weigh(model: MissionModel, sample: Matrix, corrected: list[float]) -> Choice:
    chance = model.predict_proba(sample)
    label = chance.argmax(axis=1)
    overlaps = _overlaps(model, sample, label)
    sizes = np.bincount(label, minlength=model.missions)
    sure = [float(chance[label == k, k].mean()) if sizes[k] else 0.0 for k in range(model.missions)]
    likelihood = corrected[-1] + model.parameters / len(sample)
    gain, total = corrected[-1] - corrected[max(0, len(corrected) - 2)], corrected[-1] - corrected[0]
    tried = Evidence(model.missions, likelihood, gain, total, min(overlaps), min(sure), int(sizes.min()), False)
    return Choice(model, overlaps, [Evidence(**{**asdict(tried), "admissible": _is_admissible(tried)})])


def _is_admissible(evidence: Evidence) -> bool:
    return evidence.missions == 1 or (
        _brings_enough(evidence)
        and evidence.total_gain >= LEAST_GAIN
        and evidence.found_again >= FOUND_AGAIN
        and evidence.told_apart >= TOLD_APART
        and evidence.smallest >= FEWEST_JOURNEYS
    )


def _brings_enough(evidence: Evidence) -> bool:
    return evidence.gain > 0 and evidence.gain >= NEW_SHARE * evidence.total_gain


def _overlaps(model: MissionModel, sample: Matrix, label: Labels) -> list[float]:
    if model.missions == 1:
        return [1.0]
    out = np.zeros(model.missions)
    for draw in range(RESAMPLES):
        half = np.random.default_rng([model.seed, draw]).permutation(len(sample))[: len(sample) // 2]
        other = MissionModel(model.missions, model.seed + 1 + draw, starts=6)
        other.fit(sample[np.sort(half)], model.blocks_, model.scales_, model.ties_)
        out += _jaccard(label, other.predict_proba(sample).argmax(axis=1), model.missions)
    return [float(x) for x in out / RESAMPLES]


def _jaccard(label: Labels, other: Labels, missions: int) -> Floats:
    """Of each mission of `label`: its overlap with the mission of `other` that it overlaps most."""
    table = np.zeros((missions, missions))
    np.add.at(table, (label, other), 1.0)
    either = table.sum(axis=1, keepdims=True) + table.sum(axis=0, keepdims=True) - table
    best: Floats = (table / np.maximum(either, 1.0)).max(axis=1)
    return best
