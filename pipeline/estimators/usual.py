"""What is usual of a figure that comes every night, and by how much tonight's is not: limits from its own history.

Limits are robust (a median and a median absolute deviation: one wild night among the past ones moves neither), and
never narrower than what chance alone does to so few rows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from math import fsum, inf, pi, sqrt
from statistics import median

FEWEST_NIGHTS = 3  # of fewer nights the middle one can be any of them
NIGHTS = 28  # the last four weeks: long enough for a middle, short enough to follow a company that grows
WEEKDAY_DAYS = 56  # three like weekdays have been seen by then even where some nights were missed
TIMES = 3.5  # a modified z-score beyond 3.5 is an outlier (Iglewicz & Hoaglin 1993, How to Detect and Handle Outliers)
_TO_SIGMA = 1.4826  # from a median absolute deviation to the standard deviation of a normal distribution
# of few values it comes out too small: by so much (Croux & Rousseeuw 1992, Time-efficient algorithms for two highly
# robust estimators of scale), from 2 values on
_OF_FEW = (1.196, 1.495, 1.363, 1.206, 1.200, 1.140, 1.129, 1.107)
HALF, DOUBLE = 0.5, 2.0  # between them a campaign, a holiday or the weather moves a night, without any fault
WEEK, BELOW_ALL = (
    7,
    0.75,
)  # what is a quarter below the least of a week's nights or more is unlike them all, however wild
_COUNT_SIGMA = 0.5  # of the square root of a count, whatever its size (Anscombe 1948, Biometrika 35)
SURE_TO_COME = 10  # rows: where so many are usual, chance brings none on one night of 20,000 (exp(-10))
HALF_A_DAY = 12.0  # hours: exports come once a day; one that came twice, or stopped early, is off by more than this
A_TENTH = 0.1  # of the rows: a smaller shift of a share moves no figure of the report by much
MOST = 0.5  # of the rows: what should not be, of most of them, is a fault already on the first night
APPEARED = 0.05  # of the rows: a category that is rarer may be new without meaning anything


@dataclass(frozen=True)
class Limits:
    """What a figure usually is (None: too few nights tell), and between what; `nights`: how many were looked at."""

    nights: int
    usual: float | None = None
    low: float = -inf
    high: float = inf

    def excess(self, tonight: float) -> float:
        """How far tonight's figure lies outside; 0 within."""
        return max(self.low - tonight, tonight - self.high, 0.0)


def nights_like(night: date, past: Sequence[date]) -> list[date]:
    """The nights before this one to compare it with: of its own weekday, or, while these are few, of four weeks."""
    days = {other: (night - other).days for other in past if other < night}
    alike = [other for other, ago in days.items() if ago <= WEEKDAY_DAYS and ago % 7 == 0]
    if len(alike) >= FEWEST_NIGHTS:
        return sorted(alike)
    return sorted(other for other, ago in days.items() if ago <= NIGHTS)


def of_counts(past: Sequence[float]) -> Limits:
    """Limits of a number of rows: on the scale of square roots, where chance is the same for many and for few."""
    if len(past) < FEWEST_NIGHTS:
        return Limits(len(past))
    roots = [sqrt(value) for value in past]
    middle = median(roots)
    chance = TIMES * _COUNT_SIGMA * _unsure(roots)
    width = max(TIMES * _spread(roots) * _unsure(roots), chance)
    low = _squared(middle - max(width, middle * (1 - sqrt(HALF))))
    if len(past) >= WEEK:
        low = max(low, min(_squared(middle - chance), BELOW_ALL * min(past), HALF * middle**2))
    high = _squared(middle + max(width, middle * (sqrt(DOUBLE) - 1)))
    return Limits(len(past), median(past), low, high)


def _squared(root: float) -> float:
    return max(root, 0.0) ** 2


def of_ages(past: Sequence[float]) -> Limits:
    """Limits of the hours between a table's newest row and its night; nothing is too fresh."""
    if len(past) < FEWEST_NIGHTS:
        return Limits(len(past))
    middle = median(past)
    return Limits(len(past), middle, high=middle + max(TIMES * _spread(past) * _unsure(past), HALF_A_DAY))


