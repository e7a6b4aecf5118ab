"""Same person, same household, or strangers: what the agreement of two records says, three ways.

People of one household share a last name, an address, a phone and a device as often as one person's own records do;
only first name, birth date and e-mail set them apart. A model of two classes takes them for one person; this one has
a class for them, and learns how many such pairs there are (expectation maximisation, Dempster et al. 1977).
"""

from typing import Any

import numpy as np

from pipeline.estimators.identity.pairs import COMPARISONS, Parameters

Floats = np.ndarray[Any, np.dtype[np.float64]]
Levels = np.ndarray[Any, np.dtype[np.int8]]

SHARED_AT_HOME = ("last_name", "address", "phone", "devices")
_STEPS = 12
_PRIOR_PAIRS = 5.0
_LEAST_SHARE = 1e-6  # a likeness never seen within a household


class HouseholdMixture:
    """Estimates the probability that two groups of records are one person.

    parameters: the pair model's m and u. A pair is of one of three kinds: both groups hold records of the company's own
    (0), one (1), neither (2): a partner's customer is far likelier to be one of ours than ours is to be there twice.
    After fit: same_rate_ and household_rate_ (such pairs by kind, per group of the scarcer side), household_
    (comparison -> level -> probability within a household).
    """

    def __init__(self, parameters: Parameters) -> None:
        self.parameters = parameters

    def fit(self, weights: Floats, levels: Levels, kinds: Levels, groups: tuple[int, int]) -> "HouseholdMixture":
        """Learns from compared pairs of groups; see ScoredPairs for the arrays.

        kinds: the kind of each pair. groups: how many groups hold own records, and how many do not.
        """
        self.same_rate_, self.household_rate_ = [0.05, 0.3, 0.01], [0.2, 0.2, 0.05]
        self.household_ = {
            name: {value: level["m"] for value, level in self.parameters[name].items()} for name in SHARED_AT_HOME
        }
        for _ in range(_STEPS):
            same, household = self._shares(weights, levels, kinds, groups)
            scarcer = _scarcer(groups)
            found = [np.bincount(kinds, weights=share, minlength=3) for share in (same, household)]
            self.same_rate_ = [round(float((found[0][k] + 0.5) / scarcer[k]), 8) for k in range(3)]
            self.household_rate_ = [round(float((found[1][k] + 0.5) / scarcer[k]), 8) for k in range(3)]
            self._learn_levels(household, levels)
        return self

    def predict(self, weights: Floats, levels: Levels, kinds: Levels, groups: tuple[int, int]) -> Floats:
        """Probability of being one person, one per pair."""
        return self._shares(weights, levels, kinds, groups)[0].round(6)

    def _shares(self, weights: Floats, levels: Levels, kinds: Levels, groups: tuple[int, int]) -> tuple[Floats, Floats]:
        scale = np.array(_scarcer(groups)) / np.array(_all_pairs(groups))
        same = np.nansum(weights, axis=1) + np.log(np.array(self.same_rate_) * scale)[kinds]
        household = self._household_weights(weights, levels) + np.log(np.array(self.household_rate_) * scale)[kinds]
        top = np.maximum(np.maximum(same, household), 0.0)
        parts = np.exp(same - top), np.exp(household - top), np.exp(-top)
        total = parts[0] + parts[1] + parts[2]
        return parts[0] / total, parts[1] / total

    def _household_weights(self, weights: Floats, levels: Levels) -> Floats:
        total = np.zeros(len(weights))
        for place, name in enumerate(COMPARISONS):
            if name in SHARED_AT_HOME:
                gain = [
                    np.log(max(self.household_[name][v], _LEAST_SHARE) / self.parameters[name][v]["m"])
                    for v in range(len(self.household_[name]))
                ]
                column = levels[:, place]
                total += np.where(column >= 0, np.nan_to_num(weights[:, place]) + np.take(gain, column.clip(0)), 0.0)
        return total

    def _learn_levels(self, household: Floats, levels: Levels) -> None:
        for name in SHARED_AT_HOME:
            column = levels[:, list(COMPARISONS).index(name)]
            seen = column >= 0
            start = self.parameters[name]
            counts = np.bincount(column[seen], weights=household[seen], minlength=len(start))
            total = counts.sum() + _PRIOR_PAIRS
            self.household_[name] = {
                v: round(float((counts[v] + _PRIOR_PAIRS * start[v]["m"]) / total), 8) for v in range(len(start))
            }

    def learned(self) -> dict[str, Any]:
        """What was learned, as plain values."""
        return {
            "same_rate": self.same_rate_,
            "household_rate": self.household_rate_,
            "household": self.household_,
        }

    def restore(self, learned: dict[str, Any]) -> "HouseholdMixture":
        """Takes over what another night's model learned."""
        self.same_rate_, self.household_rate_ = learned["same_rate"], learned["household_rate"]
        self.household_ = levels_from_json(learned["household"])
        return self


def _scarcer(groups: tuple[int, int]) -> list[int]:
    own, others = max(groups[0], 1), max(groups[1], 1)
    return [own, others, others]


def _all_pairs(groups: tuple[int, int]) -> list[float]:
    own, others = max(groups[0], 2), max(groups[1], 2)
    return [own * (own - 1) / 2, float(own * others), others * (others - 1) / 2]


def levels_from_json(values: dict[str, dict[str, Any]]) -> dict[str, dict[int, Any]]:
    """Undoes what JSON does to levels: their numbers became text."""
    return {name: {int(level): value for level, value in levels.items()} for name, levels in values.items()}
