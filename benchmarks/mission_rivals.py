"""Ordinary ways to group journeys, for benchmarks/missions.py: told the true number, on signals chosen by hand."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from sklearn.cluster import KMeans
from sklearn.mixture import GaussianMixture

from pipeline.estimators.mission_signals import Signals

Table = np.ndarray
Rival = Callable[[Table, list[Table], int, int], np.ndarray]  # numbers, counts, missions, seed -> the mission of each

NUMBERS = ("lead_hours", "use_hours", "value", "attributes.guests.count")
STARTS, ROUNDS = 6, 100
BIC_ON, BIC_TO = 20_000, 8  # journeys and missions that the information criterion is asked on and up to


def tables(signals: Signals) -> tuple[Table, list[Table]]:
    """Standardised logarithms of the numbers, and counts of categories and of topics; all that tells, nothing else."""
    logs = np.column_stack([np.log1p(signals.numbers[name]) for name in NUMBERS])
    bought: list[Mapping[str, float]] = [{} if word is None else {word: 1.0} for word in signals.words["category"]]
    return (logs - logs.mean(axis=0)) / logs.std(axis=0), [_counted(bought), _counted(signals.bags["topics"])]


def _counted(rows: Sequence[Mapping[str, float]]) -> Table:
    place = {word: nth for nth, word in enumerate(sorted({word for row in rows for word in row}))}
    out = np.zeros((len(rows), len(place)))
    for nth, row in enumerate(rows):
        for word, times in row.items():
            out[nth, place[word]] = times
    return out


def _beside(numbers: Table, counts: list[Table]) -> Table:
    """Numbers and square roots of shares, every column standardised."""
    shares = [table / np.maximum(table.sum(axis=1, keepdims=True), 1.0) for table in counts]
    table: Table = np.hstack([numbers, *(np.sqrt(share) for share in shares)])
    standard: Table = (table - table.mean(axis=0)) / table.std(axis=0)
    return standard


def k_means(numbers: Table, counts: list[Table], missions: int, seed: int) -> np.ndarray:
    """k-means on all columns side by side."""
    return np.asarray(KMeans(missions, n_init=STARTS, random_state=seed).fit_predict(_beside(numbers, counts)))


def gaussian_mixture(numbers: Table, counts: list[Table], missions: int, seed: int) -> np.ndarray:
    """A mixture of full Gaussians on all columns side by side."""
    model = GaussianMixture(missions, n_init=2, reg_covar=1e-3, random_state=seed)
    return np.asarray(model.fit_predict(_beside(numbers, counts)))


def mixed_mixture(numbers: Table, counts: list[Table], missions: int, seed: int) -> np.ndarray:
    """Gaussian numbers, a categorical and a multinomial, independent within a mission."""
    return _mixed(numbers, counts, missions, seed)[0]


def number_by_bic(numbers: Table, counts: list[Table], seed: int) -> int:
    """The number of missions for which the mixed mixture's Bayesian information criterion is least."""
    numbers, counts = numbers[:BIC_ON], [table[:BIC_ON] for table in counts]
    criteria = {k: _mixed(numbers, counts, k, seed)[1] for k in range(1, BIC_TO + 1)}
    return min(criteria, key=lambda k: criteria[k])


def _mixed(numbers: Table, counts: list[Table], missions: int, seed: int) -> tuple[np.ndarray, float]:
    rng = np.random.default_rng(seed)
    best: tuple[float, np.ndarray] = (-np.inf, np.zeros(0))
    for _ in range(STARTS):
        chance, last = rng.dirichlet(np.full(missions, 0.3), len(numbers)), -np.inf
        for _ in range(ROUNDS):
            chance, mean = _step(numbers, counts, chance)
            if mean - last < 1e-6:
                break
            last = mean
        if last > best[0]:
            best = (last, chance.argmax(axis=1))
    free = missions - 1 + missions * (2 * numbers.shape[1] + sum(table.shape[1] - 1 for table in counts))
    return best[1], -2 * best[0] * len(numbers) + free * float(np.log(len(numbers)))


def _step(numbers: Table, counts: list[Table], chance: Table) -> tuple[Table, float]:
    """One round of expectation-maximisation: the new chances, and the mean log-likelihood of a journey."""
    size = chance.sum(axis=0)
    logs = np.tile(np.log((size + 1) / (len(chance) + len(size))), (len(chance), 1))
    middle = chance.T @ numbers / size[:, None]
    spread = np.maximum(chance.T @ numbers**2 / size[:, None] - middle**2, 0.02)
    for d in range(numbers.shape[1]):
        logs -= 0.5 * ((numbers[:, [d]] - middle[:, d]) ** 2 / spread[:, d] + np.log(2 * np.pi * spread[:, d]))
    for table in counts:
        words = chance.T @ table + 0.5
        logs += table @ np.log(words / words.sum(axis=1, keepdims=True)).T
    top = logs.max(axis=1, keepdims=True)
    weight = np.exp(logs - top)
    total = weight.sum(axis=1, keepdims=True)
    return weight / total, float((top + np.log(total)).mean())


RIVALS: dict[str, Rival] = {
    "k-means": k_means,
    "Gaussian mixture": gaussian_mixture,
    "plain mixed mixture": mixed_mixture,
}
