"""Learns how often a person's own records agree (m) and how often strangers' do (u), by splink.

u: all pairs of a fixed sample of records. m: the pairs that keys tie; where these are few, expectation maximisation.
"""

from collections.abc import Mapping
from typing import Any

from pipeline.estimators.identity.comparisons import LEAST_CHANGE, Comparison, Parameters, Spec
from pipeline.estimators.identity.scoring import LEAST_U, open_linker
from pipeline.warehouse import Session

SAMPLE_RECORDS = 1_000
PAIRS_TO_LEARN_FROM = 100
FEWEST_RECORDS = 2
_LEAST_M = 1e-3


def learn_levels(session: Session, table: str, spec: Spec) -> tuple[Parameters, bool]:
    """m and u of every level of every comparison, and whether m was learned: without sure pairs it is a mere start.

    Levels that were never seen get the least that can be told.
    """
    if session.count(table) < FEWEST_RECORDS:
        return {comparison.name: smoothed(comparison, {}, {}) for comparison in spec.comparisons}, True
    strangers = _strangers(session, table, spec)
    start = {c.name: smoothed(c, {}, strangers.get(c.name, {})) for c in spec.comparisons}
    row = session.connection.execute(
        "select coalesce(sum(n * (n - 1) / 2), 0)"
        f" from (select count(*) as n from {table} where sure is not null group by sure)"
    ).fetchall()
    if row[0][0] < PAIRS_TO_LEARN_FROM:
        return start, False
    own = _own(session, table, spec, start)
    return {c.name: smoothed(c, own.get(c.name, {}), strangers.get(c.name, {})) for c in spec.comparisons}, True


def _strangers(session: Session, table: str, spec: Spec) -> Parameters:
    session.connection.execute(
        f"create or replace table identity.sampled as select * from {table}"
        f" order by sha256(cast(record_id as varchar)) limit {SAMPLE_RECORDS}"
    )
    linker = open_linker(session, "identity.sampled", spec, None)
    linker.training.estimate_u_using_random_sampling(
        max_pairs=float(SAMPLE_RECORDS) ** 2, min_count_per_level=None, num_chunks=1
    )
    return _learned(linker)


def _own(session: Session, table: str, spec: Spec, start: Parameters) -> Parameters:
    only_u = {name: {value: {"u": level["u"]} for value, level in levels.items()} for name, levels in start.items()}
    linker = open_linker(session, table, spec, only_u)
    linker.training.estimate_m_from_label_column("sure")
    return _learned(linker)


def _learned(linker: Any) -> Parameters:
    found: Parameters = {}
    for comparison in linker.misc.save_model_to_json()["comparisons"]:
        levels = [level for level in comparison["comparison_levels"] if not level.get("is_null_level")]
        found[comparison["output_column_name"]] = {
            len(levels) - 1 - place: {
                kind: float(level[f"{kind}_probability"])
                for kind in ("m", "u")
                if isinstance(level.get(f"{kind}_probability"), float)
            }
            for place, level in enumerate(levels)
        }
    return found


def smoothed(
    comparison: Comparison, own: Mapping[int, Mapping[str, float]], strangers: Mapping[int, Mapping[str, float]]
) -> dict[int, dict[str, float]]:
    """Every level with both probabilities, rounded so that the last digits of a sum do not matter.

    None is zero; a likeness that was seen in neither kind of pair weighs nothing.
    """
    count = len(comparison.alike)
    start = {value: 0.9 / count if value else 0.1 for value in range(count + 1)}
    u = {value: max(strangers.get(value, {}).get("u", 0.0), LEAST_U) for value in start}
    learned = {value: level["m"] for value, level in own.items() if "m" in level}
    m = {value: max((learned or start).get(value, 0.0), min(_LEAST_M, u[value])) for value in start}
    if comparison.changes:
        m[0] = max(m[0], LEAST_CHANGE)
    if not any("u" in level for level in strangers.values()):
        u = m
    return {
        value: {"m": round(m[value] / sum(m.values()), 8), "u": round(u[value] / sum(u.values()), 8)} for value in start
    }
