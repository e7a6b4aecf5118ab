"""When the missions are learned anew, and whether what was learned is better than the model in use.

Learning costs its time only on nights when it is due. What it brings is taken only where it tells more about journeys
that it was not shown, beyond chance: missions that move for nothing are of no use to anybody who counts them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipeline.estimators.mission_blocks import read_blocks
from pipeline.estimators.mission_choice import NEW_SHARE, Choice, choose, sample_rows
from pipeline.estimators.mission_signals import Signals, coverage, encode, learn_blocks
from pipeline.estimators.mission_standing import Standing
from pipeline.estimators.missions import Floats, MissionModel

GROWN = 1.5  # times as many journeys as at the last trial tell what those could not
SEEN_BY = 0.2  # a signal that a fifth of the journeys carry is worth a trial when it appears or vanishes
FRESH = 200  # new journeys that a drift can be seen in
DRIFT_ERRORS, DRIFT_SHARE = 4.0, 0.1  # standard errors, and share of what missions explain, that new journeys lack
BETTER_ERRORS, BETTER_SHARE = 2.0, 0.01  # the same, that a new model must add


@dataclass(frozen=True)
class Renewal:
    """due: why missions were learned anew ('' : they were not). choice: what was learned, None where the standing model
    stays. gain: nats a journey that the choice's missions explain. heard: the signals that tonight's journeys carry."""

    due: str
    choice: Choice | None
    gain: float
    heard: list[str]


def renew(
    known: Signals, fresh: npt.NDArray[np.bool_], last: Standing | None, seed: int, fixed: int | None = None
) -> Renewal:
    """Learn from `known`, the journeys with an order, if it is due, and weigh what was learned against `last`.

    fresh: which of them were ordered after the last trial. fixed: the number of missions, where a setting gives it.
    The order of the journeys makes no difference.
    """
    order = np.argsort(np.asarray(known.journey_ids))
    known, fresh = known.take(order), fresh[order]
    taught = known.take(sample_rows(len(known), seed))
    heard = [name for name in taught.names() if coverage(taught, name) >= SEEN_BY]
    if not len(known) or not learn_blocks(taught):
        return Renewal("", None, 0.0, heard)
    due = "first missions" if last is None else _due(known, fresh, last, heard, fixed)
    if not due:
        return Renewal("", None, 0.0, heard)
    blocks = read_blocks(taught, seed)
    choice = choose(encode(taught, blocks), blocks, seed, fixed)
    takes = last is None or last.fixed != fixed or _is_better(choice, last.model, taught, seed)
    gain = round(float(gains(choice.model, taught).mean()), 6) if takes else 0.0
    return Renewal(due, choice if takes else None, gain, heard)


def gains(model: MissionModel, known: Signals) -> Floats:
    """What missions explain of each journey: nats over one class with the shares of all."""
    matrix = encode(known, model.blocks_)
    told: Floats = model.log_likelihood(matrix) - model.pooled().log_likelihood(matrix)
    return told


def _due(known: Signals, fresh: npt.NDArray[np.bool_], last: Standing, heard: Sequence[str], fixed: int | None) -> str:
    if last.fixed != fixed:
        return "another number is set"
    if set(heard) - set(last.heard) or any(coverage(known, block.name) == 0.0 for block in last.model.blocks_):
        return "other signals"
    if len(known) >= GROWN * last.tried_from:
        return "more journeys"
    return "new journeys are explained less" if _drifted(known, fresh, last) else ""


def _drifted(known: Signals, fresh: npt.NDArray[np.bool_], last: Standing) -> bool:
    rows = np.flatnonzero(fresh)
    if len(rows) < FRESH or last.gain <= 0:
        return False
    told = gains(last.model, known.take(rows))
    lack = last.gain - float(told.mean())
    return lack > DRIFT_ERRORS * float(told.std()) / math.sqrt(len(told)) and lack > DRIFT_SHARE * last.gain


def _is_better(choice: Choice, last: MissionModel, taught: Signals, seed: int) -> bool:
    """Learned again from half of the journeys, the new model explains the other half beyond chance better than `last`.

    A mission more has to bring what a new mission has to; a mission less may cost half of that.
    """
    half = np.random.default_rng(seed).permutation(len(taught)) < len(taught) // 2
    new = choice.model.refine(encode(taught.take(np.flatnonzero(half)), choice.model.blocks_))
    other = taught.take(np.flatnonzero(~half))
    standing = gains(last, other)
    more = gains(new, other) - standing
    mean, total = float(more.mean()), float(standing.mean())
    missions = choice.model.missions - last.missions
    if missions < 0:
        return mean > -NEW_SHARE / 2 * total
    errors = BETTER_ERRORS * float(more.std()) / math.sqrt(max(1, len(more)))
    return mean > (NEW_SHARE if missions else BETTER_SHARE) * total + errors
