"""How much more often a mission's journeys show something than the other missions' do, and how surely.

A lift is a ratio of two shares of journeys. Its interval is Katz's on the logarithm (Katz et al. 1978), each count with
half a journey added (Walter 1975), so that a share of 0 has one too. One customer's journeys are alike, so the
evidence counts customers, not journeys. Hundreds of lifts are looked at in a night: the intervals are widened until
all of them together hold the true values in 95 nights of 100 (Dunn 1961).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

SURE = 0.95


@dataclass(frozen=True)
class Count:
    """Journeys of a mission that show a value of a facet and whose they are (showing: customers), of those for which
    the facet is known (customers: whose these are); the same for the journeys of all other missions (rest)."""

    mission: str
    facet: str
    value: str
    journeys: int
    showing: int
    known: int
    customers: int
    rest_journeys: int
    rest_known: int
    rest_customers: int


@dataclass(frozen=True)
class Lift:
    """A count with its shares; lift, low and high are None where the other missions tell nothing of the facet."""

    count: Count
    share: float
    rest_share: float | None
    lift: float | None
    low: float | None
    high: float | None

    @property
    def is_more(self) -> bool:
        """Whether it surely happens more often than on other missions."""
        return self.low is not None and self.low > 1

    @property
    def is_less(self) -> bool:
        """Whether it surely happens less often than on other missions."""
        return self.high is not None and self.high < 1


def lifts(counts: Sequence[Count]) -> list[Lift]:
    """The lift of every count, in their order; the intervals hold for all of them together."""
    z = NormalDist().inv_cdf(1 - (1 - SURE) / (2 * max(1, len(counts))))
    return [_lift(count, z) for count in counts]


def _lift(c: Count, z: float) -> Lift:
    share = c.journeys / c.known if c.known else 0.0
    if not c.known or not c.rest_known:
        return Lift(c, share, None, None, None, None)
    ours, theirs = (c.journeys + 0.5) / (c.known + 1), (c.rest_journeys + 0.5) / (c.rest_known + 1)
    spread = (1 - ours) / (ours * max(1, c.customers)) + (1 - theirs) / (theirs * max(1, c.rest_customers))
    lift, wide = ours / theirs, math.exp(z * math.sqrt(spread))
    return Lift(c, share, c.rest_journeys / c.rest_known, lift, lift / wide, lift * wide)


def wilson(part: float, whole: float, evidence: float) -> tuple[float, float]:
    """The 95 % interval of the share part / whole, seen on `evidence` independent cases (Wilson 1927); 0..1 if none."""
    if whole <= 0 or evidence <= 0:
        return 0.0, 1.0
    z = NormalDist().inv_cdf(1 - (1 - SURE) / 2)
    share, n = part / whole, evidence
    middle, half = share + z * z / (2 * n), z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return max(0.0, (middle - half) / (1 + z * z / n)), min(1.0, (middle + half) / (1 + z * z / n))
