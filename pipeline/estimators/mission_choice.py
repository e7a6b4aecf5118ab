"""How many missions there are: as many as stay themselves under resampling and tell something new.

An information criterion alone asks for too many missions, because no real signal is quite independent within one.
A number of missions is admissible here when every mission is found again in models of half the journeys (Hennig 2007:
mean Jaccard overlap), its journeys are told apart from the other missions' with confidence, and the last mission
added explains a fair part of all that missions explain (Akaike-corrected likelihood). The largest such number is taken.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt

from pipeline.estimators.mission_signals import Block, Matrix
from pipeline.estimators.missions import Floats, MissionModel, bursts

Labels = npt.NDArray[np.int64]

MOST = 10  # missions looked for: more than an executive can hold in mind
RESAMPLES = 4
SAMPLE = 8000  # journeys that the choice is made on; the model taken learns from all
FOUND_AGAIN = 0.7  # least overlap of every mission with its like in half the journeys; .75 is Hennig's "stable"
TOLD_APART = 0.75  # least mean probability of a mission's own journeys
NEW_SHARE = 0.05  # least part of the whole gain that the last mission brings; splits for want of independence: < .035
FEWEST_JOURNEYS = 20  # a smaller mission could not be told from chance


@dataclass(frozen=True)
class Evidence:
    """What speaks for a number of missions. Gains are nats a journey over one mission less and over none."""

    missions: int
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


def choose(matrix: Matrix, blocks: Sequence[Block], seed: int, scales: Floats | None = None) -> Choice:
    """Fit 1, 2, … missions, stopping when two more in a row bring too little, and take the largest admissible.

    scales: one a block, as an earlier model has them; learned where not given.
    """
    sample = _sample(matrix, seed)
    most = max(1, min(MOST, len(sample) // FEWEST_JOURNEYS))
    if scales is None:
        scales = bursts(MissionModel(most, seed).fit(sample, blocks), sample)
    one = MissionModel(1, seed).fit(sample, blocks, scales)
    found = [Choice(one, [1.0], [Evidence(1, 0.0, 0.0, 1.0, 1.0, len(sample), True)])]
    corrected = [_corrected(found[0].model, sample)]
    for missions in range(2, most + 1):
        model = MissionModel(missions, seed).fit(sample, blocks, scales)
        corrected.append(_corrected(model, sample))
        found.append(_weigh(model, sample, corrected))
        if len(found) > 3 and not any(_brings_enough(c.evidence[0]) for c in found[-2:]):
            break
    evidence = [choice.evidence[0] for choice in found]
    taken = [choice for choice in found if choice.evidence[0].admissible][-1]
    return Choice(taken.model.refine(matrix), taken.stability, evidence)


def mean_gain(new: MissionModel, old: MissionModel, matrix: Matrix) -> float:
    """What `new` tells more than `old` about journeys encoded for both: corrected nats a journey."""
    return _corrected(new, matrix) - _corrected(old, matrix)


def _sample(matrix: Matrix, seed: int) -> Matrix:
    if len(matrix) <= SAMPLE:
        return matrix
    rows = np.random.default_rng(seed).choice(len(matrix), SAMPLE, replace=False)
    return matrix[np.sort(rows)]


def _corrected(model: MissionModel, sample: Matrix) -> float:
    return float(model.log_likelihood(sample).mean()) - model.parameters / len(sample)


def _weigh(model: MissionModel, sample: Matrix, corrected: list[float]) -> Choice:
    chance = model.predict_proba(sample)
    label = chance.argmax(axis=1)
    overlaps = _overlaps(model, sample, label)
    sizes = np.bincount(label, minlength=model.missions)
    sure = [float(chance[label == k, k].mean()) if sizes[k] else 0.0 for k in range(model.missions)]
    gain, total = corrected[-1] - corrected[-2], corrected[-1] - corrected[0]
    evidence = Evidence(model.missions, gain, total, min(overlaps), min(sure), int(sizes.min()), False)
    admissible = (
        _brings_enough(evidence)
        and evidence.found_again >= FOUND_AGAIN
        and evidence.told_apart >= TOLD_APART
        and evidence.smallest >= FEWEST_JOURNEYS
    )
    return Choice(model, overlaps, [Evidence(**{**asdict(evidence), "admissible": admissible})])


def _brings_enough(evidence: Evidence) -> bool:
    return evidence.gain > 0 and evidence.gain >= NEW_SHARE * evidence.total_gain


def _overlaps(model: MissionModel, sample: Matrix, label: Labels) -> list[float]:
    if model.missions == 1:
        return [1.0]
    out = np.zeros(model.missions)
    for draw in range(RESAMPLES):
        half = np.random.default_rng([model.seed, draw]).permutation(len(sample))[: len(sample) // 2]
        other = MissionModel(model.missions, model.seed + 1 + draw, starts=6)
        other.fit(sample[np.sort(half)], model.blocks_, model.scales_)
        out += _jaccard(label, other.predict_proba(sample).argmax(axis=1), model.missions)
    return [float(x) for x in out / RESAMPLES]


def _jaccard(label: Labels, other: Labels, missions: int) -> Floats:
    """Of each mission of `label`: its overlap with the mission of `other` that it overlaps most."""
    table = np.zeros((missions, missions))
    np.add.at(table, (label, other), 1.0)
    either = table.sum(axis=1, keepdims=True) + table.sum(axis=0, keepdims=True) - table
    best: Floats = (table / np.maximum(either, 1.0)).max(axis=1)
    return best
