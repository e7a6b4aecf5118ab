"""Where and for whom: effects of groups of journeys, differences between them, and means over kinds of moments.

All from the influence values of a moment's trial: their mean over any group that was known before the moment is the
effect there, so that nothing is fitted again (Kennedy 2023, Electron. J. Stat. 17). Errors are clustered by customer.

A difference between a group and the rest is one within missions: the coefficient of the group beside an intercept for
each mission, so that a group with other missions is not credited with theirs. It is held against an effect of at most
NOTHING, and false discoveries over all that is tried in one night (Benjamini & Hochberg 1995, J. R. Stat. Soc. B 57).
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from pipeline.estimators.trials import Bools, Floats, Influence, Ints, clustered_error
from pipeline.estimators.verdicts import BUDGET, NOTHING

FEWEST = 20  # journeys in each of four cells: with the moment and without, in the group and not
HIGHER, LOWER, NOTHING_SEEN = "higher", "lower", "no_difference_seen"


@dataclass(frozen=True)
class Contrast:
    """A moment's effect in a group and beside it, each with its standard error, and their difference within missions.

    journeys, exposed: of the group.
    """

    journeys: int
    exposed: int
    effect: float
    error: float
    other_effect: float
    other_error: float
    difference: float
    difference_error: float

    def p_value(self) -> float:
        """Two-sided, of a difference of at most NOTHING."""
        beyond = max(0.0, abs(self.difference) - NOTHING)
        return float(min(1.0, 2 * ndtr(-beyond / max(self.difference_error, 1e-12))))


def contrast(influence: Influence, inside: Bools, mission: Ints, customer: Ints) -> Contrast | None:
    """The effect among journeys inside (m,) against the others; None where one of the four cells is too small.

    inside, mission, customer: of the influence's rows, (m,).
    """
    treated = influence.treated
    cells = [(inside & treated).sum(), (inside & ~treated).sum(), (~inside & treated).sum(), (~inside & ~treated).sum()]
    if min(cells) < FEWEST:
        return None
    values = influence.values
    difference, error = _within(values, inside.astype(np.float64), mission, customer)
    if np.isnan(error):
        return None
    return Contrast(
        journeys=int(inside.sum()),
        exposed=int(cells[0]),
        effect=float(values[inside].mean()),
        error=clustered_error(values[inside], customer[inside]),
        other_effect=float(values[~inside].mean()),
        other_error=clustered_error(values[~inside], customer[~inside]),
        difference=difference,
        difference_error=error,
    )


def _within(values: Floats, inside: Floats, mission: Ints, customer: Ints) -> tuple[float, float]:
    """The coefficient of `inside` beside an intercept for each mission, and its error; nan where there is none."""
    codes = np.unique(mission, return_inverse=True)[1]
    sizes = np.bincount(codes)
    apart = inside - (np.bincount(codes, inside) / sizes)[codes]
    weight = (apart**2).sum()
    if weight < 1:
        return float("nan"), float("nan")
    centred = values - (np.bincount(codes, values) / sizes)[codes]
    slope = float((apart * centred).sum() / weight)
    sums = np.bincount(np.unique(customer, return_inverse=True)[1], apart * (centred - slope * apart))
    return slope, float(np.sqrt((sums**2).sum() * len(sums) / (len(sums) - 1)) / weight)


def verdict(difference: float, q_value: float) -> str:
    """What is said of a difference."""
    return NOTHING_SEEN if not q_value <= BUDGET else HIGHER if difference > 0 else LOWER


def mean_effect(influences: list[Influence], customer: Ints) -> tuple[float, float]:
    """The mean of several moments' effects, each over its own journeys, and its error: moments share journeys, and
    journeys customers. customer: of all rows of the trials."""
    sums = np.zeros(int(customer.max()) + 1)
    for one in influences:
        apart = (one.values - one.values.mean()) / len(one.values)
        sums += np.bincount(customer[one.rows], apart, minlength=len(sums))
    clusters = len(np.unique(np.concatenate([customer[one.rows] for one in influences])))
    widened = clusters / max(1, clusters - 1)
    error = float(np.sqrt((sums**2).sum() * widened)) / len(influences)
    return float(np.mean([one.values.mean() for one in influences])), error
