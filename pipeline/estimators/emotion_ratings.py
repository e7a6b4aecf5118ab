"""What a rating says about the feeling: its place on the company's own scale, and where good and bad begin."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int64]

NEGATIVE, NEUTRAL, POSITIVE = 0, 1, 2
LABELS = ("negative", "neutral", "positive")

# top of the scale: (last negative, last neutral). 10: promoters and detractors (Reichheld 2003); 5: stars
_CUSTOMARY = {1.0: (0.0, 0.5), 5.0: (2.0, 3.0), 7.0: (3.0, 4.0), 10.0: (6.0, 8.0), 100.0: (60.0, 80.0)}
_MOVING = 1.0  # nats by which the texts must speak for every tenth of the scale that a cut is moved, best of 0 to 5
_MOST_CUTS = 21  # ratings tried as cuts: every half of 0 to 10; of a finer scale, as many evenly among those seen
ENOUGH = 100  # rated texts, before their words may say anything about the cuts


@dataclass(frozen=True)
class RatingScale:
    """Ratings up to `low` are negative, up to `middle` neutral, above positive; top and bottom end the scale."""

    bottom: float
    top: float
    low: float
    middle: float

    def label(self, ratings: Floats) -> Labels:
        """NEGATIVE, NEUTRAL or POSITIVE for every rating."""
        return np.where(ratings <= self.low, NEGATIVE, np.where(ratings <= self.middle, NEUTRAL, POSITIVE))

    def valence(self, ratings: Floats) -> Floats:
        """-1..1: 0 in the middle of what is neutral, linear to both ends."""
        centre = (self.low + self.middle) / 2
        up = (ratings - centre) / max(self.top - centre, 1e-9)
        down = (ratings - centre) / max(centre - self.bottom, 1e-9)
        return np.clip(np.where(ratings >= centre, up, down), -1.0, 1.0)


def learn_scale(ratings: Floats, spoken: Floats | None) -> RatingScale:
    """The scale of these ratings. spoken: what `spoken_ratings` tells of the text with each; None: too few texts.

    Ratings below 0 make a scale with 0 in its middle; else its top is the least customary one that holds them all. The
    cuts are the customary ones unless the texts speak for others: three levels of what is spoken of, split
    where they differ most.
    """
    if ratings.min(initial=0.0) < 0:
        end = float(np.abs(ratings).max())
        customary = RatingScale(-end, end, -end / 3, end / 3)
    else:
        customary = _customary(ratings)
    return customary if spoken is None else _better(customary, ratings, spoken)


def _customary(ratings: Floats) -> RatingScale:
    top = next((top for top in _CUSTOMARY if ratings.max(initial=0.0) <= top), float(ratings.max(initial=100.0)))
    low, middle = _CUSTOMARY.get(top, (0.6 * top, 0.8 * top))
    bottom = 1.0 if top in (5.0, 7.0) and ratings.min(initial=1.0) >= 1 else 0.0
    return RatingScale(bottom, top, low, middle)


def _better(customary: RatingScale, ratings: Floats, spoken: Floats) -> RatingScale:
    values = np.unique(ratings)
    values = values[np.linspace(0, len(values) - 1, min(len(values), _MOST_CUTS)).astype(np.int64)]
    alike = _spread(spoken - spoken.mean())  # the texts of all ratings alike: as good as cuts that do not rise
    best, found = min(_misfit(customary, ratings, spoken), alike), customary
    for i, low in enumerate(values[:-2]):
        for middle in values[i + 1 : -1]:
            scale = RatingScale(customary.bottom, customary.top, float(low), float(middle))
            misfit = _misfit(scale, ratings, spoken) + _MOVING * _moved(scale, customary)
            if misfit < best:
                best, found = misfit, scale
    return found


def _moved(scale: RatingScale, customary: RatingScale) -> float:
    """How far both cuts were moved, in tenths of the scale."""
    away = abs(scale.low - customary.low) + abs(scale.middle - customary.middle)
    return 10 * away / (customary.top - customary.bottom)


def _misfit(scale: RatingScale, ratings: Floats, spoken: Floats) -> float:
    """Minus log-likelihood of normal levels, one a label, rising from bad to good."""
    labels = scale.label(ratings)
    means = [float(spoken[labels == k].mean()) if (labels == k).any() else np.nan for k in range(3)]
    seen = [mean for mean in means if np.isfinite(mean)]
    if seen != sorted(seen):
        return float("inf")
    return _spread(spoken - np.asarray(means)[labels])


def _spread(rest: Floats) -> float:
    return 0.5 * len(rest) * float(np.log(max(float((rest**2).mean()), 1e-9)))
