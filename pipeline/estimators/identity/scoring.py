"""Sets records beside each other and has splink weigh how alike they are (Fellegi and Sunter 1969, splink 5).

Which records are compared: those that have all columns of a block in common, where the block's value is held by no
more records than the model allows. How rare a value is comes from the model, never from the table at hand.
"""

import hashlib
import logging
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from pipeline.estimators.identity.comparisons import Comparison, Parameters, ScoredPairs, Spec
from pipeline.warehouse import Session

LEAST_U = 1e-6
# Columns of one block hold one value in at most so many pairs; a small table has room for more.
PAIRS_PER_RECORD, PAIRS_OF_SMALL_TABLES = 6, 100_000
PAIRS_PER_RECORD_OF_ALL, PAIRS_OF_SMALL_TABLES_OF_ALL = 20, 3_000_000
# A block that leaves out more than half of its records, because their values are too frequent, is no block.
_LEAST_COVERED = 0.5
# Where all values fit, they may double before they count as too frequent; a value of few records never does.
_LEAST_LIMIT = 100
_FREQUENT_VALUES = 20_000
_CHUNK_PAIRS = 1_000_000


def comparison_settings(comparison: Comparison, parameters: Parameters | None) -> dict[str, Any]:
    """One comparison as splink's settings name it."""
    levels: list[dict[str, Any]] = [
        {"sql_condition": comparison.null, "label_for_charts": "nothing to compare", "is_null_level": True}
    ]
    for place, (condition, frequency_column) in enumerate(comparison.alike):
        level: dict[str, Any] = {
            "sql_condition": condition,
            "label_for_charts": f"level {len(comparison.alike) - place}",
        }
        if frequency_column:
            level |= {"tf_adjustment_column": frequency_column, "tf_minimum_u_value": LEAST_U}
        levels.append(level)
    levels.append({"sql_condition": "ELSE", "label_for_charts": "unlike"})
    known = (parameters or {}).get(comparison.name, {})
    for value, level in zip(range(len(comparison.alike), -1, -1), levels[1:], strict=True):
        level |= {f"{kind}_probability": p for kind, p in known.get(value, {}).items()}
    return {"output_column_name": comparison.name, "comparison_levels": levels}


def open_linker(session: Session, table: str, spec: Spec, parameters: Parameters | None) -> Any:
    """A splink linker over the table."""
    from splink import DuckDBAPI, Linker

    logging.getLogger("splink").setLevel(logging.ERROR)
    view = table.replace(".", "_")  # splink looks a table's columns up without its schema
    session.connection.execute(f"create or replace view main.{view} as select * from {table}")
    settings = {
        "link_type": "dedupe_only",
        "unique_id_column_name": "record_id",
        "probability_two_random_records_match": 0.5,  # no weight of its own: the prior is linker's
        "comparisons": [comparison_settings(comparison, parameters) for comparison in spec.comparisons],
        "blocking_rules_to_generate_predictions": ["l.record_id = r.record_id"],
        "retain_matching_columns": True,  # splink drops the levels with them
        "retain_intermediate_calculation_columns": True,
    }
    registered = DuckDBAPI(session.connection).register(view)
    return Linker(registered, settings, log_level=logging.ERROR, validate_settings=False)


# -- frequencies ------------------------------------------------------------------------------------------------------


def value_hash(value: str) -> str:
    """How a model names a value: it holds nobody's name or number."""
    return hashlib.sha256(value.encode()).hexdigest()[:16]


def count_values(session: Session, table: str, column: str) -> dict[str, Any]:
    """How frequent a column's values are: share by value_hash of the frequent ones, `rest` of any other."""
    counted = f"select {column} as value, count(*) as n from {table} where {column} is not null group by {column}"
    rows = session.connection.execute(
        f"select substr(sha256(value), 1, 16) as value, n from ({counted})"
        f" where n > 1 order by n desc, value limit {_FREQUENT_VALUES}"
    ).fetchall()
    total, distinct = session.connection.execute(f"select coalesce(sum(n), 0), count(*) from ({counted})").fetchall()[0]
    others, rare = float(total) - sum(n for _, n in rows), distinct - len(rows)
    rest = others / rare / float(total) if rare and total else 1.0 / max(float(total), 1.0)
    shares = {value: round(n / float(total), 10) for value, n in sorted(rows)}
    return {"shares": shares, "rest": round(rest, 10)}


