"""Clusters that hold together by one weak tie, or grew past what this delivery lets expect: where to cut them.

Two limits are learned once and then kept with the pair model: how large a cluster may be, and how strong a tie of each
kind must be to join two clusters of several records alone. With these, what happens to a cluster depends on it alone.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

Ints = np.ndarray[Any, np.dtype[np.int64]]
Floats = np.ndarray[Any, np.dtype[np.float64]]
Flags = np.ndarray[Any, np.dtype[np.bool_]]
Texts = np.ndarray[Any, np.dtype[np.object_]]

SMALLEST_LIMIT = 10  # below this a large family of records is nothing to wonder at, however small the others are
PROVEN_TIES, PROVEN_SHARE = 50, 0.02
WITHOUT_PROOF = 0.9
WEAK, LARGE = "single weak bridge", "larger than expected"


@dataclass(frozen=True)
class Ties:
    """What ties the records of clusters: one entry a tie. weight: the probability that it is right. kind: key or model.

    A tie of the model between two groups of records that keys tie stands once, between one record of each.
    """

    left: Ints
    right: Ints
    weight: Floats
    kind: Texts

    def __len__(self) -> int:
        return len(self.left)

    def take(self, rows: Ints | Flags) -> "Ties":
        return Ties(self.left[rows], self.right[rows], self.weight[rows], self.kind[rows])


@dataclass(frozen=True)
class Limits:
    """size: the most records of a cluster that nobody need look at. least: per kind, the weight of a tie that may join
    two clusters of several records alone."""

    size: int
    least: dict[str, float]

    @classmethod
    def learn(cls, labels: Ints, ties: Ties) -> "Limits":
        """The limits of a delivery. labels: the cluster of each record. ties: all ties within the clusters."""
        _, place, sizes = np.unique(labels, return_inverse=True, return_counts=True)
        largest = _largest(sizes)
        ties = ties.take(sizes[place[ties.left]] <= largest)  # what is too large proves nothing
        proven = _proven(len(labels), ties)
        least = {}
        for kind in sorted(set(ties.kind.tolist())):
            weights = ties.weight[proven & (ties.kind == kind)]
            enough = len(weights) >= PROVEN_TIES
            # rounded down: a kind whose ties all weigh the same asks no more than that
            least[kind] = float(np.floor(np.quantile(weights, PROVEN_SHARE) * 1e6) / 1e6) if enough else WITHOUT_PROOF
        return cls(largest, least)


@dataclass(frozen=True)
class Cuts:
    """labels: the cluster of each record after the cuts, named by its smallest record. ties: the ties that were cut.

    reason: why, one a tie; these are the pairs to review.
    """

    labels: Ints
    ties: Ties
    reason: Texts


def cut_bridges(labels: Ints, ties: Ties, limits: Limits) -> Cuts:
    """Cuts weak bridges between parts of two records or more, then what is still larger than the limit.

    labels: the cluster of each record, named by its smallest. ties: all that hold the clusters together. A cluster is
    looked at only if it has a tie weaker than its kind asks and more than two records, or is too large.
    """
    same = labels[ties.left] == labels[ties.right]
    ties = ties.take(same)
    weak = ties.weight < np.array([limits.least.get(kind, WITHOUT_PROOF) for kind in ties.kind.tolist()])
    size = _sizes(labels)
    bridges = _weak_bridges(labels, ties, weak & (size[labels[ties.left]] > 2))
    parted = _parted(labels, ties, bridges)
    large = _oversized(parted, ties, limits.size)
    is_cut = bridges | large
    final = _parted(labels, ties, is_cut)
    reason = np.where(bridges, WEAK, LARGE).astype(object)
    return Cuts(final, ties.take(is_cut), reason[is_cut])


def _largest(sizes: Ints) -> int:
    """A size that none of these clusters would reach if their tail fell on as it does from the 90th to the 99th of 100.

    The tail is taken to be exponential, so that one enormous cluster does not excuse itself.
    """
    if not len(sizes):
        return SMALLEST_LIMIT
    high, higher = np.quantile(sizes, [0.9, 0.99], method="higher")
    scale = max(float(higher - high), 1.0) / np.log(10.0)
    return max(SMALLEST_LIMIT, int(np.ceil(higher + scale * np.log(len(sizes)))))


def _proven(count: int, ties: Ties) -> Flags:
    """The ties whose two records are tied in another way as well: by a second tie, or through a third record."""
    from scipy.sparse import coo_matrix

    if not len(ties):
        return np.zeros(0, bool)
    ones = np.ones(2 * len(ties))
    ends = np.r_[ties.left, ties.right], np.r_[ties.right, ties.left]
    graph = coo_matrix((ones, ends), shape=(count, count)).tocsr()
    direct = np.asarray(graph[ties.left, ties.right]).ravel()
    graph.data[:] = 1.0
    around = np.asarray(graph[ties.left].multiply(graph[ties.right]).sum(axis=1)).ravel()
    proven: Flags = (direct > 1) | (around > 0)
    return proven


def _sizes(labels: Ints) -> Ints:
    """The number of records of each label, by label."""
    return np.bincount(labels, minlength=len(labels)).astype(np.int64)


def _components(count: int, left: Ints, right: Ints) -> Ints:
    from pipeline.estimators.identity.clusters import components

    return components(count, left, right)


def _weak_bridges(labels: Ints, ties: Ties, weak: Flags) -> Flags:
    """The weak ties that alone hold two parts of at least two records together, by tie."""
    found = np.zeros(len(ties), bool)
    if not weak.any():
        return found
    parts = _components(len(labels), ties.left[~weak], ties.right[~weak])
    rows = np.flatnonzero(weak & (parts[ties.left] != parts[ties.right]))
    sizes = np.bincount(parts, minlength=len(labels))
    ends = np.column_stack([parts[ties.left[rows]], parts[ties.right[rows]]])
    total = _sizes(labels)
    for place, side in _bridges(ends.tolist(), sizes):
        whole = total[labels[ties.left[rows[place]]]]
        found[rows[place]] = min(side, whole - side) >= 2
    return found


def _bridges(ends: list[list[int]], sizes: Ints) -> list[tuple[int, int]]:
    """The bridges of a multigraph: the edge's place, and how many records lie on the side that it leads to.

    An edge is a bridge if nothing that depth-first search finds behind it reaches back before it (Tarjan 1974).
    """
    near: dict[int, list[tuple[int, int]]] = {}
    for place, (one, other) in enumerate(ends):
        near.setdefault(one, []).append((other, place))
        near.setdefault(other, []).append((one, place))
    walk = _walk(near)
    order = {node: at for at, (node, _, _) in enumerate(walk)}
    lowest = {
        node: min([order[node], *(order[other] for other, place in near[node] if place != entry)])
        for node, _, entry in walk
    }
    behind = {node: int(sizes[node]) for node in order}
    found = []
    for node, parent, entry in reversed(walk):
        if entry < 0:
            continue
        if lowest[node] > order[parent]:
            found.append((entry, behind[node]))
        lowest[parent] = min(lowest[parent], lowest[node])
        behind[parent] += behind[node]
    return sorted(found)


def _walk(near: dict[int, list[tuple[int, int]]]) -> list[tuple[int, int, int]]:
    """Every node in the order of a depth-first search, with the node and the edge (-1: none) that led to it."""
    walk, met = [], set()
    waiting = [(node, -1, -1) for node in sorted(near, reverse=True)]
    while waiting:
        node, parent, entry = waiting.pop()
        if node in met:
            continue
        met.add(node)
        walk.append((node, parent, entry))
        waiting += [(other, node, place) for other, place in reversed(near[node]) if other not in met]
    return walk


def _parted(labels: Ints, ties: Ties, is_cut: Flags) -> Ints:
    """The clusters without the ties that are cut: where one loses none, it stays as it is."""
    loses = np.isin(labels, labels[ties.left[is_cut]])
    keep = ~is_cut & loses[ties.left]
    parts = _components(len(labels), ties.left[keep], ties.right[keep])
    return np.where(loses, parts, labels).astype(np.int64)


def _oversized(labels: Ints, ties: Ties, limit: int) -> Flags:
    """The ties to cut in clusters of more than `limit` records: the weakest, as few kinds of strength as will do."""
    found = np.zeros(len(ties), bool)
    inside = (_sizes(labels)[labels[ties.left]] > limit) & (labels[ties.left] == labels[ties.right])
    rows = np.flatnonzero(inside)
    rows = rows[np.lexsort((rows, labels[ties.left[rows]]))]
    bounds = np.flatnonzero(np.diff(labels[ties.left[rows]])) + 1
    for part in np.split(rows, bounds) if len(rows) else []:
        found[part] = _dismantled(ties.take(part), limit)
    return found


def _dismantled(ties: Ties, limit: int) -> Flags:
    """The ties of one cluster between the parts that it falls into without its weakest ties, each within the limit."""
    nodes, ends = np.unique(np.r_[ties.left, ties.right], return_inverse=True)
    left, right = ends[: len(ties)], ends[len(ties) :]
    steps = np.unique(ties.weight)
    low, high = 0, len(steps) - 1  # without all ties every part is one record
    while low < high:
        middle = (low + high) // 2
        keep = ties.weight > steps[middle]
        parts = _components(len(nodes), left[keep], right[keep])
        low, high = (low, middle) if np.bincount(parts).max() <= limit else (middle + 1, high)
    keep = ties.weight > steps[low]
    parts = _components(len(nodes), left[keep], right[keep])
    between: Flags = parts[left] != parts[right]
    return between
