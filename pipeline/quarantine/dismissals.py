"""Dismissed rows: what a person decided that nobody will repair.

    DATA/quarantine/dismissed/<source>__<table>.jsonl    see kept.py

Such a row stays in quarantine and in its file's account; it is nobody's task any more. A dismissal is of a row under
its reason: set aside under another one, it is open again. Who takes a dismissal back that a night has counted with,
ends it; so that nights that are built again say what they said.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pipeline.quarantine import kept
from pipeline.quarantine.kept import Decided, Place
from pipeline.stages import SOURCES

FOLDER = "dismissed"


@dataclass(frozen=True, order=True)
class Dismissal(Decided):
    """One row that nobody will repair: for which reason it lay there (what stands before its colon), who decided, when
    and why. ends: from which night it counts no longer; '': it stands.
    """

    reason: str
    by: str
    why: str
    dismissed_at: str
    ends: str = ""


def read(data: Path) -> list[Dismissal]:
    """Every dismissal; raises StageError with the line where one cannot be read."""
    return [one for source in SOURCES for one in kept.read(data, FOLDER, source, Dismissal)]


def standing(data: Path) -> dict[tuple[Place, str], Dismissal]:
    """Those that were not taken back, by the row's place and reason."""
    return {(one.place, one.reason): one for one in read(data) if not one.ends}


def as_of(data: Path, night: str) -> list[Dismissal]:
    """Those that count on a night."""
    return [one for one in read(data) if one.counts_from <= night and (not one.ends or night < one.ends)]


def add(data: Path, fresh: Iterable[Dismissal]) -> int:
    """Keeps dismissals; returns how many of the rows were not dismissed before."""
    known = standing(data)
    news = [one for one in fresh if (one.place, one.reason) not in known]
    kept.change(data, FOLDER, Dismissal, news)
    return len(news)


def take_back(data: Path, wanted: Sequence[Dismissal], night: str) -> None:
    """Takes dismissals back: those that no night before this one counted with go, the others end with it."""
    gone = [one for one in wanted if one.counts_from >= night]
    ended = [replace(one, ends=night) for one in wanted if one.counts_from < night]
    kept.change(data, FOLDER, Dismissal, ended, gone)