def _put_frequencies(session: Session, linker: Any, table: str, frequencies: Mapping[str, Mapping[str, Any]]) -> None:
    import pandas as pd
    from splink import DuckDBAPI

    for column, known in frequencies.items():
        shares = pd.DataFrame({"value": list(known["shares"]), "share": list(known["shares"].values())})
        shares = shares.astype({"value": "string", "share": "float64"})
        session.put("identity.shares", shares, grain=("value",), keep=False)
        name = f"main.frequency_of_{column}"
        session.connection.execute(
            f"create or replace table {name} as select held.{column},"
            f" coalesce(shares.share, {float(known['rest'])!r}::double) as tf_{column}"
            f" from (select distinct {column} from {table} where {column} is not null) as held"
            f" left join identity.shares as shares on shares.value = substr(sha256(held.{column}), 1, 16)"
        )
        registered = DuckDBAPI(session.connection).register(name.partition(".")[2])
        linker.table_management.register_term_frequency_lookup(registered, column)


# -- blocks -----------------------------------------------------------------------------------------------------------


def choose_blocks(session: Session, table: str, spec: Spec) -> dict[str, int]:
    """The most records that may hold one value of a block, by the block's columns ("born,last_name").

    So many that the block makes at most PAIRS_PER_RECORD pairs a record; a block that cannot is left out, as is one
    that another, whole block implies. The blocks of fewest pairs go first, while all together stay within their budget.
    """
    records = session.count(table)
    every = [_limited(session, table, block, records) for block in spec.blocks]
    whole = [set(block.columns) for block in every if block.is_whole]
    kept = [block for block in every if block.limit and not any(one < set(block.columns) for one in whole)]
    budget = max(PAIRS_PER_RECORD_OF_ALL * records, PAIRS_OF_SMALL_TABLES_OF_ALL)
    chosen, spent = {}, 0.0
    for block in sorted(kept, key=lambda block: block.pairs):
        spent += block.pairs
        if spent <= budget:
            chosen[",".join(block.columns)] = block.limit
    return chosen


@dataclass(frozen=True)
class _Block:
    """limit: the most records that may hold a value, 0 where the block is no use. is_whole: every value is within."""

    columns: tuple[str, ...]
    limit: int
    pairs: float
    is_whole: bool


def _limited(session: Session, table: str, block: tuple[str, ...], records: int) -> _Block:
    sizes = session.connection.execute(
        f"select n, count(*) as times from ({_sizes(table, block)}) group by n order by n"
    ).fetchall()
    pairs = np.cumsum([times * n * (n - 1) / 2 for n, times in sizes])
    held = np.cumsum([times * n for n, times in sizes])
    budget = max(PAIRS_PER_RECORD * records, PAIRS_OF_SMALL_TABLES)
    fits = int(np.searchsorted(pairs, budget, side="right"))
    if not fits or not pairs[fits - 1] or held[fits - 1] < _LEAST_COVERED * held[-1]:
        return _Block(block, 0, 0.0, is_whole=False)
    if fits < len(sizes):
        return _Block(block, int(sizes[fits - 1][0]), float(pairs[fits - 1]), is_whole=False)
    return _Block(block, max(int(2 * sizes[-1][0]), _LEAST_LIMIT), float(pairs[-1]), is_whole=True)


def _sizes(table: str, block: Iterable[str]) -> str:
    columns = ", ".join(block)
    present = " and ".join(f"{column} is not null" for column in block)
    return f"select {columns}, count(*) as n from {table} where {present} group by {columns}"


def put_blocked(session: Session, table: str, blocks: Mapping[str, int], fresh: str | None) -> None:
    """Makes identity.blocked: left_id, right_id (left < right) of every pair that shares a block.

    fresh: only pairs with a record of that table.
    """
    session.connection.execute("create or replace table identity.met (left_id bigint, right_id bigint)")
    for columns, limit in blocks.items():
        session.connection.execute(f"insert into identity.met {_meeting(table, columns.split(','), limit, fresh)}")
    session.connection.execute(
        "create or replace table identity.blocked as select distinct left_id, right_id from identity.met"
    )
    session.drop("identity.met")


