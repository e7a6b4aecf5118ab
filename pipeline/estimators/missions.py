"""The mission model: journeys on the same mission look alike in what was read, bought, when and for how long.

A latent class model (Goodman 1974) over blocks of columns (see mission_signals): within a mission every signal is
independent and follows the mission's own shares of bins, levels or words. Fitted by expectation-maximisation from
several seeded starts. Numbers are cut into quantile bins, so that one family of distributions serves every signal and
no variance has to be kept from vanishing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.estimators.mission_signals import Block, Matrix
from pipeline.estimators.mission_ties import Tie, slices

Floats = npt.NDArray[np.float64]

SMOOTHING = 0.5  # journeys' worth of the overall shares in every mission's: Jeffreys' half a count a column
SHORT_ITERATIONS = 30
ITERATIONS = 300
TOLERANCE = 1e-6  # nats a journey


class MissionModel:
    """Mixture of `missions` classes over blocks.

    After `fit`: blocks_, shares_ (missions,), words_ (missions, columns: shares of each block's columns, every block
    sums to 1), scales_ (one a block: 1, or less for bags that come in bursts), ties_ (signals that lean on another).
    """

    def __init__(self, missions: int, seed: int, starts: int = 6) -> None:
        self.missions = missions
        self.seed = seed
        self.starts = starts

    def fit(
        self, matrix: Matrix, blocks: Sequence[Block], scales: Floats | None = None, ties: Sequence[Tie] = ()
    ) -> MissionModel:
        """Learn from `matrix` (journeys x columns of `blocks`), each block's counts weighing its `scales` (default 1).

        Raises ValueError if there are fewer journeys than missions.
        """
        if len(matrix) < self.missions:
            raise ValueError(f"{len(matrix)} journeys cannot show {self.missions} missions")
        self.blocks_ = list(blocks)
        self.scales_ = np.ones(len(self.blocks_)) if scales is None else scales
        self.ties_ = list(ties)
        scaled = self.design(matrix)
        self._start(scaled)
        self._climb(scaled, ITERATIONS)
        return self

    def refine(self, matrix: Matrix, ties: Sequence[Tie] | None = None) -> MissionModel:
        """A copy that went on learning from `matrix`, from where this one stands, with other ties where given."""
        other = MissionModel.from_dict(self.as_dict())
        other.ties_ = other.ties_ if ties is None else list(ties)
        other._climb(other.design(matrix), ITERATIONS)
        return other

    def predict_proba(self, matrix: Matrix) -> Floats:
        """Probability of each mission, journeys x missions."""
        return self._posterior(self.design(matrix))[0]

    def predict_without(self, matrix: Matrix, tie: Tie) -> Floats:
        """Probability of each mission by all blocks but the two of a tie of this model, journeys x missions."""
        design, parts, start = self.design(matrix), self.slices(), matrix.shape[1]
        design[:, parts[tie.child]] = design[:, parts[tie.parent]] = 0.0
        start += sum(len(other.ratio) for other in self.ties_[: self.ties_.index(tie)])
        design[:, start : start + len(tie.ratio)] = 0.0
        return self._posterior(design)[0]

    def log_likelihood(self, matrix: Matrix) -> Floats:
        """Natural logarithm of each journey's (scaled) likelihood."""
        return self._posterior(self.design(matrix))[1]

    @property
    def parameters(self) -> int:
        """Free shares: what an information criterion charges for."""
        return self.missions - 1 + self.missions * sum(block.width - 1 for block in self.blocks_)

    def as_dict(self) -> dict[str, Any]:
        """Everything that `from_dict` needs, as JSON types."""
        return {
            "missions": self.missions,
            "seed": self.seed,
            "blocks": [block.as_dict() for block in self.blocks_],
            "scales": [float(x) for x in self.scales_],
            "shares": [float(x) for x in self.shares_],
            "words": [[float(x) for x in row] for row in self.words_],
            "ties": [tie.as_dict() for tie in self.ties_],
        }

    @classmethod
    def from_dict(cls, kept: dict[str, Any]) -> MissionModel:
        model = cls(int(kept["missions"]), int(kept["seed"]))
        model.blocks_ = [Block.from_dict(row) for row in kept["blocks"]]
        model.scales_ = np.asarray(kept["scales"], dtype=float)
        model.shares_ = np.asarray(kept["shares"], dtype=float)
        model.words_ = np.asarray(kept["words"], dtype=float)
        model.ties_ = [Tie.from_dict(row) for row in kept["ties"]]
        return model

    def design(self, matrix: Matrix) -> Matrix:
        """The matrix as it weighs, and for every tie the parent's columns where the child is known."""
        widths, parts = [block.width for block in self.blocks_], self.slices()
        given = [matrix[:, parts[t.parent]] * matrix[:, parts[t.child]].any(axis=1, keepdims=True) for t in self.ties_]
        return np.hstack([matrix * np.repeat(self.scales_, widths).astype(np.float32), *given])

    def weights(self) -> Floats:
        """What a unit of each column of `design` adds to a journey's log-likelihood, missions x columns."""
        parts = self.slices()
        given = [-np.log(self.words_[:, parts[tie.child]] @ tie.ratio.T) for tie in self.ties_]
        return np.hstack([np.log(self.words_), *given])

    def slices(self) -> list[slice]:
        """The columns of each block."""
        return slices(self.blocks_)

    def pooled(self) -> MissionModel:
        """The same journeys without missions: one class with the shares of all."""
        other = MissionModel(1, self.seed)
        other.blocks_, other.scales_, other.ties_ = self.blocks_, self.scales_, self.ties_
        other.shares_, other.words_ = np.ones(1), (self.shares_ @ self.words_)[None, :]
        return other

    def _start(self, matrix: Matrix) -> None:
        rng = np.random.default_rng(self.seed)
        best = -np.inf
        kept: tuple[Floats, Floats] | None = None
        for _ in range(self.starts if self.missions > 1 else 1):
            self.words_ = self._seeds(matrix, rng)
            self.shares_ = np.full(self.missions, 1.0 / self.missions)
            reached = self._climb(matrix, SHORT_ITERATIONS)
            if kept is None or reached > best:
                best, kept = reached, (self.shares_, self.words_)
        if kept is not None:
            self.shares_, self.words_ = kept

    def _seeds(self, matrix: Matrix, rng: np.random.Generator) -> Floats:
        """One journey a mission, each far from those before (k-means++, with likelihood for distance)."""
        overall = self._normalised(matrix.sum(axis=0, dtype=float)[None, :], None)
        own = self._halfway(matrix, overall)
        width = own.shape[1]
        free = np.ones(width, dtype=np.float32)  # a signal that leans on another tells little of its own
        for tie in self.ties_:
            free[self.slices()[tie.child]] = 0.0
        matrix = matrix[:, :width] * free
        ceiling = (matrix * np.log(own)).sum(axis=1)
        nearest = matrix @ np.log(overall[0]).astype(np.float32)
        seeds: list[Floats] = []
        for _ in range(self.missions):
            gap = np.maximum(ceiling - nearest, 0.0).astype(float) + 1e-9
            row = int(np.searchsorted(np.cumsum(gap), rng.random() * gap.sum()))
            seeds.append(own[min(row, len(matrix) - 1)].astype(float))
            reach = matrix @ np.log(seeds[-1]).astype(np.float32)
            nearest = reach if len(seeds) == 1 else np.maximum(nearest, reach)
        return np.vstack(seeds)

    def _halfway(self, matrix: Matrix, overall: Floats) -> Matrix:
        out = np.empty((len(matrix), overall.shape[1]), dtype=np.float32)
        for part in self.slices():
            counts = matrix[:, part]
            total = counts.sum(axis=1, keepdims=True)
            own = np.where(total > 0, counts / np.maximum(total, 1e-9), overall[:, part])
            out[:, part] = 0.5 * own + 0.5 * overall[:, part]
        return out

    def _climb(self, scaled: Matrix, iterations: int) -> float:
        overall = self._normalised(scaled.sum(axis=0, dtype=float)[None, :], None)
        last = -np.inf
        for _ in range(iterations):
            chance, likelihood = self._posterior(scaled)
            self.shares_ = (chance.sum(axis=0) + 1.0) / (len(scaled) + self.missions)
            counts = (chance.T.astype(np.float32) @ scaled).astype(float)
            before, self.words_ = self.words_, self._normalised(counts, overall)
            self._lean(counts, before, overall)
            mean = float(likelihood.mean())
            if mean - last < TOLERANCE:
                break
            last = mean
        return last

    def _lean(self, counts: Floats, before: Floats, overall: Floats) -> None:
        """The shares of the signals that lean on another: one step of generalised iterative scaling from `before`."""
        parts, start = self.slices(), overall.shape[1]
        for tie in self.ties_:
            part, width = parts[tie.child], tie.ratio.shape[0]
            own, given = before[:, part], counts[:, start : start + width]
            start += width
            prior = SMOOTHING * own.shape[1] * overall[0, part]
            alone = counts[:, part].sum(axis=1) - given.sum(axis=1) + prior.sum()
            expected = own * ((given / (own @ tie.ratio.T)) @ tie.ratio + alone[:, None])
            moved = own * (counts[:, part] + prior) / expected
            self.words_[:, part] = moved / moved.sum(axis=1, keepdims=True)

    def _normalised(self, counts: Floats, overall: Floats | None) -> Floats:
        out = np.empty((len(counts), sum(block.width for block in self.blocks_)))
        for part in self.slices():
            width = part.stop - part.start
            prior = np.full(width, 1.0 / width) if overall is None else overall[0, part]
            smooth = counts[:, part] + SMOOTHING * width * prior
            out[:, part] = smooth / smooth.sum(axis=1, keepdims=True)
        return out

    def _posterior(self, scaled: Matrix) -> tuple[Floats, Floats]:
        joint = (scaled @ self.weights().T.astype(np.float32)).astype(float) + np.log(self.shares_)
        top = joint.max(axis=1, keepdims=True)
        weight = np.exp(joint - top)
        total = weight.sum(axis=1, keepdims=True)
        return weight / total, (top + np.log(total))[:, 0]


def bursts(model: MissionModel, matrix: Matrix) -> Floats:
    """Scales for a fit: bags whose words come in bursts count for less.

    1 / over-dispersion under `model`, which should have more missions than are sought, so that what sets missions
    apart is not taken for bursts (quasi-likelihood, Wedderburn 1974).
    """
    chance = model.predict_proba(matrix)
    scales = np.ones(len(model.blocks_))
    for index, (block, part) in enumerate(zip(model.blocks_, model.slices(), strict=True)):
        if block.kind == "bag":
            scales[index] = 1.0 / max(1.0, _dispersion(matrix[:, part], model.words_[:, part], chance))
    return scales


def _dispersion(counts: Matrix, shares: Floats, chance: Floats) -> float:
    """Pearson's chi-square of bags of two words or more against their mission's shares, over its freedom."""
    total = counts.sum(axis=1).astype(float)
    some = total >= 2
    if not some.any():
        return 1.0
    expected = shares[chance[some].argmax(axis=1)] * total[some][:, None]
    chi = ((counts[some] - expected) ** 2 / expected).sum()
    return float(chi / (some.sum() * (counts.shape[1] - 1)))
