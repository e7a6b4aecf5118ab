"""What is asked of a world, and the few helpers that every part of the demo shares."""

from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from zlib import crc32

import numpy as np
import numpy.typing as npt

from pipeline.demo.company import HISTORY_DAYS
from pipeline.errors import SettingsError

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Texts = npt.NDArray[np.object_]

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000  # all times are milliseconds since 1970, UTC


@dataclass(frozen=True)
class Recipe:
    """The arguments of pipeline.demo.generate, checked."""

    people: int
    nights: tuple[str, ...]
    seed: int
    bend: float
    effects: bool
    hidden: bool
    hard: bool = False

    def __post_init__(self) -> None:
        if self.people < 20:
            raise _wrong("people", self.people, "Ask for 20 or more")
        if self.seed < 0:
            raise _wrong("seed", self.seed, "Ask for 0 or more")
        if not 0 <= self.bend <= 1:
            raise _wrong("bend", self.bend, "Give a number from 0 to 1")
        try:
            days = [date.fromisoformat(night) for night in self.nights]
        except ValueError:
            days = []
        if not days or any(a >= b for a, b in pairwise(days)):
            raise _wrong("nights", list(self.nights), "Give dates as YYYY-MM-DD in rising order")

    def rng(self, part: str) -> np.random.Generator:
        """A generator of its own for each part, so that a change in one part leaves the others alone."""
        return np.random.default_rng([self.seed, crc32(part.encode())])

    @property
    def night_times(self) -> Ints:
        """Midnight of each night."""
        return np.array(self.nights, dtype="datetime64[ms]").astype(np.int64)

    @property
    def start(self) -> int:
        return int(self.night_times[0]) - HISTORY_DAYS * DAY

    @property
    def end(self) -> int:
        return int(self.night_times[-1])

    def delivered(self, times: Ints, rng: np.random.Generator, late: float) -> Ints:
        """Index of the night that delivers each record; len(nights) for what has not happened by the last.

        The first night after it happened, or, for a share `late` of them, a random later one.
        """
        due = np.searchsorted(self.night_times, times, side="right")
        last = len(self.nights) - 1
        moved = (rng.random(len(times)) < late) & (due < last)
        later = due + 1 + (rng.random(len(times)) * np.maximum(last - due, 1)).astype(np.int64)
        return np.where(moved, np.minimum(later, last), due)


def _wrong(name: str, value: object, fix: str) -> SettingsError:
    return SettingsError("the demo company cannot be made so", where=name, value=value, fix=fix)


def sigmoid(x: Floats) -> Floats:
    return 1 / (1 + np.exp(-x))


def logit(p: Floats) -> Floats:
    return np.log(p / (1 - p))


def pick(rng: np.random.Generator, weights: Floats) -> Ints:
    """For each row of weights, one column drawn in proportion to them."""
    reach = np.cumsum(weights, axis=1)
    place: Ints = (rng.random(len(weights))[:, None] * reach[:, -1:] >= reach).sum(axis=1)
    return place


def stamp(times: Ints) -> Texts:
    """ISO 8601 with milliseconds and Z."""
    return np.char.add(np.datetime_as_string(times.astype("datetime64[ms]"), unit="ms"), "Z").astype(object)


def choose(rng: np.random.Generator, values: tuple[str, ...], n: int) -> Texts:
    return np.array(values, dtype=object)[rng.integers(0, len(values), n)]