def _meeting(table: str, block: list[str], limit: int, fresh: str | None) -> str:
    columns = ", ".join(block)
    present = " and ".join(f"{column} is not null" for column in block)
    held = f"select record_id, {columns} from {table} where {present}"
    alike = " and ".join(f"l.{column} = r.{column}" for column in block)
    if fresh is None:
        small = f"select * from ({held}) qualify count(*) over (partition by {columns}) <= {limit}"
        return (
            f"with held as materialized ({small}) select l.record_id, r.record_id from held as l"
            f" inner join held as r on {alike} and l.record_id < r.record_id"
        )
    asked = f"select * from ({held}) where record_id in (select record_id from {fresh})"
    rows = f"select {columns} from ({asked}) group by {columns}"
    near = f"select * from ({held}) as every semi join ({rows}) as asked using ({columns})"
    small = f"select * from ({near}) qualify count(*) over (partition by {columns}) <= {limit}"
    return (
        f"with held as materialized ({small}), asked as ({asked})"
        f" select least(l.record_id, r.record_id), greatest(l.record_id, r.record_id) from asked as l"
        f" inner join held as r on {alike} and l.record_id <> r.record_id"
    )


# -- weights ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Weights:
    """What is compared, m and u by comparison and level, and how frequent values are by column (see count_values)."""

    spec: Spec
    parameters: Parameters
    frequencies: Mapping[str, Mapping[str, Any]]


def weigh(
    session: Session,
    table: str,
    weights: Weights,
    least: tuple[float, float] | None = None,
    fresh: str | None = None,
) -> None:
    """Makes identity.scored of identity.blocked: record_id_l, record_id_r, gamma_ and weight_ of each comparison.

    least: pairs of groups (column `sure` of the table) whose best weights add up to less than the first are left out;
    where both groups have pairs that reach the second (records of `fresh`: on their side), they stay without weights.
    """
    connection, spec = session.connection, weights.spec
    connection.execute(
        f"create or replace table identity.met_records as select *, coalesce(sure, record_id) as group_id"
        f" from {table} as every semi join"
        " (select left_id as record_id from identity.blocked union all select right_id from identity.blocked)"
        " as met using (record_id)"
    )
    linker = open_linker(session, "identity.met_records", spec, weights.parameters)
    _put_frequencies(session, linker, "identity.met_records", weights.frequencies)
    columns = [f"gamma_{name} tinyint, weight_{name} double" for name in spec.names]
    connection.execute(
        f"create or replace table identity.scored (record_id_l bigint, record_id_r bigint, {', '.join(columns)})"
    )
    # left joins, or the planner may take the inequality for the join's condition
    connection.execute(
        "create or replace table identity.placed as with paired as materialized ("
        "select blocked.left_id, blocked.right_id, l.sure is null and r.sure is null as is_single,"
        " least(l.group_id, r.group_id) as one_group, greatest(l.group_id, r.group_id) as other_group"
        " from identity.blocked as blocked left join identity.met_records as l on blocked.left_id = l.record_id"
        " left join identity.met_records as r on blocked.right_id = r.record_id)"
        " select * from paired where one_group <> other_group"
    )
    _predict_all(session, linker, spec, None if least is None else least[0])
    if least is not None:
        _add_unlikely(session, spec, least[1], fresh)
    session.drop("identity.placed", "identity.met_records")


def _predict_all(session: Session, linker: Any, spec: Spec, least: float | None) -> None:
    single, several = session.connection.execute(
        "select coalesce(sum(is_single::int), 0), coalesce(sum((not is_single)::int), 0) from identity.placed"
    ).fetchall()[0]
    if single:
        _predict(session, linker, spec, "is_single", least=least)
    chunks = math.ceil(several / _CHUNK_PAIRS)
    for chunk in range(chunks):
        _predict(session, linker, spec, f"not is_single and one_group % {chunks} = {chunk}", least_of_groups=least)


