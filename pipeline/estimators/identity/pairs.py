"""The pair model: splink compares two records' profiles, and weighs how much each agreement says.

What is learned is plain numbers (m: how often a person's own records agree so; u: how often strangers' do), kept and
reused night after night; the SQL of the comparisons stays here. Method: Fellegi and Sunter 1969, splink 5.
"""

import logging
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.estimators.identity.comparisons import ScoredPairs
from pipeline.warehouse import Session

if TYPE_CHECKING:
    import pandas as pd

Parameters = dict[str, dict[int, dict[str, float]]]

SAMPLE_RECORDS = 1_000
PAIRS_TO_LEARN_FROM = 100
FEWEST_RECORDS = 2
_LEAST_M, _LEAST_U = 1e-3, 1e-6
# What people change in the course of years, which a first delivery may not show yet: one pair in twenty is taken to
# differ at the least. An assumption, not an estimate: without it, the first night's model rules out every move.
_CHANGED_BY_ITS_OWNER, _LEAST_CHANGE = ("address", "phone", "email_local", "devices"), 0.05
_SWAPPED = "first_name_l = last_name_r and last_name_l = first_name_r"


def _near(column: str, similarity: float) -> str:
    left, right = f"{column}_l", f"{column}_r"
    return f"damerau_levenshtein({left}, {right}) <= 1 or jaro_winkler_similarity({left}, {right}) >= {similarity}"


_INITIAL = (
    "least(length(first_name_l), length(first_name_r)) = 1 and substr(first_name_l, 1, 1) = substr(first_name_r, 1, 1)"
)
_SHORTENED = (
    "first_root_l = first_root_r or starts_with(first_name_l, first_name_r) or starts_with(first_name_r, first_name_l)"
)
_NO_ADDRESS = (
    "(street_l is null or street_r is null) and (postcode_l is null or postcode_r is null)"
    " and (city_l is null or city_r is null)"
)
_SAME_STREET, _SAME_POSTCODE = "street_l = street_r", "postcode_l = postcode_r"
_PART_MISSING = (
    f"({_SAME_STREET} and (postcode_l is null or postcode_r is null))"
    f" or ({_SAME_POSTCODE} and (street_l is null or street_r is null))"
)
_ADDRESS_NEAR = f"{_SAME_STREET} or {_SAME_POSTCODE} or damerau_levenshtein(street_l, street_r) <= 1"
_BIRTH_NEAR = (
    "damerau_levenshtein(born_l, born_r) <= 1"
    " or (birth_digits_l = birth_digits_r and levenshtein(born_l, born_r) = 2)"
    " or (substr(born_l, 1, 4) = substr(born_r, 1, 4)"
    " and substr(born_l, 6, 2) = substr(born_r, 9, 2)"
    " and substr(born_l, 9, 2) = substr(born_r, 6, 2))"
)


def _null(*columns: str) -> str:
    return " or ".join(f"{column}_l is null or {column}_r is null" for column in columns)


def _shared(column: str) -> str:
    return f"array_length(list_intersect({column}_l, {column}_r)) >= 1"


# comparison: (null condition, [(condition, term frequency column)], first that is true counts); the rest is "unlike"
COMPARISONS: dict[str, tuple[str, list[tuple[str, str | None]]]] = {
    "first_name": (
        _null("first_name"),
        [
            (_INITIAL, None),
            ("first_name_l = first_name_r", "first_name"),
            (_SWAPPED, None),
            (_SHORTENED, None),
            (_near("first_name", 0.92), None),
        ],
    ),
    "last_name": (
        f"{_null('last_name')} or ({_SWAPPED} and first_name_l <> first_name_r)",
        [("last_name_l = last_name_r", "last_name"), (_near("last_name", 0.92), None)],
    ),
    "birth_date": (
        _null("born"),
        [
            ("born_l = born_r", None),
            (_BIRTH_NEAR, None),
        ],
    ),
    "address": (
        _NO_ADDRESS,
        [
            (f"{_SAME_STREET} and {_SAME_POSTCODE}", None),
            (_PART_MISSING, None),
            (_ADDRESS_NEAR, None),
            ("city_l = city_r", "city"),
        ],
    ),
    "phone": (
        _null("phone"),
        [
            ("phone_l = phone_r", "phone"),
            (_shared("phones"), None),
            ("damerau_levenshtein(phone_l, phone_r) <= 1", None),
        ],
    ),
    "email_local": (
        _null("email_local"),
        [
            ("email_local_l = email_local_r", "email_local"),
            ("damerau_levenshtein(email_local_l, email_local_r) <= 1", None),
        ],
    ),
    "devices": (_null("devices"), [(_shared("devices"), None)]),
}

