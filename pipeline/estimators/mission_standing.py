"""The mission model in use, as it is kept from night to night, and what it says of tonight's journeys or of anything
else that shows some of the same signals."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from pipeline.estimators.mission_leftover import misfit
from pipeline.estimators.mission_matching import Lineage
from pipeline.estimators.mission_signals import Signals, encode
from pipeline.estimators.missions import Floats, MissionModel

if TYPE_CHECKING:
    import pandas as pd

CHUNK = 20_000  # rows encoded at a time
STRANGE = 4.5  # standard deviations (see misfit): under 2 in 1,000 of a mission's own journeys lie beyond
SURE = 0.9  # an order-less journey is given a mission only if what was read leaves little doubt
READS = 3  # and if enough was read to say so


@dataclass(frozen=True)
class Standing:
    """The model in use and what is remembered with it.

    names, labels, stability: one a mission, in the model's order; names are slugs, labels those of
    mission_names.Name.as_list. evidence: what spoke for their number. fixed: that number where a setting gave it.
    gain: nats a journey that missions explained when they were learned.
    learned_on: the night (ISO) on which it was learned. heard, tried_from, tried_on: the signals, the journeys with an
    order and the night of the last trial of another one.
    """

    model: MissionModel
    names: list[str]
    labels: list[list[Any]]
    stability: list[float]
    evidence: list[dict[str, float]]
    fixed: int | None
    gain: float
    learned_on: str
    heard: list[str]
    tried_from: int
    tried_on: str

    def classify(self, signals: Signals) -> Floats:
        """Probability of each mission of `names`, rows of `signals` x missions.

        The rows need not be journeys: a signal that they lack says nothing, so that what a visitor read is enough
        (`Signals(ids, bags={"topics": [{"guide": 3.0}, …]})`). A row of which nothing is known gets the shares of all.
        """
        parts = [np.zeros((0, self.model.missions))]
        for rows in _chunks(len(signals)):
            parts.append(self.model.predict_proba(encode(signals.take(rows), self.model.blocks_)))
        return np.vstack(parts)

    def place(self, signals: Signals, ordered: npt.NDArray[np.bool_]) -> tuple[npt.NDArray[np.int64], Floats]:
        """Of each journey: its likeliest mission's place in `names`, -1 for none, and that mission's probability.

        A journey with an order has none if nothing is known of it or if what it shows would be a wonder under every
        mission; one without, unless enough was read to leave little doubt.
        """
        chance = self.classify(signals)
        strange, known = self._strange(signals)
        read = np.array([sum(bag.values()) for bag in signals.bags.get("topics", [{}] * len(signals))])
        sure = (chance.max(axis=1) >= SURE) & (read >= READS)
        label = np.where(known & ~strange & (ordered | sure), chance.argmax(axis=1), -1)
        return label.astype(np.int64), chance.max(axis=1).round(4)

    def _strange(self, signals: Signals) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
        strange, known = np.zeros(len(signals), dtype=bool), np.zeros(len(signals), dtype=bool)
        for rows in _chunks(len(signals)):
            matrix = encode(signals.take(rows), self.model.blocks_)
            strange[rows], known[rows] = misfit(self.model, matrix) > STRANGE, matrix.any(axis=1)
        return strange, known

    def as_bytes(self) -> bytes:
        kept: dict[str, Any] = {**vars(self), "model": self.model.as_dict()}
        return json.dumps(kept, sort_keys=True, ensure_ascii=False).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> Standing | None:
        """None for a model that another version of Landmark kept in a form of its own."""
        kept = json.loads(data)
        if set(kept) != {one.name for one in fields(cls)}:
            return None
        return cls(MissionModel.from_dict(kept.pop("model")), **kept)


def _chunks(rows: int) -> list[npt.NDArray[np.int64]]:
    return [np.arange(start, min(start + CHUNK, rows)) for start in range(0, rows, CHUNK)]


@dataclass(frozen=True)
class Settled:
    """Tonight's journeys and their missions, row by row, sorted by journey_id.

    journeys: missions.order_signals (journey_id, customer_id, order_id, ordered_at, …). signals: what is known of them,
    under readable names. label: the mission's place in standing.names, -1 for none. probability: that mission's.
    lineage: how tonight's missions came from last night's; None where the standing model was kept.
    """

    standing: Standing
    journeys: pd.DataFrame
    signals: Signals
    label: npt.NDArray[np.int64]
    probability: Floats
    lineage: Lineage | None
