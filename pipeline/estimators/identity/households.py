"""Same person, same household, or strangers: what the agreement of two records says, three ways.

People of one household share a last name, an address, a phone and a device as often as one person's own records do;
only first name, birth date and e-mail set them apart. A model of two classes takes them for one person; this one has
a class for them, and learns how many such pairs there are (expectation maximisation, Dempster et al. 1977).

A pair is of one of three kinds: both groups hold records of the company's own (0), one (1), neither (2): a partner's
customer is far likelier to be one of ours than ours is to be there twice.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from pipeline.estimators.identity.comparisons import (
    LEAST_CHANGE,
    Comparison,
    Floats,
    Ints,
    Levels,
    Parameters,
    ScoredPairs,
    Spec,
)

_STEPS, _STEPS_WITHOUT_SURE = 12, 30
_PRIOR_PAIRS = 5.0
_LEAST_SHARE = 1e-6  # a likeness never seen within a household


@dataclass(frozen=True)
class Households:
    """same, household: such pairs by kind, per group of the scarcer side.

    sizes: how many groups hold own records, and how many do not. levels: comparison -> level -> probability within
    a household, of the comparisons that are shared at home.
    """

    same: tuple[float, float, float]
    household: tuple[float, float, float]
    sizes: tuple[int, int]
    levels: dict[str, dict[int, float]]

    def priors(self) -> tuple[Floats, Floats]:
        """Log odds of same person and of same household against strangers, by kind, before anything is compared."""
        scale = np.array(_scarcer(self.sizes)) / np.array(_all_pairs(self.sizes))
        return np.log(np.array(self.same) * scale), np.log(np.array(self.household) * scale)

    def least_weight(self, probability: float) -> float:
        """A pair whose weights add up to less is less likely to be one person, whatever its kind."""
        own, others = self.sizes
        kinds = [kind for kind, is_there in enumerate((own, own and others, others)) if is_there] or [0]
        return float(np.log(probability / (1.0 - probability)) - self.priors()[0][kinds].max())

    def shares(self, spec: Spec, parameters: Parameters, pairs: ScoredPairs, kinds: Levels) -> tuple[Floats, Floats]:
        """The probability of being one person, and of being one household, one per pair."""
        priors = self.priors()
        same = np.nansum(pairs.weights, axis=1) + priors[0][kinds]
        household = self._household_weights(spec, parameters, pairs) + priors[1][kinds]
        top = np.maximum(np.maximum(same, household), 0.0)
        parts = np.exp(same - top), np.exp(household - top), np.exp(-top)
        total = parts[0] + parts[1] + parts[2]
        return parts[0] / total, parts[1] / total

    def _household_weights(self, spec: Spec, parameters: Parameters, pairs: ScoredPairs) -> Floats:
        total = np.zeros(len(pairs.left))
        for place, name in enumerate(spec.names):
            if name in self.levels:
                known = self.levels[name]
                gain = [np.log(max(known[v], _LEAST_SHARE) / parameters[name][v]["m"]) for v in range(len(known))]
                column = pairs.levels[:, place]
                weights = np.nan_to_num(pairs.weights[:, place])
                total += np.where(column >= 0, weights + np.take(gain, column.clip(0)), 0.0)
        return total


def fit_households(
    spec: Spec, parameters: Parameters, pairs: ScoredPairs, kinds: Levels, sizes: tuple[int, int], *, sampled: int = 1
) -> Households:
    """Learns the classes from compared pairs of groups, of which one in `sampled` was looked at."""
    found = _start(spec, parameters, sizes)
    for _ in range(_STEPS):
        same, household = found.shares(spec, parameters, pairs, kinds)
        found = _next(spec, parameters, pairs, (kinds, same * sampled, household * sampled), sizes)
    return found


def fit_own_levels(spec: Spec, parameters: Parameters, pairs: ScoredPairs, sampled: int = 1) -> Parameters:
    """m of every level where no sure pairs are known: expectation maximisation over the compared pairs of records.

    parameters: u as strangers show it, and an m to start from; the pairs' weights are those of these parameters.
    Pairs that share no block count as strangers.
    """
    kinds, sizes = np.zeros(len(pairs.left), np.int8), (len(np.union1d(pairs.left, pairs.right)), 0)
    found, learned = _start(spec, parameters, sizes), parameters
    for _ in range(_STEPS_WITHOUT_SURE):
        current = reweighed(spec, parameters, learned, pairs)
        same, household = found.shares(spec, learned, current, kinds)
        found = _next(spec, learned, current, (kinds, same * sampled, household * sampled), sizes)
        learned = {
            c.name: _own_levels(c, learned[c.name], pairs.levels[:, i], same) for i, c in enumerate(spec.comparisons)
        }
    return learned


def _start(spec: Spec, parameters: Parameters, sizes: tuple[int, int]) -> Households:
    at_home = [comparison.name for comparison in spec.comparisons if comparison.at_home]
    levels = {name: {value: level["m"] for value, level in parameters[name].items()} for name in at_home}
    return Households((0.05, 0.3, 0.01), (0.2, 0.2, 0.05), sizes, levels)


def _next(
    spec: Spec,
    parameters: Parameters,
    pairs: ScoredPairs,
    shares: tuple[Levels, Floats, Floats],
    sizes: tuple[int, int],
) -> Households:
    kinds, same, household = shares
    scarcer = _scarcer(sizes)
    counts = [np.bincount(kinds, weights=share, minlength=3) for share in (same, household)]
    rates = [tuple(round(float((n[k] + 0.5) / scarcer[k]), 8) for k in range(3)) for n in counts]
    at_home = [comparison.name for comparison in spec.comparisons if comparison.at_home]
    levels = {name: _levels_at_home(spec, parameters, pairs, household, name) for name in at_home}
    return Households((*rates[0],), (*rates[1],), sizes, levels)  # type: ignore[arg-type]


def reweighed(spec: Spec, old: Parameters, new: Parameters, pairs: ScoredPairs) -> ScoredPairs:
    """The pairs with weights as other m's make them."""
    weights = pairs.weights.copy()
    for place, name in enumerate(spec.names):
        gain = [np.log(new[name][v]["m"] / old[name][v]["m"]) for v in range(len(new[name]))]
        weights[:, place] += np.take(gain, pairs.levels[:, place].clip(0))
    return ScoredPairs(pairs.left, pairs.right, weights, pairs.levels)