# a record pair that shares no block is not compared
BLOCKS = (
    ("phone",),
    ("email_local",),
    ("born", "last_name"),
    ("born", "first_name"),
    ("born", "postcode"),
    ("last_name", "postcode"),
    ("first_name", "postcode"),
    ("street", "postcode"),
    ("street", "last_name"),
    ("street", "first_name"),
    ("first_name", "last_name", "city"),
    ("first_name", "last_name"),
    ("born",),
)
PAIRS_PER_RECORD = 6
LEARNING_BLOCKS = (("born",), ("last_name", "first_name"), ("street", "postcode"), ("email_local",), ("phone",))


def _comparison(name: str, parameters: Parameters | None) -> dict[str, Any]:
    null, alike = COMPARISONS[name]
    levels: list[dict[str, Any]] = [
        {"sql_condition": null, "label_for_charts": "nothing to compare", "is_null_level": True}
    ]
    for place, (condition, frequency_column) in enumerate(alike):
        level: dict[str, Any] = {"sql_condition": condition, "label_for_charts": f"level {len(alike) - place}"}
        if frequency_column:
            level |= {"tf_adjustment_column": frequency_column, "tf_minimum_u_value": _LEAST_U}
        levels.append(level)
    levels.append({"sql_condition": "ELSE", "label_for_charts": "unlike"})
    for value, level in zip(range(len(alike), -1, -1), levels[1:], strict=True):
        if parameters and value in parameters.get(name, {}):
            level |= {f"{kind}_probability": p for kind, p in parameters[name][value].items()}
    return {"output_column_name": name, "comparison_levels": levels}


def _settings(parameters: Parameters | None, rules: Iterable[Any]) -> dict[str, Any]:
    return {
        "link_type": "dedupe_only",
        "unique_id_column_name": "record_id",
        "comparisons": [_comparison(name, parameters) for name in COMPARISONS],
        "blocking_rules_to_generate_predictions": list(rules),
        "retain_matching_columns": True,
        "retain_intermediate_calculation_columns": True,
    }


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


def _linker(session: Session, table: str, parameters: Parameters | None, rules: Iterable[Any] = ()) -> Any:
    from splink import DuckDBAPI, Linker

    logging.getLogger("splink").setLevel(logging.ERROR)
    view = table.replace(".", "_")  # splink looks a table's columns up without its schema
    session.connection.execute(f"create or replace view main.{view} as select * from {table}")
    return Linker(
        DuckDBAPI(session.connection).register(view),
        _settings(parameters, rules or ["l.record_id = r.record_id"]),
        log_level=logging.ERROR,
    )


def learn(session: Session) -> Parameters:
    """The parameters of the pair model, from identity.compared (column `sure`: the group that keys tie).

    u: all pairs of a fixed sample of records. m: the pairs that keys tie; where these are few, splink's
    expectation maximisation on blocks. Levels that were never seen get the least that can be told.
    """
    if session.count("identity.compared") < FEWEST_RECORDS:
        return {name: _smoothed(name, {}, {}) for name in COMPARISONS}
    pairs = session.connection.execute(
        "select coalesce(sum(n * (n - 1) / 2), 0)"
        " from (select count(*) as n from identity.compared where sure is not null group by sure)"
    ).fetchone()
    strangers = _strangers(session)
    own = _own(session, strangers, enough=bool(pairs and pairs[0] >= PAIRS_TO_LEARN_FROM))
    return {name: _smoothed(name, own.get(name, {}), strangers.get(name, {})) for name in COMPARISONS}


def _strangers(session: Session) -> Parameters:
    session.connection.execute(
        "create or replace table identity.sampled as select * from identity.compared"
        f" order by sha256(cast(record_id as varchar)) limit {SAMPLE_RECORDS}"
    )
    linker = _linker(session, "identity.sampled", None)
    linker.training.estimate_u_using_random_sampling(
        max_pairs=float(SAMPLE_RECORDS) ** 2, min_count_per_level=None, num_chunks=1
    )
    return _learned(linker)


