"""What is said of each moment and mission: verdicts under one budget of false discoveries, ranks, and how sure.

A verdict names a direction only where the chance of naming it wrongly is small twice over: of this moment
(LIKELY_WRONG), and on average over everything that is named in the table (BUDGET): the q-value is the mean chance of
being wrong of all rows that are at least as sure, which is the Bayesian reading of Benjamini & Hochberg's rate (Storey
2003, Ann. Statist. 31; Stephens 2017, Biostatistics 18). Wrong is no effect (less than NOTHING) or the other sign.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import ndtr

from pipeline.estimators.trials import DETECTABLE, Bools, Floats, Measured

NOTHING = 0.005  # half a point of retention
# what is believed is a little too sure: 3.5 % of it is 5 % of what is named, on worlds whose truth is planted
BUDGET = 0.035
LIKELY_WRONG = 0.2
FEWEST = 20  # journeys with the moment, and without
WIDEST = 0.3  # cannot tell where an effect smaller than this would not have been seen
LEAST_OVERLAP = 0.5
PLACEBO_LEVEL = 0.05  # over the whole table (Bonferroni): a failed placebo is a strong claim


@dataclass(frozen=True)
class Verdicts:
    """One entry a moment (rows) and group (columns). Effects are nan where not measured, ranks where not told."""

    effect: Floats
    low: Floats
    high: Floats
    q_value: Floats
    verdict: "np.ndarray[tuple[int, ...], np.dtype[np.object_]]"
    rank: Floats
    rank_low: Floats
    rank_high: Floats


def enough(measured: Measured) -> Bools:
    """Where there is enough to say anything: both arms, overlap, an error that is not hopeless."""
    few = np.minimum(measured.exposed, measured.eligible - measured.exposed) < FEWEST
    with np.errstate(invalid="ignore"):
        clear = (measured.detectable() <= WIDEST) & (measured.overlap >= LEAST_OVERLAP)
    out: Bools = ~few & clear & ~np.isnan(measured.effect)
    return out


def reasons(measured: Measured, unseen: Floats, fails: Mapping[str, Bools]) -> "np.ndarray[Any, np.dtype[np.str_]]":
    """Why nothing can be told, by moment and group, "" where it can: few, no_overlap, unseen_cause (something that no
    export tells may make as much), unsure, or the name of the check in `fails` that fails there. unseen: (moments,)."""
    few = np.minimum(measured.exposed, measured.eligible - measured.exposed) < FEWEST
    with np.errstate(invalid="ignore"):
        wide = ~(measured.detectable() <= WIDEST)
        alone = DETECTABLE * np.sqrt(np.maximum(measured.error**2 - unseen[:, None] ** 2, 0)) <= WIDEST
        apart = ~(measured.overlap >= LEAST_OVERLAP)
    found = {"few": few | np.isnan(measured.effect), "no_overlap": apart, "unseen_cause": wide & alone, "unsure": wide}
    return np.select([*found.values(), *fails.values()], [*found, *fails], "")


def placebo_fails(effect: Floats, error: Floats) -> Bools:
    """Where an effect that cannot be there is seen, by more than chance over the whole table allows."""
    with np.errstate(invalid="ignore", divide="ignore"):
        p_value = 2 * ndtr(-np.abs(effect / error))
        tests = max(1, int((~np.isnan(p_value)).sum()))
        found: Bools = p_value * tests < PLACEBO_LEVEL
    return found


def judge(draws: Floats, told: Bools) -> Verdicts:
    """Draws (m, k, d) of what is believed, and where it may be told (m, k), to verdicts."""
    low, high = np.quantile(draws, [0.025, 0.975], axis=2)
    up, down = (draws > NOTHING).mean(axis=2), (draws < -NOTHING).mean(axis=2)
    wrong = np.where(told, 1 - np.maximum(up, down), np.nan)
    q_value = running_mean(wrong)
    with np.errstate(invalid="ignore"):
        named = told & (q_value <= BUDGET) & (wrong <= LIKELY_WRONG)
    verdict = np.full(told.shape, "cannot_tell", dtype=object)
    verdict[told] = "no_detectable_effect"
    verdict[named & (up > down)] = "drives"
    verdict[named & (up <= down)] = "harms"
    mean = draws.mean(axis=2)
    rank, rank_low, rank_high = (np.full(told.shape, np.nan) for _ in range(3))
    for g in range(told.shape[1]):
        who = np.flatnonzero(told[:, g])
        if len(who):
            rank[who, g] = _places(np.abs(mean[who, g]))
            places = _places(np.abs(draws[who, g]))
            rank_low[who, g] = np.quantile(places, 0.025, axis=1, method="lower")
            rank_high[who, g] = np.quantile(places, 0.975, axis=1, method="higher")
    return Verdicts(mean, low, high, q_value, verdict, rank, rank_low, rank_high)


def running_mean(wrong: Floats) -> Floats:
    """For each entry, the mean of all entries at most as large, ties included; nan stays nan."""
    out = np.full(wrong.shape, np.nan)
    seen = ~np.isnan(wrong)
    values = wrong[seen]
    ordered = np.sort(values)
    upto = np.searchsorted(ordered, values, side="right")
    out[seen] = np.cumsum(ordered)[upto - 1] / upto
    return out


def _places(sizes: Floats) -> Floats:
    """Place of each size down the first axis, 1 the largest; ties by position."""
    order = np.argsort(-sizes, axis=0, kind="stable")
    places: Floats = np.argsort(order, axis=0, kind="stable").astype(np.float64) + 1
    return places


def e_value(effect: Floats, without: Floats) -> Floats:
    """How strong a hidden cause would have to be to explain an effect away, as a risk ratio.

    It would have to raise both the moment and being retained that many times, over everything that is adjusted for; 1
    is nothing. `without` is the outcome's mean without the moment. VanderWeele & Ding 2017, Ann. Intern. Med. 167.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        base = np.clip(without, 0.01, 0.99)
        ratio = np.clip(base + effect, 0.01, 0.99) / base
        ratio = np.where(ratio < 1, 1 / ratio, ratio)
        out: Floats = ratio + np.sqrt(ratio * (ratio - 1))
    return out
