"""The blocks that a mission model reads, with the amount told apart from what it is the product of.

What is paid is a price times a number of nights, items, people. Read as it is, it says the same as these once more;
what it says of a mission is the price. So its block holds what remains of its logarithm after a regression on the
logarithms of the other numbers, within rough classes of what is bought and read: between missions they go together too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from pipeline.estimators.mission_signals import Block, Signals, encode, learn_blocks, logarithm, number_block, remaining
from pipeline.estimators.missions import Floats, MissionModel

AMOUNT = "value"
ROUGH = 8  # classes: more than the missions that are sought
EXPLAINED = 0.1  # share of the amount's variance within classes from which it is worth it


def read_blocks(signals: Signals, seed: int) -> list[Block]:
    """The blocks worth reading, in a fixed order (see learn_blocks)."""
    blocks = learn_blocks(signals)
    numbers = [block.name for block in blocks if block.kind == "number"]
    if AMOUNT not in numbers or len(numbers) == 1:
        return blocks
    beyond = _beyond(signals, [name for name in numbers if name != AMOUNT], _classes(signals, blocks, seed))
    if not beyond:
        return blocks
    like = Block(AMOUNT, "number", beyond=beyond)
    block = number_block(AMOUNT, remaining(like, signals.numbers))
    return [replace(block, beyond=beyond) if block and b.name == AMOUNT else b for b in blocks]


def _classes(signals: Signals, blocks: Sequence[Block], seed: int) -> npt.NDArray[np.int64]:
    """A rough class of each journey, by its words and bags alone."""
    texts = [block for block in blocks if block.kind != "number"]
    if not texts or len(signals) < ROUGH:
        return np.zeros(len(signals), dtype=np.int64)
    matrix = encode(signals, texts)
    chance = MissionModel(ROUGH, seed, starts=2).fit(matrix, texts).predict_proba(matrix)
    return np.asarray(chance.argmax(axis=1), dtype=np.int64)


def _beyond(
    signals: Signals, others: Sequence[str], label: npt.NDArray[np.int64]
) -> tuple[tuple[str, float, float], ...]:
    amount = logarithm(signals.numbers[AMOUNT])
    known = np.isfinite(amount)
    logs = np.column_stack([logarithm(signals.numbers[name]) for name in others])[known]
    means = np.nanmean(logs, axis=0)
    x, y = _within(np.nan_to_num(logs - means), label[known]), _within(amount[known, None], label[known])[:, 0]
    slopes = np.linalg.lstsq(x.T @ x + 1e-6 * len(x) * np.eye(x.shape[1]), x.T @ y, rcond=None)[0]
    if y.var() == 0 or 1 - (y - x @ slopes).var() / y.var() < EXPLAINED:
        return ()
    return tuple((name, float(b), float(mean)) for name, b, mean in zip(others, slopes, means, strict=True))


def _within(values: Floats, label: npt.NDArray[np.int64]) -> Floats:
    """The values less their class's mean."""
    out = values.copy()
    for k in np.unique(label):
        out[label == k] -= out[label == k].mean(axis=0)
    return out