def _own(session: Session, strangers: Parameters, *, enough: bool) -> Parameters:
    from splink.internals.exceptions import EMTrainingException

    start = {name: _smoothed(name, {}, strangers.get(name, {})) for name in COMPARISONS}
    if enough:
        only_u = {name: {value: {"u": level["u"]} for value, level in levels.items()} for name, levels in start.items()}
        linker = _linker(session, "identity.compared", only_u)
        linker.training.estimate_m_from_label_column("sure")
        return _learned(linker)
    linker = _linker(session, "identity.compared", start)
    for block in LEARNING_BLOCKS:
        rule = " and ".join(f"l.{column} = r.{column}" for column in block)
        try:
            linker.training.estimate_parameters_using_expectation_maximisation(rule)
        except (EMTrainingException, ValueError):  # too few pairs in the block: a likeness never occurs in it
            continue
    return _learned(linker)


def _smoothed(
    name: str, own: Mapping[int, Mapping[str, float]], strangers: Mapping[int, Mapping[str, float]]
) -> dict[int, dict[str, float]]:
    """Every level with both probabilities, rounded so that the last digits of a sum do not matter.

    None is zero; a likeness that was seen in neither kind of pair weighs nothing.
    """
    count = len(COMPARISONS[name][1])
    start = {value: 0.9 / count if value else 0.1 for value in range(count + 1)}
    u = {value: max(strangers.get(value, {}).get("u", 0.0), _LEAST_U) for value in start}
    learned = {value: level["m"] for value, level in own.items() if "m" in level}
    m = {value: max((learned or start).get(value, 0.0), min(_LEAST_M, u[value])) for value in start}
    if name in _CHANGED_BY_ITS_OWNER:
        m[0] = max(m[0], _LEAST_CHANGE)
    if not any("u" in level for level in strangers.values()):
        u = m
    return {
        value: {"m": round(m[value] / sum(m.values()), 8), "u": round(u[value] / sum(u.values()), 8)} for value in start
    }


def score(session: Session, parameters: Parameters) -> ScoredPairs:
    """Every pair of identity.compared that shares a block, compared; a block of too many pairs is left out."""
    linker = _linker(session, "identity.compared", parameters, _rules(session))
    found = linker.inference.predict(warning_mode="never")
    columns = ", ".join(
        f"cast(gamma_{name} as tinyint) as gamma_{name}, {_weight(found, name)} as weight_{name}"
        for name in COMPARISONS
    )
    session.connection.execute(
        "create or replace table identity.scored as"
        f" select record_id_l, record_id_r, {columns} from {found.physical_name} order by record_id_l, record_id_r"
    )
    found.drop_table_from_database_and_remove_from_cache()
    return _as_arrays(session.frame("identity.scored"))


def _weight(found: Any, name: str) -> str:
    names = {column.unquote().name for column in found.columns}
    parts = [part for part in (f"mw_{name}", f"mw_tf_adj_{name}") if part in names]
    return f"round(({' + '.join(parts)}) * ln(2), 6)"


def _as_arrays(pairs: "pd.DataFrame") -> ScoredPairs:
    levels = np.column_stack([pairs[f"gamma_{name}"].to_numpy(np.int8) for name in COMPARISONS])
    weights = np.column_stack([pairs[f"weight_{name}"].to_numpy(np.float64) for name in COMPARISONS])
    return ScoredPairs(
        pairs["record_id_l"].to_numpy(np.int64),
        pairs["record_id_r"].to_numpy(np.int64),
        np.where(levels >= 0, weights, np.nan),
        levels,
    )


def _rules(session: Session) -> list[str]:
    records = session.count("identity.compared")
    return [
        " and ".join(f"l.{column} = r.{column}" for column in block)
        for block in BLOCKS
        if _block_pairs(session, block) <= PAIRS_PER_RECORD * records
    ]


def _block_pairs(session: Session, block: tuple[str, ...]) -> float:
    columns = ", ".join(block)
    present = " and ".join(f"{column} is not null" for column in block)
    row = session.connection.execute(
        "select coalesce(sum(cast(n as double) * (n - 1) / 2), 0)"
        f" from (select count(*) as n from identity.compared where {present} group by {columns})"
    ).fetchone()
    return float(row[0]) if row else 0.0
