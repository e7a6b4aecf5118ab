"""Signals that go together whatever the mission: a shop and its region, a price and a number of nights.

A latent class model would take such a pair for missions of its own. Here a signal may lean on one other: within a
mission, P(word | word of the other) is the mission's own share of the word times a ratio that all missions share,
made to sum to one. The pairs are the strongest tree over the signals (Chow & Liu 1968); what of a pair's dependence is
explained by missions as all the other signals tell them is taken out of its ratio again (see `loosened`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.estimators.mission_signals import Block, Matrix

Floats = npt.NDArray[np.float64]

LEAST_NATS = 0.02  # a pair that tells less about each other does not pass for missions
RATIO_PRIOR = 5.0  # journeys' worth of independence in every pair of words


@dataclass(frozen=True, eq=False)  # told apart by being themselves: a ratio is an array
class Tie:
    """Blocks by place: `child` leans on `parent`; ratio: parent's columns x child's columns, 1 where nothing leans."""

    child: int
    parent: int
    ratio: Floats

    def as_dict(self) -> dict[str, Any]:
        ratio = [[float(x) for x in row] for row in self.ratio]
        return {"child": self.child, "parent": self.parent, "ratio": ratio}

    @classmethod
    def from_dict(cls, row: Mapping[str, Any]) -> Tie:
        return cls(int(row["child"]), int(row["parent"]), np.asarray(row["ratio"], dtype=float))


def slices(blocks: Sequence[Block]) -> list[slice]:
    """The columns of each block."""
    ends = np.cumsum([block.width for block in blocks])
    return [slice(int(end) - block.width, int(end)) for end, block in zip(ends, blocks, strict=True)]


def learn_ties(matrix: Matrix, blocks: Sequence[Block]) -> list[Tie]:
    """The strongest tree of pairs among words and numbers, with all their dependence in the ratios."""
    single = [index for index, block in enumerate(blocks) if block.kind != "bag"]
    parts = slices(blocks)
    together: Floats = (matrix.T @ matrix).astype(float)
    pairs = [(_nats(together[parts[a], parts[b]]), a, b) for a in single for b in single if a < b]
    edges = _tree(sorted((p for p in pairs if p[0] >= LEAST_NATS), key=lambda p: (-p[0], p[1], p[2])))
    ties = [Tie(child, parent, np.ones((blocks[parent].width, blocks[child].width))) for child, parent in edges]
    return [loosened(tie, matrix[:, parts[tie.parent]], matrix[:, parts[tie.child]]) for tie in ties]


def loosened(tie: Tie, parent: Matrix, child: Matrix, chance: Floats | None = None) -> Tie:
    """The tie with what missions do not explain of it; parent, child: the columns of its blocks.

    chance: probability of each mission, journeys x missions, told without the two blocks: a pair may not explain
    itself. ratio = pairs of words seen together / expected together where missions alone decide both.
    """
    chance = np.ones((len(parent), 1)) if chance is None else chance
    both = parent.any(axis=1) & child.any(axis=1)
    parent, child, weight = parent[both], child[both], chance[both].astype(np.float32)
    ours: Floats = np.asarray(weight.T @ parent, dtype=float)
    theirs: Floats = np.asarray(weight.T @ child, dtype=float)
    size: Floats = np.maximum(weight.sum(axis=0, dtype=float), 1e-9).reshape(-1, 1)
    expected = ours.T @ (theirs / size)
    seen: Floats = np.asarray(parent.T @ child, dtype=float)
    return Tie(tie.child, tie.parent, (seen + RATIO_PRIOR) / (expected + RATIO_PRIOR))


def strength(tie: Tie, parent: Matrix, child: Matrix) -> float:
    """Nats that the ratio tells of a journey that shows both signals."""
    told = ((parent @ np.log(tie.ratio).astype(np.float32)) * child).sum(axis=1)
    both = parent.any(axis=1) & child.any(axis=1)
    return float(told[both].mean()) if both.any() else 0.0


def _nats(table: Floats) -> float:
    """Mutual information of a table of counts, less what chance alone brings (Miller 1955)."""
    n = table.sum()
    if n < 1:
        return 0.0
    left, right = table.sum(axis=1, keepdims=True), table.sum(axis=0, keepdims=True)
    seen = table > 0
    told = float((table[seen] * np.log(n * table[seen] / (left @ right)[seen])).sum() / n)
    return float(told - ((left > 0).sum() - 1) * ((right > 0).sum() - 1) / (2 * n))


def _tree(edges: Sequence[tuple[float, int, int]]) -> list[tuple[int, int]]:
    """The (child, parent) pairs of the heaviest forest; its roots are the signals with the most neighbours."""
    group: dict[int, int] = {}
    near: dict[int, list[int]] = {}
    for _, a, b in edges:
        ga, gb = group.setdefault(a, a), group.setdefault(b, b)
        if ga != gb:
            group.update({k: ga for k, g in list(group.items()) if g == gb})
            near.setdefault(a, []).append(b)
            near.setdefault(b, []).append(a)
    found: list[tuple[int, int]] = []
    placed: set[int] = set()
    for root in sorted(near, key=lambda k: (-len(near[k]), k)):
        stack = [root] if root not in placed else []
        placed.update(stack)
        while stack:
            parent = stack.pop(0)
            children = sorted(set(near[parent]) - placed)
            placed.update(children)
            found += [(child, parent) for child in children]
            stack += children
    return found
