"""The windows of a first journey map: how long before and after an order its journey reaches, and when people return.

Each is read off the delivery and rounded up to a number of days that people use; where too little happened to tell, it
is a usual one. Either way it is a proposal, with its reason beside it.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

NATURAL = (1, 2, 3, 5, 7, 10, 14, 21, 30, 45, 60, 90, 120, 180, 270, 365, 545, 730)
FEWEST = 30
WIDEST_DAYS = 60
_USUAL = {"before": 14, "after": 10}
_HORIZON_DAYS = 90
_MOST_OF = 0.98  # of what happens beyond the ordinary lies within the window
_BACK = 0.75  # of those who come back at all do so within the horizon
_SEEN = 0.5  # of the orders must be old enough that one could see it
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Window:
    """A number of days and why it is proposed."""

    days: int
    why: str


def natural(days: float, most: int = NATURAL[-1]) -> int:
    """The least of the usual numbers of days that holds these, and is not above the most."""
    return next((known for known in NATURAL if known >= days or known >= most), NATURAL[-1])


def reach(side: str, touches: dict[int, int]) -> Window:
    """How far a journey reaches on one side of the order. touches: how many, by whole days from it.

    What happens on an ordinary day (the median day of the second half) belongs to no journey; the window holds
    nearly all that happens beyond that.
    """
    usual, word = _USUAL[side], "before an order" if side == "before" else "after its end"
    if sum(touches.values()) < FEWEST:
        return Window(usual, f"a usual figure: too few touches {word} to tell")
    days = np.array([touches.get(day, 0) for day in range(WIDEST_DAYS)], dtype=np.float64)
    ordinary = float(np.median(days[WIDEST_DAYS // 2 :]))
    chance = 3 * np.sqrt(ordinary + 1)  # so far a count may lie above the ordinary by chance
    beyond = np.maximum(days - ordinary - chance, 0).cumsum()
    if beyond[-1] <= 0:
        return Window(usual, f"a usual figure: no more happens {word} than at other times")
    last = int(np.argmax(beyond >= _MOST_OF * beyond[-1])) + 1
    return Window(
        natural(last, WIDEST_DAYS), f"nearly all (98 in 100) of what happens more {word} lies within {last} days"
    )


def horizon(days_to_next: Floats, days_seen: Floats) -> Window:
    """Within how many days somebody has come back; by order, the days to the next one (NaN: none yet) and days seen."""
    back = days_to_next[np.isfinite(days_to_next)]
    if len(back) < FEWEST:
        told = f"a usual figure: only {len(back)} orders were followed by another"
        return Window(_capped(_HORIZON_DAYS, days_seen), told)
    usual = float(np.quantile(back, _BACK))
    days = _capped(natural(usual), days_seen)
    cut = "" if days >= usual else ", cut so that half of the orders are old enough to tell"
    return Window(days, f"three quarters of {len(back):,} returns came within {usual:.0f} days{cut}")


def _capped(days: int, days_seen: Floats) -> int:
    if not len(days_seen):
        return days
    seen = float(np.quantile(days_seen, 1 - _SEEN))
    fitting = [known for known in NATURAL if known <= max(seen, NATURAL[0])]
    return min(days, fitting[-1])
