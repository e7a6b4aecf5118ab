"""The house style of SQL models, held by tests: honest headers, portable constructs, near 50 lines."""

from pathlib import Path

import pytest
import sqlglot
from sqlglot import exp

from pipeline.stages import STAGES
from pipeline.warehouse import SQL, read_model

MODELS = sorted(SQL.glob("*/*.sql"))
TABLES = [f"{path.parent.name}.{path.stem}" for path in MODELS]

# What gives the same rows on DuckDB and on Spark; found by running both on the same data.
FUNCTIONS = set(
    """
    abs array_agg array_sort
    and or array array_length arraycontains avg bool_and bool_or case cast ceil coalesce concat contains
    corr count cume_dist date datediff dateadd datetrunc dense_rank exists exp explode extract filter
    first_value firstvalue floor generate_series generateseries greatest if initcap inline jsonextract json_extract
    jsonextractscalar json_extract_string lag last_value lastvalue lead least left length levenshtein list
    list_contains list_sort list_transform ln log logical_and logical_or lower ltrim max md5 median min month ntile
    nullif pow power quarter rank regexp_extract regexp_extract_all regexp_full_match regexp_matches regexp_replace
    regexpextract regexpfullmatch regexplike regexpreplace regexp_like replace right round row_number rownumber rpad
    lpad
    sha2 sha256 sign sortarray split split_part splitpart sqrt startswith starts_with endswith ends_with stddev
    stddev_samp stddev_pop strftime string_agg groupconcat struct substring substr sum timetostr trim trycast try_cast
    transform arg_max arg_min argmax argmin unnest upper var_pop var_samp variance year day hour dayofweek dayofyear
    string_split stringsplit strposition translate reverse ascii chr hex struct_extract structextract like
    array_to_string arraytostring list_distinct arraydistinct list_filter arrayfilter jaro_winkler_similarity
    """.split()
)


def test_there_are_models() -> None:
    assert len(MODELS) > 30


@pytest.mark.parametrize("table", TABLES)
def test_header_tells_what_the_query_reads_and_takes(table: str) -> None:
    model = read_model(table)
    tree = sqlglot.parse_one(model.sql, read="duckdb")
    ctes = {cte.alias for cte in tree.find_all(exp.CTE)}
    read = {t.sql(dialect="duckdb").split(" ")[0] for t in tree.find_all(exp.Table) if t.db or t.name not in ctes}
    params = {p.name for p in tree.find_all(exp.Parameter)} | {p.name for p in tree.find_all(exp.Placeholder)}
    assert read == set(model.reads)
    assert params == set(model.params)


@pytest.mark.parametrize("path", MODELS, ids=TABLES)
def test_model_is_a_bare_select_of_readable_length(path: Path) -> None:
    text = path.read_text("utf-8")
    lines = text.splitlines()
    assert lines[0].startswith(f"-- {path.parent.name}.{path.stem}: ")
    assert len(lines) <= 120
    assert text.split("\n-- params")[1].split("\n", 1)[1].lstrip().startswith(("select", "with"))
    query = text.split("\n-- params")[1]
    assert ";" not in query
    assert "{{" not in query


@pytest.mark.parametrize("table", TABLES)
def test_columns_of_the_grain_are_columns_of_the_model(table: str) -> None:
    model = read_model(table)
    tree = sqlglot.parse_one(model.sql, read="duckdb")
    named = set(tree.named_selects)
    assert model.grain and ("*" in named or set(model.grain) <= named or any("*" in n for n in named))


def test_models_lie_in_folders_of_stages() -> None:
    assert {path.parent.name for path in MODELS} <= set(STAGES)


def names_of(node: exp.Func) -> set[str]:
    if isinstance(node, exp.Anonymous):
        return {node.name.lower()}
    return {node.key.lower(), node.sql_name().lower(), *(n.lower() for n in node.sql_names())}


@pytest.mark.parametrize("table", TABLES)
def test_only_functions_that_give_the_same_rows_on_spark(table: str) -> None:
    tree = sqlglot.parse_one(read_model(table).sql, read="duckdb")
    used = [node for node in tree.find_all(exp.Func) if not isinstance(node, exp.Connector | exp.Predicate)]
    strange = sorted({min(names_of(node)) for node in used if not names_of(node) & FUNCTIONS})
    assert strange == []


@pytest.mark.parametrize("table", TABLES)
def test_no_construct_that_differs_in_silence(table: str) -> None:
    tree = sqlglot.parse_one(read_model(table).sql, read="duckdb")
    assert not list(tree.find_all(exp.Pivot, exp.Command, exp.DDL, exp.DML))
    for node in tree.find_all(exp.Join):
        assert node.method.upper() not in ("ASOF", "POSITIONAL")
    for node in tree.find_all(exp.Union):
        assert not node.args.get("by_name"), "union by name"
    for node in tree.find_all(exp.DateDiff):
        assert str(node.args["unit"]).strip("'").upper() in ("MICROSECOND", "DAY"), node.sql()
        if "DAY" in str(node.args["unit"]).upper():
            for side in (node.this, node.expression):
                assert isinstance(side, exp.Cast) and side.to.is_type("date"), f"cast to date first: {node.sql()}"
    for node in tree.find_all(exp.ArrayAgg):
        assert not isinstance(node.this, exp.Order), "an ordered list differs: sort structs with list_sort"
    for node in tree.find_all(exp.Star):
        assert not node.args.get("replace") and not node.args.get("except_"), "name the columns"
    for window in tree.find_all(exp.Window):
        ordered = isinstance(window.this, exp.RowNumber | exp.Lag | exp.Lead | exp.FirstValue | exp.LastValue)
        assert not ordered or window.args.get("order") or window.alias, f"a window without an order: {window.sql()}"
