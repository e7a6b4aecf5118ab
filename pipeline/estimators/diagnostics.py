"""How far a trial's arms were alike, and how strong what is known was: what a reader needs to judge an effect.

Balance is the largest standardised mean difference between the arms over all covariates, before and after weighting
(Austin 2009, Stat. Med. 28). The effective sample size is what the weights leave of the rows (Kish 1965).

A hidden cause is measured by known ones: leaving out something that goes with the moment and with the outcome as much
as a known covariate does, beyond all others, would move a regression's effect by so much (Cinelli & Hazlett 2020,
J. R. Stat. Soc. B 82). The strongest known cause is the covariate of which that is most.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.estimators.basis import Coded, Floats, Ints, coded
from pipeline.estimators.scores import sample
from pipeline.estimators.trials import Bools, Influence, Trials

Singles = NDArray[np.float32]

SMALL = 1e-9
MOST_ROWS = 10_000  # say well enough how strong a known cause is
MOST_BALANCED = 30_000  # and these how alike arms are
TOO_FEW = 5  # rows in an arm of which a mean says nothing


@dataclass(frozen=True)
class Balances:
    """By moment and group (missions, journeys without one, all), nan where there is none: the largest standardised
    difference before and after weighting, and the effective sample size."""

    before: Floats
    after: Floats
    effective: Floats


@dataclass(frozen=True)
class Plain:
    """Covariates as few columns (n, p), missing ones filled; sources[i] is the position of column i's covariate."""

    columns: Singles
    sources: Ints
    names: tuple[str, ...]


def plain(trials: Trials) -> Plain:
    """Numbers without their far tails, words' common values, missions, and what is missing."""
    known = coded(trials.covariates, len(trials))
    blocks = [trials.indicators()[:, 1:]]
    sources = [np.full(blocks[0].shape[1], len(known.names))]
    for nth in range(len(known.names)):
        block = _columns(known, nth, trials.learned)
        blocks.append(block)
        sources.append(np.full(block.shape[1], nth))
    columns = np.column_stack(blocks).astype(np.float32)
    return Plain(columns, np.concatenate(sources), (*known.names, "mission"))


def _columns(known: Coded, nth: int, learned: int) -> Floats:
    values = known.values[:, nth]
    if known.wordy[nth]:
        names, counts = np.unique(values[:learned], return_counts=True)
        common = names[np.argsort(-counts, kind="stable")][1:11]
        return np.equal(values[:, None], common).astype(np.float64)
    missing = np.isnan(values)
    seen = values[:learned][~missing[:learned]]
    if not len(seen):
        return np.empty((len(values), 0))
    clipped = np.clip(values, *np.quantile(seen, [0.005, 0.995]))
    filled = np.where(missing, 0.0, (clipped - np.median(seen)) / (seen.std() or 1.0))
    return np.column_stack([filled, missing]) if missing.any() else filled[:, None]


def balances(trials: Trials, known: Plain, influences: Sequence[Influence | None], among: Bools) -> Balances:
    """The arms' balance of each moment over the rows marked in `among` (n,); of a large night, over a sample."""
    k = len(trials.missions)
    group = np.where(trials.mission < 0, k, trials.mission)
    some = np.zeros(len(trials), dtype=bool)
    some[sample(trials.customer, 0, MOST_BALANCED)] = True
    tables = np.full((3, len(influences), k + 2), np.nan)
    for moment, one in enumerate(influences):
        if one is not None:
            own, part = one.among(among), one.among(among & some)
            tables[:2, moment] = _balance(known.columns[part.rows], group[part.rows], part, k)
            tables[2, moment] = _effective(group[own.rows], own, k)
    return Balances(*tables)


def _effective(group: Ints, one: Influence, k: int) -> Floats:
    """The effective sample size (k + 2,) of both arms together; nan where an arm is empty."""
    size = np.zeros(k + 2)
    for arm in (one.treated, ~one.treated):
        weight, square = (np.bincount(group[arm], one.weight[arm] ** power, k + 1) for power in (1, 2))
        with np.errstate(invalid="ignore", divide="ignore"):
            size += np.append(weight, weight.sum()) ** 2 / np.append(square, square.sum())
    return size


