"""Missions that last: which of tonight's missions is which of last night's, told by the journeys that they share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

SAME = 0.5  # of their common journeys, the share that must be in both: more than half can hold for one pair only
PART = 0.5  # share of a mission's journeys that went into, or came from, one other mission


@dataclass(frozen=True)
class Lineage:
    """names: the earlier name of each of tonight's missions, None where it is new. origins: the mission that a new
    one was split from. fates: 'merged' or 'retired' for every earlier mission that is no more."""

    names: list[str | None]
    origins: list[str | None]
    fates: dict[str, str]


def match(missions: int, tonight: Sequence[int], before: Sequence[str | None]) -> Lineage:
    """Lineage of missions 0..missions-1. tonight, before: each journey's mission on both nights; -1 and None: none."""
    shared = [(int(k), name) for k, name in zip(tonight, before, strict=True) if k >= 0 and name is not None]
    both = Counter(shared)
    now, then = Counter(k for k, _ in shared), Counter(name for _, name in shared)
    overlap = {(k, name): n / (now[k] + then[name] - n) for (k, name), n in both.items()}
    kept = {k: name for (k, name), share in overlap.items() if share > SAME}
    names = [kept.get(k) for k in range(missions)]
    origins = [None if k in kept else _whole(k, now, both) for k in range(missions)]
    gone = sorted(set(then) - set(kept.values()))
    return Lineage(names, origins, {name: _fate(name, then, both, kept) for name in gone})


def _whole(k: int, now: Mapping[int, int], both: Mapping[tuple[int, str], int]) -> str | None:
    """The earlier mission that most of mission k's journeys come from."""
    parts = sorted((-n, name) for (mission, name), n in both.items() if mission == k and n > PART * now[k])
    return parts[0][1] if parts else None


def _fate(name: str, then: Mapping[str, int], both: Mapping[tuple[int, str], int], kept: Mapping[int, str]) -> str:
    into = [k for (k, earlier), n in both.items() if earlier == name and n > PART * then[name]]
    return "merged" if any(k in kept for k in into) else "retired"
