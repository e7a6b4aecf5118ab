"""Which records are one customer: components of sure pairs first, then average linkage, with pairs that forbid a merge.

Contradictions decide for whole clusters: a merge is forbidden as soon as one record of either side contradicts one of
the other. Groups in which nothing contradicts are settled by arrays alone; only the others are looked at one by one.
"""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pipeline.estimators.identity.comparisons import ScoredPairs

Ints = np.ndarray[Any, np.dtype[np.int64]]
Floats = np.ndarray[Any, np.dtype[np.float64]]

NOT_COMPARED = 0.1
_NOTHING = np.iinfo(np.int64).min


def components(count: int, left: Ints, right: Ints) -> Ints:
    """The connected component of each of `count` nodes, named by its smallest node."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    graph = coo_matrix((np.ones(len(left), np.int8), (left, right)), shape=(count, count))
    _, labels = connected_components(graph, directed=False)
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    return first[inverse].astype(np.int64)


def join_sure(count: int, left: Ints, right: Ints, strength: Floats, forbidden: tuple[Ints, Ints]) -> Ints:
    """Groups tied by sure pairs, strongest first, without ever putting two records together that contradict.

    Returns the group of each record, named by its smallest record.
    """
    whole = components(count, left, right)
    torn = np.isin(whole, whole[forbidden[0]])
    free = ~torn[left]
    labels = components(count, left[free], right[free])
    order = np.lexsort((right[~free], left[~free], -strength[~free]))
    members = {int(node): {int(node)} for node in np.flatnonzero(torn)}
    against = _neighbours(*forbidden)
    owner = {node: node for node in members}
    for one, other in zip(left[~free][order].tolist(), right[~free][order].tolist(), strict=True):
        a, b = sorted((owner[one], owner[other]))
        if a == b or _contradict(members[a], members[b], against):
            continue
        members[a] |= members.pop(b)
        owner.update(dict.fromkeys(members[a], a))
    for label, nodes in members.items():
        labels[list(nodes)] = min(nodes | {label})
    return labels


def _neighbours(left: Ints, right: Ints) -> dict[int, set[int]]:
    found: dict[int, set[int]] = {}
    for one, other in zip(left.tolist(), right.tolist(), strict=True):
        found.setdefault(one, set()).add(other)
        found.setdefault(other, set()).add(one)
    return found


def _contradict(one: set[int], other: set[int], against: dict[int, set[int]]) -> bool:
    small, large = sorted((one, other), key=len)
    return any(not large.isdisjoint(against.get(node, ())) for node in small)


def between_groups(pairs: ScoredPairs, groups: Ints) -> ScoredPairs:
    """The pairs of groups of which records were compared: by comparison, the best that any pair of records shows."""
    one, other = groups[pairs.left], groups[pairs.right]
    apart = one != other
    left, right = np.minimum(one, other)[apart], np.maximum(one, other)[apart]
    order = np.lexsort((right, left))
    left, right = left[order], right[order]
    if not len(left):
        return ScoredPairs(left, right, pairs.weights[apart], pairs.levels[apart])
    starts = np.flatnonzero(np.r_[True, (left[1:] != left[:-1]) | (right[1:] != right[:-1])])
    # weight (micro) and level in one number, so that the maximum carries the level along
    weights, levels = pairs.weights[apart][order], pairs.levels[apart][order]
    packed = np.where(levels >= 0, np.nan_to_num(weights * 1e6).round().astype(np.int64) * 16 + levels, _NOTHING)
    best = np.maximum.reduceat(packed, starts, axis=0)
    known = best != _NOTHING
    return ScoredPairs(
        left[starts],
        right[starts],
        np.where(known, np.floor_divide(best, 16) / 1e6, np.nan),
        np.where(known, best % 16, -1).astype(np.int8),
    )


def link_average(
    labels: Ints, pairs: tuple[Ints, Ints], odds: Floats, forbidden: tuple[Ints, Ints], cuts: Sequence[float]
) -> list[Ints]:
    """Merges groups by average linkage while the mean probability of their pairs is at least the cut; once a cut.

    labels: the group of each record; pairs, odds: compared pairs of groups, each pair once. forbidden: pairs of records
    whose groups never merge; where a group fits two that contradict each other, each keeps the share of the odds that
    the other leaves. The most probable merge goes first, so that a stricter cut's groups lie within a looser one's.
    cuts: falling. Returns the new label of each record, one array a cut.
    """
    nodes = np.unique(labels)
    left, right = np.searchsorted(nodes, pairs[0]), np.searchsorted(nodes, pairs[1])
    bans = np.searchsorted(nodes, labels[forbidden[0]]), np.searchsorted(nodes, labels[forbidden[1]])
    near = odds >= cuts[-1] / (1.0 - cuts[-1])
    parts = components(len(nodes), left[near], right[near])
    inside = parts[left] == parts[right]
    edges = _Edges(left[inside], right[inside], _shared_odds(left[inside], right[inside], odds[inside], bans))
    merges = _agglomerate(edges, _neighbours(*bans), cuts[-1])
    place = np.searchsorted(nodes, labels)
    return [nodes[_after(len(nodes), [pair for score, pair in merges if score >= cut])][place] for cut in cuts]


def _after(count: int, merges: list[tuple[int, int]]) -> Ints:
    pairs = np.array(merges, np.int64).reshape(-1, 2)
    return components(count, pairs[:, 0], pairs[:, 1])


@dataclass(frozen=True)
class _Edges:
    """Pairs of nodes and the probability that each is one."""

    left: Ints
    right: Ints
    probability: Floats


def _shared_odds(left: Ints, right: Ints, odds: Floats, bans: tuple[Ints, Ints]) -> Floats:
    """The probabilities that odds make, where rivals (nodes that contradict each other) share them."""
    from scipy.sparse import csr_matrix

    if not len(bans[0]):
        return odds / (1.0 + odds)
    count = int(max(left.max(initial=0), right.max(initial=0), bans[0].max(), bans[1].max())) + 1
    both, mirrored = np.r_[left, right], np.r_[right, left]
    table = csr_matrix((np.r_[odds, odds], (both, mirrored)), shape=(count, count))
    banned = csr_matrix((np.ones(2 * len(bans[0])), (np.r_[bans], np.r_[bans[::-1]])), shape=(count, count))
    banned.setdiag(0)
    banned.data[:] = banned.data > 0
    rivals = table @ banned
    shared = np.asarray(rivals[left, right]).reshape(-1) + np.asarray(rivals[right, left]).reshape(-1)
    probability: Floats = odds / (1.0 + odds + shared)
    return probability


def _agglomerate(edges: _Edges, against: dict[int, set[int]], cut: float) -> list[tuple[float, tuple[int, int]]]:
    """The merges in order, each with the lowest mean probability so far: two nodes of the groups that it joins.

    A pair that was not compared (it shares no block: often there was nothing to compare) weighs little in the average.
    """
    near = _sums(edges)
    size: dict[int, int] = dict.fromkeys(near, 1)
    turn: dict[int, int] = dict.fromkeys(near, 0)
    members: dict[int, set[int]] = {node: {node} for node in near if node in against}

    def score(one: int, other: int) -> float:
        total, compared = near[one][other]
        return total / (compared + NOT_COMPARED * (size[one] * size[other] - compared))

    queue = [(-score(one, other), one, other, 0, 0) for one in near for other in near[one] if one < other]
    queue = [entry for entry in queue if -entry[0] >= cut]
    heapq.heapify(queue)
    merges, lowest = [], 1.0
    while queue:
        least, one, other, *turns = heapq.heappop(queue)
        if [turn.get(one), turn.get(other)] != turns or _banned(one, other, members, against):
            continue
        lowest = min(lowest, -least)
        merges.append((lowest, (one, other)))
        _join(one, other, near)
        size[one] += size.pop(other)
        turn[one] += 1
        del turn[other]
        if one in members or other in members:
            members[one] = members.get(one, set()) | members.pop(other, set())
        for third in near[one]:
            first, second = min(one, third), max(one, third)
            if (mean := score(first, second)) >= cut:
                heapq.heappush(queue, (-mean, first, second, turn[first], turn[second]))
    return merges


def _sums(edges: _Edges) -> dict[int, dict[int, tuple[float, int]]]:
    """Of each node its neighbours: the sum of probabilities, and of how many pairs."""
    near: dict[int, dict[int, tuple[float, int]]] = {}
    rows = zip(edges.left.tolist(), edges.right.tolist(), edges.probability.tolist(), strict=True)
    for one, other, probability in rows:
        near.setdefault(one, {})[other] = (probability, 1)
        near.setdefault(other, {})[one] = (probability, 1)
    return near


def _join(one: int, other: int, near: dict[int, dict[int, tuple[float, int]]]) -> None:
    """Gives the neighbours of `other` to `one`."""
    del near[one][other]
    for third, (total, compared) in near.pop(other).items():
        if third != one:
            had, of = near[one].get(third, (0.0, 0))
            near[one][third] = near[third][one] = (had + total, of + compared)
            del near[third][other]


def _banned(one: int, other: int, members: dict[int, set[int]], against: dict[int, set[int]]) -> bool:
    return one in members and other in members and _contradict(members[one], members[other], against)
