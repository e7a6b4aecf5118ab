"""The linker: which records are one person, by keys, by what is alike, and by what forbids it.

    model = learn(session, table, kinds, sure)      once; the model is frozen and kept (to_json, from_json)
    scored = score(session, table, model)           every pair that shares a block, or only those with fresh records
    decision = decide(count, keys, scored, contradictions, kinds, model)

Nothing outside the model and the given records takes part: what is decided about records that are closed under key
pairs and near pairs is what deciding about all records says of them.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from pipeline.estimators.identity.clusters import between_groups, components, join_sure, link_average
from pipeline.estimators.identity.comparisons import PEOPLE, Floats, Ints, Levels, Parameters, ScoredPairs, Spec
from pipeline.estimators.identity.households import (
    Households,
    fit_households,
    fit_own_levels,
    kinds_of_pairs,
    levels_from_json,
    reweighed,
)
from pipeline.estimators.identity.scoring import Weights, choose_blocks, count_values, put_blocked, read_scored, weigh
from pipeline.estimators.identity.training import learn_levels
from pipeline.warehouse import Session

# A pair of groups is one person where the model is this sure; on data whose truth is known the model is well calibrated
# and the best cut lies between .8 and .9, so a doubtful pair stays apart.
CUTS = (0.95, 0.8, 0.5)  # strict, main, loose
LEAST_PROBABILITY, LIKELY = 0.01, 0.2
_SAMPLED_PAIRS = 300_000


@dataclass(frozen=True)
class PairModel:
    """Everything that was learned, frozen.

    records: how many it was learned from. parameters: m and u, by comparison and level. households: the classes and
    their priors. frequencies: how frequent values are, by column (see scoring.count_values). blocks: the most records
    that may hold a block's value, by the block's columns. spec: what is compared; not part of the JSON.
    """

    records: int
    parameters: Parameters
    households: Households
    frequencies: dict[str, dict[str, Any]]
    blocks: dict[str, int]
    spec: Spec = PEOPLE

    def to_json(self) -> bytes:
        """The model as a file's bytes; no name, number or address is in it."""
        model = {
            "records": self.records,
            "parameters": self.parameters,
            "households": vars(self.households),
            "frequencies": self.frequencies,
            "blocks": self.blocks,
        }
        return json.dumps(model, sort_keys=True, indent=1).encode()

    @classmethod
    def from_json(cls, data: bytes, spec: Spec = PEOPLE) -> "PairModel":
        """Undoes to_json."""
        model = json.loads(data)
        homes = model["households"]
        households = Households(
            tuple(homes["same"]), tuple(homes["household"]), tuple(homes["sizes"]), levels_from_json(homes["levels"])
        )
        parameters = levels_from_json(model["parameters"])
        return cls(model["records"], parameters, households, model["frequencies"], model["blocks"], spec)


@dataclass(frozen=True)
class Decision:
    """labels: the group of each record, named by its smallest record; strict, loose: at a stricter and a looser cut.

    sure: the groups that keys tie. groups: the compared pairs of sure groups (named by their smallest records), and
    probability: that each of these pairs is one person.
    """

    labels: Ints
    strict: Ints
    loose: Ints
    sure: Ints
    groups: ScoredPairs
    probability: Floats


Keys = tuple[Ints, Ints, np.ndarray[Any, Any]]
Contradictions = Callable[[Ints], tuple[Ints, Ints]]