def _own_levels(
    comparison: Comparison, known: dict[int, dict[str, float]], levels: Levels, same: Floats
) -> dict[int, dict[str, float]]:
    seen = levels >= 0
    counts = np.bincount(levels[seen], weights=same[seen], minlength=len(known)) + _PRIOR_PAIRS / len(known)
    if comparison.changes:
        counts[0] = max(counts[0], LEAST_CHANGE * counts.sum())
    m = (counts / counts.sum()).round(8)
    return {value: {"m": float(m[value]), "u": level["u"]} for value, level in known.items()}


def _levels_at_home(
    spec: Spec, parameters: Parameters, pairs: ScoredPairs, household: Floats, name: str
) -> dict[int, float]:
    column = pairs.levels[:, spec.names.index(name)]
    seen, start = column >= 0, parameters[name]
    counts = np.bincount(column[seen], weights=household[seen], minlength=len(start))
    total = counts.sum() + _PRIOR_PAIRS
    return {v: round(float((counts[v] + _PRIOR_PAIRS * start[v]["m"]) / total), 8) for v in range(len(start))}


def kinds_of_pairs(pairs: ScoredPairs, groups: Ints, kinds: Ints) -> tuple[Levels, tuple[int, int]]:
    """The kind of each pair of groups, and how many groups hold own records and how many do not.

    groups: the group of each record. kinds: of each record, 1 where it is the company's own.
    """
    own = np.zeros(len(groups), bool)
    own[groups[kinds == 1]] = True
    labels = np.unique(groups)
    found = 2 - own[pairs.left].astype(np.int8) - own[pairs.right].astype(np.int8)
    return found.astype(np.int8), (int(own[labels].sum()), int((~own[labels]).sum()))


def _scarcer(groups: tuple[int, int]) -> list[int]:
    own, others = max(groups[0], 1), max(groups[1], 1)
    return [own, others, others]


def _all_pairs(groups: tuple[int, int]) -> list[float]:
    own, others = max(groups[0], 2), max(groups[1], 2)
    return [own * (own - 1) / 2, float(own * others), others * (others - 1) / 2]


def levels_from_json(values: dict[str, dict[str, Any]]) -> dict[str, dict[int, Any]]:
    """Undoes what JSON does to levels: their numbers became text."""
    return {name: {int(level): value for level, value in levels.items()} for name, levels in values.items()}
