"""Stage ranking: which moments change whether customers come back, per mission, and how sure that is.

The trials' rows come from sql/ranking/; here they become matrices, and what was found becomes the mart's rows.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from pipeline.context import Run
from pipeline.estimators.diagnostics import Balances, balances, plain, strongest_known
from pipeline.estimators.moment_effects import MomentEffects, shuffled
from pipeline.estimators.pooling import DRAWS, pooled_draws
from pipeline.estimators.trials import Bools, Floats, Influence, Measured, Trials, measure, widened
from pipeline.estimators.unseen import bias
from pipeline.estimators.verdicts import Verdicts, e_value, enough, judge, placebo_fails, reasons
from pipeline.identity import graphs
from pipeline.journey_map import JourneyMap
from pipeline.stages import changes, protocols, subgroups, worth
from pipeline.stages.connections import connect
from pipeline.stages.memories import remember
from pipeline.trial_rows import Told, read_told, read_trials
from pipeline.warehouse import Session

if TYPE_CHECKING:
    import pyarrow as pa

NEEDS = ("ingest", "identity", "emotion", "journeys", "missions")

ALL = "ALL"
Z95 = 1.959964
MEASURED = 0.8  # of the journeys: with less on missions that can tell, ALL would rest on what others say of the rest
UNSEEN = "something in no export"
Reasons = np.ndarray[Any, np.dtype[np.str_]]
Tables = TypeVar("Tables", Measured, Balances)
THEIRS = {
    "journeys.journeys": "journeys.regrouped_journeys",
    "journeys.touchpoints": "journeys.regrouped_touchpoints",
    "journeys.sub_steps": "journeys.regrouped_sub_steps",
    "journeys.moments": "journeys.regrouped_moments",
    "identity.identifiers": "journeys.regrouped_identifiers",
}
SHARED = ("missions.assignments", "ingest.customers_history", "ingest.events")


@dataclass(frozen=True)
class Ranked:
    """What was measured of each moment (rows) and group (columns: missions, then all), and what is said of it.

    reasons: why nothing can be told, "" where it can.
    others: what is said on the other graphs of who is who; a graph on which nothing differs is not in it.
    influences: a moment's over its eligible journeys of the main graph, None where an arm is (nearly) empty: their mean
    over any group that was known before the moment is the effect there. values: the same of spend.
    causes and biases: by moment, the strongest known cause, and the bias that a hidden one just as strong would make.
    shuffled (moments, groups): the effect of the moment dealt anew within its missions, which has none.
    unseen (moments,): how far an effect may be off, and which way, by a cause that no export tells and that several
    moments share; 0 where none is seen.
    """

    measured: Measured
    verdicts: Verdicts
    reasons: Reasons
    others: dict[str, Verdicts]
    influences: tuple[Influence | None, ...]
    values: tuple[Influence | None, ...]
    balances: Balances
    causes: list[str | None]
    biases: Floats
    shuffled: Floats
    unseen: Floats


def build(run: Run, session: Session) -> None:
    """Makes ranking.moment_ranking, one row a mission (and ALL) and moment of the map; then what moments leave."""
    _models(run, session)
    for part in ("surroundings", "orderings"):
        session.model(f"ranking.{part}", keep=False)
    trials, among = read_trials(session, run.journey_map, _told_elsewhere(run, session))
    ranked = rank(trials, run.settings.seed, among)
    table = rows(run.journey_map, trials.missions, ranked)
    session.put("ranking.moment_ranking", table, grain=("mission", "moment"))
    worth.build(run, session)
    subgroups.build(run, session, trials, ranked)
    protocols.build(run, session, trials)
    changes.build(session, trials, run.journey_map, ranked.influences)
    connect(session, trials, run.journey_map, run.settings.seed)
    remember(run, session)
    for line in _said(trials, ranked):
        session.log(line)
    session.log(
        f"{len(trials) - trials.learned} of them again, as other graphs of who is who have them: "
        f"{sum(table['depends_on_identity'].to_pylist())} effects depend on that"
    )


def _said(trials: Trials, ranked: Ranked) -> list[str]:
    """The night's findings in two lines of the log."""
    own = ranked.verdicts.verdict[:, :-1]
    named, told = np.isin(own, ["drives", "harms"]).sum(), (own != "cannot_tell").sum()
    why = {
        reason: int((ranked.reasons[:, :-1] == reason).sum()) for reason in np.unique(ranked.reasons[:, :-1]) if reason
    }
    open_ = ", ".join(f"{number} {reason}" for reason, number in why.items()) or "none"
    unseen = int((ranked.unseen != 0).sum())
    shared = f"; {unseen} moments share a cause that no export tells" if unseen else ""
    return [
        f"{trials.learned} journeys followed up, {len(trials.sub_step_of)} moments, {len(trials.missions)} missions: "
        f"{told} of {own.size} effects told, {named} named",
        f"cannot tell: {open_}{shared}",
    ]


