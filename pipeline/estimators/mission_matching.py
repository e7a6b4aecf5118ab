"""Missions that last: which of tonight's missions is which of last night's, told by the journeys that they share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

MOST = 0.5  # more of a mission's journeys than this share can have gone into, or come from, one other mission only
FAIR = 1 / 3  # of tonight's journeys, what an earlier mission must bring to give its name: two that merge bring half


@dataclass(frozen=True)
class Lineage:
    """names: the earlier name of each of tonight's missions, None where it is new. origins: the mission that a new
    one was split from. fates: 'merged' or 'retired' for every earlier mission that is no more."""

    names: list[str | None]
    origins: list[str | None]
    fates: dict[str, str]


def match(missions: int, tonight: Sequence[int], before: Sequence[str | None], taught: Sequence[bool]) -> Lineage:
    """Lineage of missions 0..missions-1. tonight, before: each journey's mission on both nights; -1 and None: none.

    taught: whether it was there when the earlier missions were learned. Later ones were put where they fitted least
    badly: a new mission that is made of them is born, and not split from where they were put.
    """
    rows = [(int(k), name, was) for k, name, was in zip(tonight, before, taught, strict=True) if k >= 0 and name]
    both = Counter((k, name) for k, name, _ in rows)
    now, then = Counter(k for k, _, _ in rows), Counter(name for _, name, _ in rows)
    went = {name: k for (k, name), n in both.items() if n > MOST * then[name]}
    kept: dict[int, str] = {}
    for name, k in sorted(went.items(), key=lambda pair: (-both[pair[1], pair[0]], pair[0])):
        if both[k, name] > FAIR * now[k]:
            kept.setdefault(k, name)
    old = Counter((k, name) for k, name, was in rows if was)
    least = MOST * old.total() / max(1, len(rows))
    origins = [None if k in kept else _origin(k, old, least * now[k]) for k in range(missions)]
    gone = sorted(set(then) - set(kept.values()))
    fates = {name: "merged" if name in went else "retired" for name in gone}
    return Lineage([kept.get(k) for k in range(missions)], origins, fates)


def _origin(k: int, old: Mapping[tuple[int, str], int], least: float) -> str | None:
    """The earlier mission that brought most of mission k's taught journeys, where these are more than `least`."""
    brought = sorted((-n, name) for (mission, name), n in old.items() if mission == k and n > least)
    return brought[0][1] if brought else None