def _balance(columns: Singles, group: Ints, one: Influence, k: int) -> Floats:
    """(2, k + 2): before and after weighting."""
    cells = (group[:, None] == np.arange(k + 1)).astype(np.float32)
    arms = [cells * one.treated[:, None], cells * ~one.treated[:, None]]
    counts = [_with_all(arm.sum(axis=0)[:, None]) for arm in arms]
    sums = [_with_all(arm.T @ columns) for arm in arms]
    squares = [_with_all(arm.T @ columns**2) for arm in arms]
    weight = one.weight.astype(np.float32)[:, None]
    weights = [_with_all((arm * weight).sum(axis=0)[:, None]) for arm in arms]
    weighted = [_with_all((arm * weight).T @ columns) for arm in arms]
    variances = [_variance(*three) for three in zip(counts, sums, squares, strict=True)]
    spread = np.sqrt((variances[0] + variances[1]) / 2)
    out = np.empty((2, k + 2))
    with np.errstate(invalid="ignore", divide="ignore"):
        for row, totals, sizes in ((0, sums, counts), (1, weighted, weights)):
            gap = np.abs(totals[0] / sizes[0] - totals[1] / sizes[1]) / spread
            out[row] = np.where(spread > SMALL, gap, 0.0).max(axis=1, initial=0.0)
    out[:, (np.minimum(*counts) < TOO_FEW)[:, 0]] = np.nan
    return out


def _with_all(table: NDArray[np.floating[Any]]) -> Floats:
    return np.vstack([table, table.sum(axis=0, keepdims=True)]).astype(np.float64)


def _variance(count: Floats, total: Floats, square: Floats) -> Floats:
    with np.errstate(invalid="ignore", divide="ignore"):
        out: Floats = np.maximum(square / count - (total / count) ** 2, 0)
    return out


def strongest_known(
    trials: Trials, known: Plain, influences: Sequence[Influence | None], seed: int
) -> tuple[list[str | None], Floats]:
    """By moment, the strongest known cause by name, and the bias (moments,) that a hidden one just as strong would
    make; None and nan where there is none."""
    names: list[str | None] = [None] * len(influences)
    biases = np.full(len(influences), np.nan)
    some = sample(trials.customer[: trials.learned], seed, MOST_ROWS)
    for moment, one in enumerate(influences):
        rows = some[trials.reached[some, trials.sub_step_of[moment]]]
        if one is None or not TOO_FEW <= trials.happened[rows, moment].sum() <= len(rows) - TOO_FEW:
            continue
        columns = known.columns[rows].astype(np.float64)
        found = _biases(columns, known.sources, trials.happened[rows, moment].astype(np.float64), trials.outcome[rows])
        if found.size and found.max() > 0:
            names[moment], biases[moment] = known.names[int(found.argmax())], found.max()
    return names, biases


def _biases(columns: Floats, sources: Ints, treated: Floats, outcome: Floats) -> Floats:
    """By covariate, the bias of leaving out something as strong; 0 where it is no stronger than chance."""
    spread = columns.std(axis=0)
    scaled = (columns - columns.mean(axis=0)) / np.where(spread > SMALL, spread, np.inf)
    arm, left = treated - treated.mean(), outcome - outcome.mean()
    of_arm, arm_left = _partial(scaled, sources, arm)
    of_outcome, _ = _partial(np.column_stack([scaled, arm]), np.append(sources, -1), left)
    both = np.column_stack([scaled, arm])
    outcome_left = left - both @ np.linalg.solve(both.T @ both + np.eye(both.shape[1]), both.T @ left)
    odds = of_arm / np.maximum(1 - of_arm, SMALL)
    out: Floats = np.sqrt(of_outcome * odds) * outcome_left.std() / max(float(arm_left.std()), SMALL)
    return out


def _partial(columns: Floats, sources: Ints, target: Floats) -> tuple[Floats, Floats]:
    """Each source's partial R² with the target, beyond what chance gives its columns; and what all of them leave."""
    inverse = np.linalg.inv(columns.T @ columns + np.eye(columns.shape[1]))
    beta = inverse @ (columns.T @ target)
    left = target - columns @ beta
    rest = float(left @ left)
    shares = np.zeros(int(sources.max(initial=-1)) + 1)
    for source in range(len(shares)):
        own = np.flatnonzero(sources == source)
        if len(own):
            gained = float(beta[own] @ np.linalg.solve(inverse[np.ix_(own, own)], beta[own]))
            shares[source] = max(0.0, gained / max(gained + rest, SMALL) - len(own) / len(target))
    return shares, left