def of_shares(past: Sequence[float], rows: float, *, is_fault: bool) -> Limits:
    """Limits of a share of so many rows. is_fault: of what should not be, of which little is never too little."""
    if len(past) < FEWEST_NIGHTS:
        return Limits(len(past), high=MOST + TIMES * _chance(MOST, rows) if is_fault else inf)
    middle = median(past)
    width = max(TIMES * max(_spread(past), _chance(middle, rows)) * _unsure(past), A_TENTH)
    return Limits(len(past), middle, -inf if is_fault else middle - width, middle + width)


def _spread(values: Sequence[float]) -> float:
    """The standard deviation, as the median absolute deviation tells it."""
    middle, few = median(values), len(values) - 2
    correction = _OF_FEW[few] if few < len(_OF_FEW) else len(values) / (len(values) - 0.8)
    return correction * _TO_SIGMA * median(abs(value - middle) for value in values)


def _unsure(past: Sequence[float]) -> float:
    """By how much tonight's figure spreads more around a median of so few nights than around the true middle."""
    return sqrt(1 + pi / (2 * len(past)))


def _chance(share: float, rows: float) -> float:
    """The standard error of a share of so many rows; of none or all of them too (Agresti & Coull 1998)."""
    smooth = (share * rows + 1) / (rows + 2)
    return sqrt(smooth * (1 - smooth) / max(rows, 1.0))


# -- categories -----------------------------------------------------------------------------------------------------

Counts = Mapping[str, float]


@dataclass(frozen=True)
class Drift:
    """How the categories of a column moved: the share of rows that changed theirs, its limits, what is new or gone.

    appeared, gone: by category, its share tonight and its usual share.
    """

    distance: float
    limits: Limits
    appeared: Mapping[str, float]
    gone: Mapping[str, float]


def drift(tonight: Counts, past: Sequence[Counts]) -> Drift:
    """Tonight's rows by category beside those of past nights."""
    rows, usual = sum(tonight.values()), _shares(_pooled(past))
    if len(past) < FEWEST_NIGHTS or not rows or not usual:
        return Drift(0.0, Limits(len(past)), {}, {})
    shares = _shares(tonight)
    gone = {name: share for name, share in usual.items() if share >= APPEARED and share * rows >= SURE_TO_COME}
    return Drift(
        distance(shares, usual),
        _of_distances(past, rows, len({*usual, *shares})),
        {name: share for name, share in shares.items() if share >= APPEARED and name not in usual},
        {name: share for name, share in gone.items() if name not in shares},
    )


def distance(one: Counts, other: Counts) -> float:
    """The total variation distance of two distributions: the share of rows that would have to change their category.

    It is the same to the last digit in whatever order the categories come.
    """
    return fsum(abs(one.get(name, 0.0) - other.get(name, 0.0)) for name in {*one, *other}) / 2


def _of_distances(past: Sequence[Counts], rows: float, categories: int) -> Limits:
    """Limits from how far each past night lay from the other ones, and from what chance does to so few rows.

    Chance moves an empirical distribution by sqrt(categories / rows) / 2 on average at most (Devroye & Lugosi 2001,
    Combinatorial Methods in Density Estimation); twice that is hardly ever reached.
    """
    every = _pooled(past)
    apart = []
    for night in past:
        others = {name: count - night.get(name, 0.0) for name, count in every.items()}
        if sum(night.values()) and sum(others.values()) > 0:
            apart.append(distance(_shares(night), _shares(others)))
    if len(apart) < FEWEST_NIGHTS:
        return Limits(len(apart))
    middle = median(apart)
    width = TIMES * _spread(apart) * _unsure(apart)
    return Limits(len(apart), middle, high=max(middle + width, A_TENTH, sqrt(categories / rows)))


def _pooled(nights: Sequence[Counts]) -> dict[str, float]:
    every: dict[str, float] = {}
    for night in nights:
        for name, count in night.items():
            every[name] = every.get(name, 0.0) + count
    return every


def _shares(counts: Counts) -> dict[str, float]:
    every = sum(counts.values())
    return {name: count / every for name, count in sorted(counts.items()) if count > 0} if every else {}