def _models(run: Run, session: Session) -> None:
    """What tells of a followed-up journey, and depends on who is who."""
    session.model("ranking.followed", keep=False, horizon_days=run.journey_map.horizon_days)
    for part in ("felt_before", "entries", "members"):
        session.model(f"ranking.{part}", keep=False)


def _told_elsewhere(run: Run, session: Session) -> dict[str, Told]:
    """By graph, the followed-up journeys of the people who are grouped differently on it; none: no entry."""
    found = {}
    for graph in graphs.regrouped(session):
        with graphs.beside(session, graph, THEIRS, SHARED):
            _models(run, session)
            found[graph] = read_told(session, run.journey_map)
    return {graph: told for graph, told in found.items() if len(told.journey)}


def rank(trials: Trials, seed: int, among: Mapping[str, Bools]) -> Ranked:
    """From trials to what is said; `among` marks, by graph, the rows (n,) that make up its trials."""
    none: list[Influence | None] = [None] * len(trials.sub_step_of)
    influences, values, placebos, dealt = none, none, none, none
    pulls = np.zeros(len(none))
    again = shuffled(trials, seed)
    if trials.learned:
        fitted = MomentEffects(seed).fit(trials)
        influences, values, placebos = fitted.influences_, fitted.values_, fitted.placebos_
        pulls = fitted.pulls_
        dealt = MomentEffects(seed, repeats=1).fit(again).influences_
    main = np.arange(len(trials)) < trials.learned
    null = measure(again, dealt, none, np.ones(len(again), dtype=bool))
    first = measure(trials, influences, placebos, main, values)
    unseen = bias(first.effect[:, -1], pulls, float(trials.outcome[main].std()) if trials.learned else 0.0)
    measured, verdicts, why = _judged(first, null, unseen, seed)
    others = {
        graph: _judged(measure(trials, influences, placebos, theirs), null, unseen, seed)[1]
        for graph, theirs in among.items()
    }
    known = plain(trials)
    causes, biases = strongest_known(trials, known, influences, seed)
    return Ranked(
        measured, verdicts, why, others, _among(influences, main), _among(values, main),
        _of(balances(trials, known, influences, main)), causes, biases, _of(null).effect, unseen,
    )  # fmt: skip


def _among(influences: Sequence[Influence | None], rows_: Bools) -> tuple[Influence | None, ...]:
    return tuple(None if one is None else one.among(rows_) for one in influences)


def _of(tables: Tables) -> Tables:
    """The columns that are shown: the missions, and all."""
    k = next(iter(vars(tables).values())).shape[1] - 2
    shown = np.r_[0:k, k + 1]
    return type(tables)(**{name: table[:, shown] for name, table in vars(tables).items()})


def _judged(measured: Measured, null: Measured, unseen: Floats, seed: int) -> tuple[Measured, Verdicts, Reasons]:
    """What was measured by mission and for all, what is said of it, and why nothing is where nothing is; null: of the
    moments dealt anew; unseen: how far each moment's effects may be off, (m,)."""
    measured = widened(measured, unseen)
    k = measured.effect.shape[1] - 2
    useful = enough(measured)
    effect = np.where(useful, measured.effect, np.nan)
    draws = pooled_draws(effect[:, : k + 1], measured.error[:, : k + 1], measured.shared[:, : k + 1], seed)
    shares = measured.eligible[:, : k + 1] / np.maximum(1, measured.eligible[:, -1:])
    overall = (draws * shares[:, :, None]).sum(axis=1, keepdims=True)
    thin = np.flatnonzero((shares * useful[:, : k + 1]).sum(axis=1) < MEASURED)
    overall[thin] = _unpooled(measured.effect[thin, -1:], measured.error[thin, -1:], seed)
    shown = np.r_[0:k, k + 1]
    draws = np.concatenate([draws[:, :k], overall], axis=1)
    draws[~useful[:, shown]] = np.nan  # only what the other missions say: not this one's effect
    fails = {
        "past_placebo": placebo_fails(measured.placebo, measured.placebo_error),
        "shuffled_placebo": placebo_fails(null.effect, null.error),
    }
    why = reasons(measured, unseen, fails)[:, shown]
    return _of(measured), judge(draws, why == ""), why


def _unpooled(effect: Floats, error: Floats, seed: int) -> Floats:
    """Draws (m, 1, DRAWS) of what was measured of all journeys at once, (m, 1), with nothing borrowed."""
    noise = np.random.default_rng(seed).standard_normal(DRAWS)
    out: Floats = effect[:, :, None] + error[:, :, None] * noise
    return out


