"""How good a ranking of moments is, where the truth is known: coverage, false discoveries, power, order, error."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from effect_tables import Floats
from ranking_methods import Said

ALL = "ALL"
NOTHING = 0.005  # a true effect below half a point is none
LARGE = 0.05
TOP = 5


@dataclass(frozen=True)
class Scores:
    """Of one or more worlds together; shares in 0..1, nan where a method has no such thing.

    pairs told, coverage, rmse and rmse of a plain difference on the same pairs: missions and all journeys; false
    discoveries, power and ndcg5: missions only.
    """

    told: float
    coverage: float
    named: int
    false_discoveries: float
    power: float
    ndcg5: float
    rmse: float
    of_plain: float


def true_effects(marts: Path, truth: Path, missions: Sequence[str], moments: Sequence[str]) -> Floats:
    """The planted effect of each moment (rows) on each found mission and on all (last column), nan where unknown.

    A found mission is a mixture of planted ones: their effects weigh by the journeys of theirs in it that reached the
    moment's sub-step and were followed up.
    """
    effects = pd.read_parquet(truth / "effects.parquet")
    planted = pd.read_parquet(truth / "journeys.parquet")
    found = pd.read_parquet(marts / "journeys.parquet", columns=["order_id", "mission"]).dropna()
    both = planted[planted["followed_up"]].merge(found, on="order_id", suffixes=("", "_found"))
    out = np.full((len(moments), len(missions) + 1), np.nan)
    for m, moment in enumerate(moments):
        rows = effects[effects["moment"] == moment]
        if rows.empty:
            continue
        effect = rows.set_index("mission")["effect"]
        reached = both[both[f"reached:{rows['sub_step'].iloc[0]}"].astype(bool)]
        mean = reached["mission"].map(effect).groupby(reached["mission_found"]).mean()
        out[m] = [mean.get(mission, np.nan) for mission in missions] + [effect[ALL]]
    return out


def score(worlds: Sequence[tuple[Said, Said, Floats]]) -> Scores:
    """Of worlds as (what the method said, what a plain difference said, the truth)."""
    told = np.concatenate([(s.told & ~np.isnan(t)).ravel() for s, _, t in worlds])
    truth, effect, low, high, plain = (
        np.concatenate([part.ravel() for part in parts])
        for parts in zip(*((t, s.effect, s.low, s.high, p.effect) for s, p, t in worlds), strict=True)
    )
    known = ~np.isnan(truth)
    has_effect = worlds[0][0].has_effect and bool(told.any())
    missions = [(s, t[:, :-1]) for s, _, t in worlds]
    named = np.concatenate([(s.named[:, :-1] & ~np.isnan(t)).ravel() for s, t in missions])
    one_effect = np.concatenate([s.effect[:, :-1].ravel() for s, _ in missions])
    one_truth = np.concatenate([t.ravel() for _, t in missions])
    wrong = (np.abs(one_truth) < NOTHING) | (np.sign(one_truth) != np.sign(one_effect))
    large = np.abs(one_truth) >= LARGE
    names = bool(worlds[0][0].has_effect or not np.isnan(one_effect).all())
    error = np.sqrt(np.mean((effect - truth)[told] ** 2)) if has_effect else np.nan
    plain_error = np.sqrt(np.nanmean((plain - truth)[told] ** 2)) if has_effect else np.nan
    return Scores(
        told=float(told.sum() / max(1, known.sum())),
        coverage=float(((low <= truth) & (truth <= high))[told].mean()) if has_effect else np.nan,
        named=int(named.sum()),
        false_discoveries=float(wrong[named].mean()) if named.any() else (0.0 if names else np.nan),
        power=float(named[large].mean()) if large.any() and names else np.nan,
        ndcg5=_mean([ndcg(s.score[:, g], t[:, g]) for s, t in missions for g in range(t.shape[1])]),
        rmse=float(error),
        of_plain=float(error / plain_error),
    )


def _mean(values: Sequence[float]) -> float:
    known = [value for value in values if not np.isnan(value)]
    return float(np.mean(known)) if known else float("nan")


def ndcg(found: Floats, truth: Floats) -> float:
    """How near the first TOP by `found` come to the best TOP by the size of the truth; what is not told comes last.

    nan where nothing does anything.
    """
    gain = np.abs(np.nan_to_num(truth))
    discount = 1 / np.log2(np.arange(2, min(TOP, len(gain)) + 2))
    order = np.argsort(-np.nan_to_num(found), kind="stable")[:TOP]
    best = float(np.sort(gain)[::-1][:TOP] @ discount)
    return float(gain[order] @ discount) / best if best > 0 else float("nan")
