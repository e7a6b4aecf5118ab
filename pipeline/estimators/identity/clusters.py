"""Which records are one customer: components of sure pairs first, then average linkage, with pairs that forbid a merge.

Contradictions decide for whole clusters: a merge is forbidden as soon as one record of either side contradicts one of
the other. Groups in which nothing contradicts are settled by arrays alone; only the others are looked at one by one.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from pipeline.estimators.identity.pairs import ScoredPairs

Ints = np.ndarray[Any, np.dtype[np.int64]]
Floats = np.ndarray[Any, np.dtype[np.float64]]
Flags = np.ndarray[Any, np.dtype[np.bool_]]

LARGEST_COMPONENT = 200
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
    labels: Ints, pairs: tuple[Ints, Ints], odds: Floats, forbidden: tuple[Ints, Ints], *, cut: float
) -> Ints:
    """Merges groups by average linkage while the mean probability of their pairs is at least `cut`.

    labels: the group of each record; pairs, odds: compared pairs of groups. Where a group fits two that contradict
    each other, each keeps the share of the odds that the other leaves. Returns new labels.
    """
    nodes = np.unique(labels)
    edges = np.searchsorted(nodes, np.column_stack(pairs))
    against = np.searchsorted(nodes, labels[forbidden[0]]), np.searchsorted(nodes, labels[forbidden[1]])
    near = odds >= 1.0
    parts = _limited_components(len(nodes), edges[near, 0], edges[near, 1], odds[near])
    inside = parts[edges[:, 0]] == parts[edges[:, 1]]
    order = np.argsort(parts[edges[inside, 0]], kind="stable")
    edges, odds = edges[inside][order], odds[inside][order]
    merged, bans = nodes.copy(), _by_part(parts, against)
    part_of_edge = parts[edges[:, 0]]
    bounds = np.r_[0, np.flatnonzero(np.diff(part_of_edge)) + 1, len(edges)] if len(edges) else np.zeros(1, int)
    for start, end in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
        table = _Table.of(edges[start:end], odds[start:end], bans.get(int(part_of_edge[start]), []))
        for group in _agglomerate(table, cut):
            merged[table.members[group]] = nodes[table.members[group]].min()
    return merged[np.searchsorted(nodes, labels)]


@dataclass(frozen=True)
class _Table:
    """One component: its members, the probability of every pair (0: not compared) and the pairs that are banned."""

    members: Ints
    probability: Floats
    banned: Flags

    @classmethod
    def of(cls, edges: Ints, odds: Floats, bans: list[tuple[int, int]]) -> "_Table":
        members, place = np.unique(edges, return_inverse=True)
        place = place.reshape(edges.shape)
        table = np.zeros((len(members), len(members)))
        table[place[:, 0], place[:, 1]] = table[place[:, 1], place[:, 0]] = odds
        banned = np.zeros(table.shape, bool)
        where = {int(member): position for position, member in enumerate(members)}
        for one, other in bans:
            if one != other and one in where and other in where:
                banned[where[one], where[other]] = banned[where[other], where[one]] = True
        rivals = table @ banned
        return cls(members, table / (1.0 + table + rivals + rivals.T), banned)


def _by_part(parts: Ints, against: tuple[Ints, Ints]) -> dict[int, list[tuple[int, int]]]:
    found: dict[int, list[tuple[int, int]]] = {}
    for one, other in sorted(set(zip(against[0].tolist(), against[1].tolist(), strict=True))):
        if parts[one] == parts[other]:
            found.setdefault(int(parts[one]), []).append((one, other))
    return found


def _limited_components(count: int, left: Ints, right: Ints, odds: Floats) -> Ints:
    """Components of at most LARGEST_COMPONENT nodes: where one is larger, its weakest pairs are left out."""
    parts = components(count, left, right)
    limit = 1.0
    while np.bincount(parts, minlength=count).max(initial=0) > LARGEST_COMPONENT:
        limit *= 4.0
        large = np.bincount(parts, minlength=count)[parts] > LARGEST_COMPONENT
        keep = ~large[left] | (odds >= limit)
        left, right, odds = left[keep], right[keep], odds[keep]
        parts = components(count, left, right)
    return parts


def _agglomerate(table: _Table, cut: float) -> list[list[int]]:
    """Groups of places: average linkage down to `cut`, never across a ban. The most probable merge goes first.

    A pair that was not compared (it shares no block: often there was nothing to compare) weighs little in the average.
    """
    probability, banned = table.probability, table.banned.copy()
    groups = [[place] for place in range(len(probability))]
    weight = np.where(probability > 0, 1.0, NOT_COMPARED)
    total = probability * weight
    while True:
        score = np.where(banned, 0.0, total / weight)
        np.fill_diagonal(score, 0.0)
        i, j = sorted(int(place) for place in np.unravel_index(int(score.argmax()), score.shape))
        if i == j or score[i, j] < cut:
            return [group for group in groups if group]
        for matrix in (total, weight):
            matrix[i] += matrix[j]
            matrix[:, i] = matrix[i]
        total[j], total[:, j] = 0.0, 0.0
        banned[i] |= banned[j]
        banned[:, i] |= banned[:, j]
        groups[i], groups[j] = groups[i] + groups[j], []