def rows(journey_map: JourneyMap, missions: Sequence[str], ranked: Ranked) -> "pa.Table":
    """The mart's rows, one a mission (ALL first) and moment of the map."""
    import pyarrow as pa

    measured, verdicts = ranked.measured, ranked.verdicts
    moments = journey_map.moments()
    order = [(m, g) for g in (len(missions), *range(len(missions))) for m in range(len(moments))]
    at = tuple(np.array(order, dtype=np.int64).reshape(-1, 2).T)
    names = [*missions, ALL]
    columns = {"mission": pa.array([names[g] for _, g in order], pa.string())}
    for name in ("step", "sub_step", "moment", "type", "micro_moment"):
        columns[name] = pa.array([getattr(moments[m], name) for m, _ in order], pa.string())
    columns |= {name: pa.array(getattr(measured, name)[at], pa.int64()) for name in ("eligible", "exposed")}
    columns["unexposed"] = pa.array((measured.eligible - measured.exposed)[at], pa.int64())
    figures = _figures(measured, verdicts) | _judgement(ranked)
    columns |= {name: pa.array(x[at], pa.float64(), from_pandas=True) for name, x in figures.items()}
    causes = [UNSEEN if unseen else known for known, unseen in zip(ranked.causes, ranked.unseen, strict=True)]
    columns["sensitivity_cause"] = pa.array([causes[m] for m, _ in order], pa.string())
    columns["verdict"] = pa.array(verdicts.verdict[at].tolist(), pa.string())
    columns["reason"] = pa.array([reason or None for reason in ranked.reasons[at]], pa.string())
    for name in ("rank", "rank_low", "rank_high"):
        columns[name] = pa.array(getattr(verdicts, name)[at], pa.int64(), from_pandas=True)
    for graph in graphs.GRAPHS:
        said = ranked.others.get(graph, verdicts)
        columns[f"effect_{graph}"] = pa.array(said.effect[at], pa.float64(), from_pandas=True)
        columns[f"verdict_{graph}"] = pa.array(said.verdict[at].tolist(), pa.string())
    columns["depends_on_identity"] = pa.array(depends(verdicts, ranked.others.values())[at], pa.bool_())
    return pa.table(columns)


def depends(verdicts: Verdicts, others: Iterable[Verdicts]) -> Bools:
    """Where another graph of who is who says something else: another verdict, or an effect that is off by more than
    the standard error of the main one (half its interval by 1.96), so that it is no longer the same finding."""
    found = np.zeros(verdicts.verdict.shape, dtype=bool)
    for other in others:
        with np.errstate(invalid="ignore"):
            moved = np.abs(other.effect - verdicts.effect) > (verdicts.high - verdicts.low) / (2 * Z95)
        found |= moved | (other.verdict != verdicts.verdict)
    return found


def _figures(measured: Measured, verdicts: Verdicts) -> dict[str, Floats]:
    """The mart's figures by name; nan where there is none."""
    reach = Z95 * measured.error
    told = verdicts.verdict != "cannot_tell"
    return {
        "effect": verdicts.effect,
        "ci_low": verdicts.low,
        "ci_high": verdicts.high,
        "effect_unpooled": measured.effect,
        "ci_low_unpooled": measured.effect - reach,
        "ci_high_unpooled": measured.effect + reach,
        "p_value": measured.p_value(),
        "q_value": verdicts.q_value,
        "naive_difference": measured.naive,
        "smallest_detectable_effect": measured.detectable(),
        "overlap": measured.overlap,
        "placebo_effect": measured.placebo,
        "sensitivity": np.where(told, e_value(verdicts.effect, measured.control), np.nan),
        "value_effect": measured.value,
        "value_ci_low": measured.value - Z95 * measured.value_error,
        "value_ci_high": measured.value + Z95 * measured.value_error,
    }


def _judgement(ranked: Ranked) -> dict[str, Floats]:
    """What a reader needs to judge an effect by; nan where there is none."""
    measured = ranked.measured
    told = ranked.verdicts.verdict != "cannot_tell"
    unseen = np.abs(ranked.unseen[:, None]) + np.zeros(told.shape)
    with np.errstate(invalid="ignore", divide="ignore"):
        of_known = np.where(told, np.abs(ranked.verdicts.effect) / ranked.biases[:, None], np.nan)
        times = np.where(unseen > 0, np.abs(measured.effect) / unseen, of_known)
    return {
        "outside_overlap": 1 - measured.overlap,
        "balance_before": ranked.balances.before,
        "balance_after": ranked.balances.after,
        "effective_sample_size": ranked.balances.effective,
        "sensitivity_times": times,
        "unseen_bias": np.where(np.isnan(measured.effect), np.nan, unseen),
        "shuffled_effect": ranked.shuffled,
    }