def _predict(
    session: Session,
    linker: Any,
    spec: Spec,
    which: str,
    *,
    least: float | None = None,
    least_of_groups: float | None = None,
) -> None:
    from splink import DuckDBAPI

    session.connection.execute(
        "create or replace table main.blocked_chunk as select '0' as match_key, left_id as join_key_l,"
        f" right_id as join_key_r from identity.placed where {which}"
    )
    linker.table_management.register_blocked_pairs_for_predict(DuckDBAPI(session.connection).register("blocked_chunk"))
    bits = None if least is None else least / math.log(2) - 1e-6
    found = linker.inference.predict(threshold_match_weight=bits, warning_mode="never")
    held = {column.unquote().name for column in found.columns}
    columns = ", ".join(
        f"cast(found.gamma_{name} as tinyint) as gamma_{name}, {_weight(held, name)} as weight_{name}"
        for name in spec.names
    )
    rows = f"select record_id_l, record_id_r, {columns} from {found.physical_name} as found"
    if least_of_groups is not None:
        rows = (
            f"with grouped as materialized ({_grouped(rows)}) select * exclude (one_group, other_group)"
            f" from grouped semi join ({_reaching('grouped', spec, least_of_groups)}) as likely"
            " using (one_group, other_group)"
        )
    session.connection.execute(f"insert into identity.scored {rows}")
    found.drop_table_from_database_and_remove_from_cache()


def _grouped(rows: str) -> str:
    """The scored rows with the two groups of their records."""
    return (
        "select scored.*, least(l.group_id, r.group_id) as one_group, greatest(l.group_id, r.group_id) as other_group"
        f" from ({rows}) as scored left join identity.met_records as l on scored.record_id_l = l.record_id"
        " left join identity.met_records as r on scored.record_id_r = r.record_id"
    )


def _reaching(grouped: str, spec: Spec, least: float) -> str:
    """The pairs of groups whose best weights add up to `least`."""
    best = " + ".join(f"coalesce(max(weight_{name}), 0)" for name in spec.names)
    return f"select one_group, other_group from {grouped} group by one_group, other_group having {best} >= {least!r}"


def _add_unlikely(session: Session, spec: Spec, least: float, fresh: str | None) -> None:
    """Names the pairs that were left out, where both groups have a likely pair elsewhere.

    What likely pairs an old record has among old ones is not known here: a fresh record's side is enough.
    """
    likely = f"({_grouped('select * from identity.scored')})"
    session.connection.execute(
        f"create or replace table identity.likely as with likely as ({_reaching(likely, spec, least)})"
        " select one_group as group_id from likely union select other_group from likely"
    )
    if fresh:
        session.connection.execute(
            "insert into identity.likely select group_id from identity.met_records"
            f" where record_id not in (select record_id from {fresh})"
        )
    nothing = ", ".join(f"-1 as gamma_{name}, null as weight_{name}" for name in spec.names)
    session.connection.execute(
        f"insert into identity.scored select left_id, right_id, {nothing} from identity.placed as placed"
        " anti join identity.scored as scored"
        " on placed.left_id = scored.record_id_l and placed.right_id = scored.record_id_r"
        " where placed.one_group in (select group_id from identity.likely)"
        " and placed.other_group in (select group_id from identity.likely)"
    )
    session.drop("identity.likely")


def _weight(held: set[str], name: str) -> str:
    parts = [part for part in (f"mw_{name}", f"mw_tf_adj_{name}") if part in held]
    return f"case when found.gamma_{name} >= 0 then round(({' + '.join(parts)}) * ln(2), 6) end"


def read_scored(session: Session, spec: Spec) -> ScoredPairs:
    """identity.scored as arrays, ordered by left and right."""
    read = session.connection.execute("select * from identity.scored order by record_id_l, record_id_r").fetchnumpy()

    def column(name: str) -> Any:
        return np.ma.filled(np.ma.asarray(read[name], np.float64), np.nan)

    count = len(read["record_id_l"])
    levels = [np.asarray(read[f"gamma_{name}"], np.int8) for name in spec.names]
    weights = [column(f"weight_{name}") for name in spec.names]
    return ScoredPairs(
        np.asarray(read["record_id_l"], np.int64),
        np.asarray(read["record_id_r"], np.int64),
        np.column_stack(weights) if count else np.empty((0, len(spec.names))),
        np.column_stack(levels) if count else np.empty((0, len(spec.names)), np.int8),
    )
