"""The mission type of people who are nobody's customer, told by the words that they leave.

What the words of a place (topics read, words said, things done at a partner) say of a mission is learned from the
company's own journeys, whose mission is known. How much they say is measured on journeys that were held out: where
held-out words tell no mission better than the missions' sizes do, they are no evidence. How large each mission is among
strangers is estimated from their words alone (maximum likelihood of the mixture, by expectation-maximisation as in
Saerens 2002): the mix among customers is no evidence of it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

FOLDS = 5
SCALES = np.linspace(0.0, 1.0, 21)  # a word beside others of its kind is not new evidence each time
SMOOTHING = 5.0  # journeys' worth of the overall share of a word in every mission's
TOLD = 0.7  # least probability, all missions alike before, from which a person tells a type
FEWEST = 30  # journeys that must carry words of a place to learn from them
ITERATIONS = 500
TOLERANCE = 1e-7
DRAWS = 2.0  # standard errors by which held-out words must better the missions' sizes


@dataclass(frozen=True)
class Bags:
    """Words of people or journeys: entry i says that bag `bag[i]` (of `count`) has word `word[i]` `times[i]` times,
    each pair once."""

    bag: Ints
    word: Ints
    times: Floats
    count: int

    def where(self, kept: npt.NDArray[np.bool_]) -> Bags:
        """The entries of the bags kept; the bags keep their numbers."""
        rows = kept[self.bag]
        return Bags(self.bag[rows], self.word[rows], self.times[rows], self.count)


@dataclass(frozen=True)
class Mix:
    """chance: each person's probabilities (people x missions), rows of 0 for those who tell nothing; told: who does.
    shares: each mission's part of those who do; evidence: as how many people of plainly known mission they count."""

    chance: Floats
    told: npt.NDArray[np.bool_]
    shares: Floats
    evidence: Floats


def nobody(people: int) -> Mix:
    """The mix where there is no mission to tell."""
    return Mix(np.zeros((people, 0)), np.zeros(people, dtype=bool), np.zeros(0), np.zeros(0))


class MissionTypes:
    """After `fit`: ratios_ (words x missions, the logarithm of how much more often a mission's journeys have the word
    than journeys do), scale_ (0: the words say nothing)."""

    def __init__(self, missions: int, words: int) -> None:
        self.missions = missions
        self.words = words

    def fit(self, bags: Bags, mission: Ints) -> MissionTypes:
        """Learn from journeys whose mission is known: mission is an index for each bag."""
        self.ratios_ = self._ratios(bags, mission, np.ones(bags.count, dtype=bool))
        self.scale_ = self._scale(bags, mission)
        return self

    def mix(self, bags: Bags) -> Mix:
        """The types of people by their words; see Mix."""
        evidence = self.scale_ * _sums(bags, self.ratios_)
        alike = _normalised(evidence)
        told = (alike.max(axis=1) >= TOLD) & (self.scale_ > 0)
        likelihood = np.exp(evidence[told] - evidence[told].max(axis=1, keepdims=True, initial=-np.inf))
        shares = _shares(likelihood)
        chance = np.zeros_like(evidence)
        chance[told] = _rows(likelihood * shares)
        return Mix(chance, told, shares, _worth(likelihood, shares))

    def _ratios(self, bags: Bags, mission: Ints, kept: npt.NDArray[np.bool_]) -> Floats:
        seen = bags.where(kept)
        times = np.zeros((self.words, self.missions))
        np.add.at(times, (seen.word, mission[seen.bag]), seen.times)
        overall = (times.sum(axis=1) + 1.0 / max(1, self.words)) / (times.sum() + 1.0)
        within = (times + SMOOTHING * overall[:, None]) / (times.sum(axis=0) + SMOOTHING)
        ratios: Floats = np.log(within / overall[:, None])
        return ratios

    def _scale(self, bags: Bags, mission: Ints) -> float:
        """The weight of the words under which held-out journeys' missions are likeliest; 0 where that is no better
        than none at all."""
        carries = np.zeros(bags.count, dtype=bool)
        carries[bags.bag] = True
        rows = np.flatnonzero(carries)
        if len(rows) < FEWEST or len(np.unique(mission[rows])) < self.missions:
            return 0.0
        evidence = np.zeros((bags.count, self.missions))
        for fold in range(FOLDS):
            out = np.arange(bags.count) % FOLDS == fold
            evidence += _sums(bags.where(out), self._ratios(bags, mission, ~out))
        sizes = np.log(np.bincount(mission[rows], minlength=self.missions) / len(rows))
        truth = (np.arange(len(rows)), mission[rows])
        told = np.array([np.log(_normalised(s * evidence[rows] + sizes))[truth] for s in SCALES])
        best = int(told.mean(axis=1).argmax())
        gain = told[best] - told[0]
        sure = gain.mean() > DRAWS * gain.std() / np.sqrt(len(gain))
        return float(SCALES[best]) if sure else 0.0


def _sums(bags: Bags, ratios: Floats) -> Floats:
    out = np.zeros((bags.count, ratios.shape[1]))
    for k in range(ratios.shape[1]):
        out[:, k] = np.bincount(bags.bag, weights=bags.times * ratios[bags.word, k], minlength=bags.count)
    return out


def _normalised(logs: Floats) -> Floats:
    return _rows(np.exp(logs - logs.max(axis=1, keepdims=True)))


def _rows(weights: Floats) -> Floats:
    out: Floats = weights / weights.sum(axis=1, keepdims=True)
    return out


def _shares(likelihood: Floats) -> Floats:
    """The mixture's shares under which the likelihoods (people x missions) are likeliest, from equal ones."""
    missions = likelihood.shape[1]
    shares = np.full(missions, 1.0 / missions)
    for _ in range(ITERATIONS if len(likelihood) else 0):
        better = _rows(likelihood * shares).mean(axis=0)
        moved = float(np.abs(better - shares).max())
        shares = better
        if moved < TOLERANCE:
            break
    return shares


def _worth(likelihood: Floats, shares: Floats) -> Floats:
    """Of each share: how many people of plainly known mission would tell it as surely (by the observed information)."""
    people = len(likelihood)
    score = likelihood / np.maximum(likelihood @ shares, 1e-300)[:, None] if people else likelihood
    information = score.T @ score
    # shares sum to 1: only differences between missions can be learned
    differences = np.eye(len(shares)) - 1.0 / len(shares)
    spread = np.diag(np.linalg.pinv(differences @ information @ differences))
    plain = shares * (1 - shares) / np.maximum(spread, 1e-12)
    return np.clip(np.where(shares * (1 - shares) > 1e-6, plain, people), 0.0, people)