def learn(session: Session, table: str, kinds: Ints, sure: Ints, spec: Spec = PEOPLE) -> PairModel:
    """The model of a table (identity.profiles and the column sure: the group that keys tie, null where alone).

    kinds: of each record, 1 where it is the company's own and 0 where it is a partner's. sure: each record's group.
    """
    parameters, is_learned = learn_levels(session, table, spec)
    frequencies = {column: count_values(session, table, column) for column in spec.frequency_columns}
    blocks = choose_blocks(session, table, spec)
    put_blocked(session, table, blocks, None)
    sampled = max(1, session.count("identity.blocked") // _SAMPLED_PAIRS)
    if sampled > 1:
        _keep_sample(session, table, sampled)
    weigh(session, table, Weights(spec, parameters, frequencies))
    scored = read_scored(session, spec)
    if not is_learned:
        parameters, started = fit_own_levels(spec, parameters, scored, sampled), parameters
        scored = reweighed(spec, started, parameters, scored)
    groups = between_groups(scored, sure)
    pair_kinds, sizes = kinds_of_pairs(groups, sure, kinds)
    households = fit_households(spec, parameters, groups, pair_kinds, sizes, sampled=sampled)
    return PairModel(len(sure), parameters, households, frequencies, blocks, spec)


def _keep_sample(session: Session, table: str, sampled: int) -> None:
    """Leaves in identity.blocked the pairs of one in `sampled` groups, each pair of groups whole."""
    session.connection.execute(
        "create or replace table identity.blocked as select blocked.* from identity.blocked as blocked"
        f" inner join {table} as l on blocked.left_id = l.record_id"
        f" inner join {table} as r on blocked.right_id = r.record_id"
        f" where least(coalesce(l.sure, l.record_id), coalesce(r.sure, r.record_id)) % {sampled} = 0"
    )


def score(session: Session, table: str, model: PairModel, fresh: str | None = None) -> ScoredPairs:
    """Every pair of the table that shares a block and whose groups (column sure) may be one person by one in a hundred.

    Of the others, those between groups that have likely pairs elsewhere are named without weights: that they were
    compared counts when groups are linked. fresh: a table with record_id; only pairs with one of its records, at a cost
    that follows it. Leaves the pairs in identity.scored as well: record_id_l, record_id_r, gamma_<comparison>,
    weight_<comparison>.
    """
    put_blocked(session, table, model.blocks, fresh)
    least = [model.households.least_weight(probability) for probability in (LEAST_PROBABILITY, LIKELY)]
    weigh(session, table, Weights(model.spec, model.parameters, model.frequencies), (least[0], least[1]), fresh)
    return read_scored(session, model.spec)


def probabilities(groups: ScoredPairs, kinds: Levels, model: PairModel) -> Floats:
    """The probability of being one person, one per pair of groups. kinds: see households.kinds_of_pairs."""
    return model.households.shares(model.spec, model.parameters, groups, kinds)[0].round(6)


def sure_labels(count: int, keys: Keys, contradictions: Contradictions) -> Ints:
    """The group of each record that keys tie, named by its smallest record; contradictions are kept apart."""
    order = np.lexsort((keys[2], keys[1], keys[0]))
    left, right = keys[0][order], keys[1][order]
    forbidden = contradictions(components(count, left, right))
    return join_sure(count, left, right, _strength(left, right), forbidden)


def _strength(left: Ints, right: Ints) -> Floats:
    """How many keys tie the records of each pair."""
    pairs = np.column_stack([left, right]) if len(left) else np.empty((0, 2), np.int64)
    _, inverse, counts = np.unique(pairs, axis=0, return_inverse=True, return_counts=True)
    return counts[inverse.reshape(-1)].astype(np.float64)


def decide(
    count: int,
    keys: Keys,
    scored: ScoredPairs,
    contradictions: Contradictions,
    *,
    kinds: Ints,
    model: PairModel,
    cuts: tuple[float, float, float] = CUTS,
) -> Decision:
    """Who is one person among records 0..count-1.

    keys: pairs of records that keys tie, and the kind of key. contradictions: from the component of each record to the
    pairs of records within the components that cannot be one person. kinds: 1 own, 0 a partner's. cuts: how sure the
    strict, the main and the loose grouping must be.
    """
    sure = sure_labels(count, keys, contradictions)
    groups = between_groups(scored, sure)
    probability = probabilities(groups, kinds_of_pairs(groups, sure, kinds)[0], model)
    near = probability >= cuts[-1]
    records = np.arange(count)
    forbidden = contradictions(components(count, np.r_[groups.left[near], records], np.r_[groups.right[near], sure]))
    odds = probability / (1.0 - probability).clip(1e-6)
    strict, labels, loose = link_average(sure, (groups.left, groups.right), odds, forbidden, cuts)
    return Decision(labels, strict, loose, sure, groups, probability)
