"""benchmarks/effects.py takes any table: what it takes for what, what it refuses, how its rows read."""

import importlib
import pickle
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
PLANTED = 2.0


@pytest.fixture
def tables(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module("effect_tables")


@pytest.fixture
def effects(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module("effects")


@pytest.fixture
def table() -> pd.DataFrame:
    """600 rows: those with the larger size and of kind a are treated more often and have more anyway."""
    rng = np.random.default_rng(5)
    size, kind = rng.standard_normal(600), rng.choice(["a", "b", "c"], 600)
    push = size + (kind == "a")
    treated = rng.random(600) < 1 / (1 + np.exp(-push))
    frame = pd.DataFrame({"drug": np.where(treated, "given", "none"), "size": size, "kind": kind})
    frame["gain"] = PLANTED * treated + 3 * push + rng.standard_normal(600)
    frame["fan"] = rng.random(600) < 0.5
    frame.loc[::7, "size"] = np.nan
    frame.loc[::11, "kind"] = None
    frame["is_up"] = np.where(frame["gain"] > frame["gain"].median(), "yes", "no")
    frame["person"] = np.arange(600) // 3
    return frame


def put(frame: pd.DataFrame, folder: Path, ending: str = "csv") -> str:
    path = folder / f"table.{ending}"
    frame.to_parquet(path) if ending == "parquet" else frame.to_csv(path, index=False)
    return str(path)


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_words_booleans_and_gaps_are_covariates_of_every_method(
    tables: ModuleType, table: pd.DataFrame, tmp_path: Path, ending: str
) -> None:
    data, said = tables.prepare(put(table, tmp_path, ending), "drug", "gain", ["size,kind fan"], "person")
    assert data.treated.sum() == (table["drug"] == "given").sum()
    assert not data.binary
    assert list(data.covariates) == ["size", "kind", "fan"]
    assert np.isnan(data.covariates["size"]).sum() == table["size"].isna().sum()
    assert set(data.covariates["kind"]) == {"a", "b", "c", None}
    assert set(data.covariates["fan"]) == {0.0, 1.0}
    assert data.plain.shape == (600, 6)  # size and its gaps, three of four kinds, fan
    assert np.isfinite(data.plain).all()
    assert data.cluster.max() == 199
    assert "treatment: drug = given (" in said[1]


def test_by_default_all_other_columns_adjust_but_what_says_nothing(
    tables: ModuleType, table: pd.DataFrame, tmp_path: Path
) -> None:
    table = table.assign(code=[f"c{i}" for i in range(600)], same=1, empty=None, arm=table["drug"] + "!")
    data, said = tables.prepare(put(table.drop(columns=["gain", "person"]), tmp_path), "drug", "is_up", [], None)
    assert list(data.covariates) == ["size", "kind", "fan"]
    assert data.binary
    assert set(data.outcome) == {0.0, 1.0}
    assert [line.split(",")[0] for line in said if line.startswith("left out")] == [
        f"left out: {name}" for name in ("code", "same", "empty", "arm")
    ]


def test_dates_are_days_and_not_words(tables: ModuleType, table: pd.DataFrame, tmp_path: Path) -> None:
    table["seen_on"] = pd.Series(["2024-01-01", "2024-01-03", None, "2024-02-01"] * 150)
    days = tables.prepare(put(table, tmp_path), "drug", "gain", ["seen_on"], None)[0].covariates["seen_on"]
    assert (days - days[0])[:4].tolist() == pytest.approx([0, 2, np.nan, 31], nan_ok=True)


def test_rows_without_treatment_or_outcome_are_left_out_and_counted(
    tables: ModuleType, table: pd.DataFrame, tmp_path: Path
) -> None:
    table.loc[:9, "drug"] = None
    table.loc[5:14, "gain"] = np.nan
    data, said = tables.prepare(put(table, tmp_path), "drug", "gain", ["size"], None)
    assert len(data.treated) == 585
    assert "left out: 15 rows" in said[1]


def test_separators_and_names_with_spaces_are_understood(
    tables: ModuleType, table: pd.DataFrame, tmp_path: Path
) -> None:
    path = tmp_path / "t.csv"
    table.rename(columns={"size": "size of it"}).to_csv(path, index=False, sep=";")
    data, _ = tables.prepare(str(path), "drug", "gain", ["size of it,kind"], None)
    assert list(data.covariates) == ["size of it", "kind"]


def refused(tables: ModuleType, frame: pd.DataFrame, folder: Path, *given: object) -> str:
    with pytest.raises(tables.TableError) as error:
        tables.prepare(put(frame, folder), *given)
    return str(error.value)


def test_what_cannot_be_used_is_refused_in_words(tables: ModuleType, table: pd.DataFrame, tmp_path: Path) -> None:
    said = refused(tables, table, tmp_path, "drugs", "gain", [], None)
    assert "no column 'drugs'" in said
    assert "'drug'" in said
    assert "it has 3: 'a', 'b', 'c'" in refused(tables, table, tmp_path, "kind", "gain", [], None)
    assert "is 1 in every row" in refused(tables, table.assign(gain=1), tmp_path, "drug", "gain", [], None)
    assert "no row has 'gain'" in refused(tables, table.assign(gain=np.nan), tmp_path, "drug", "gain", [], None)
    assert "must be numbers" in refused(tables, table, tmp_path, "drug", "kind", [], None)
    assert "cannot be a covariate" in refused(tables, table, tmp_path, "drug", "gain", ["size", "drug"], None)
    few = table.assign(drug=np.where(table.index < 3, "given", "none"))
    assert "3 rows with it" in refused(tables, few, tmp_path, "drug", "gain", [], None)
    leak = table.assign(arm=table["drug"] + "!")
    assert "leave it out" in refused(tables, leak, tmp_path, "drug", "gain", ["arm"], None)
    with pytest.raises(tables.TableError, match="no such file"):
        tables.prepare(str(tmp_path / "nothing.csv"), "drug", "gain", [], None)


def test_ours_and_regression_find_what_was_planted_and_a_plain_comparison_does_not(
    effects: ModuleType, tables: ModuleType, table: pd.DataFrame, tmp_path: Path
) -> None:
    path = put(table.fillna({"size": 0.0, "kind": "b"}), tmp_path)
    data, _ = tables.prepare(path, "drug", "gain", ["size", "kind"], "person")
    place = tmp_path / "data.pickle"
    place.write_bytes(pickle.dumps(data))
    methods = ("ours", "regression", "plain difference")
    ours, regression, plain = (effects.measured(name, str(place), None, 1).estimates[0] for name in methods)
    assert plain.low > PLANTED + 1
    assert regression.low < PLANTED + 0.5
    assert abs(ours.effect - PLANTED) < abs(plain.effect - PLANTED) / 3
    assert ours.low < ours.effect < ours.high
    assert ours.on == "all"


def test_a_logit_is_averaged_into_a_change_of_the_probability(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    methods, tables = (importlib.import_module(name) for name in ("effect_methods", "effect_tables"))
    rng = np.random.default_rng(1)
    x, treated = rng.standard_normal(20_000), (rng.random(20_000) < 0.5).astype(float)
    chance = [1 / (1 + np.exp(-(x - 0.5 + value))) for value in (0.0, 1.0)]
    outcome = (rng.random(20_000) < np.where(treated > 0, chance[1], chance[0])).astype(float)
    data = tables.Data(treated, outcome, {"x": x}, x[:, None], None, True)
    found = methods.regression()(data, "all", 0)
    truth = float((chance[1] - chance[0]).mean())
    assert found.effect == pytest.approx(truth, abs=0.01)
    assert 0.008 < found.high - found.low < 0.05
    clustered = tables.Data(
        np.tile(treated, 2), np.tile(outcome, 2), {}, np.tile(x[:, None], (2, 1)), np.tile(np.arange(20_000), 2), True
    )
    twice = methods.regression()(clustered, "all", 0)
    assert twice.high - twice.low == pytest.approx(found.high - found.low, rel=0.01)


def test_a_library_that_is_missing_is_skipped_loudly(
    effects: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def absent() -> None:
        raise ImportError(name="doubleml")

    monkeypatch.setitem(effects.METHODS, "regression", absent)
    result = effects.measured("regression", str(tmp_path / "unread"), None, 1)
    assert result.skipped == "not installed (doubleml)"
    assert "skipped: not installed (doubleml)" in effects.line(result, 1.0, None)


def test_a_row_of_the_table_tells_the_median_and_how_often_the_interval_holds(effects: ModuleType) -> None:
    found = tuple(effects.Estimate(e, e - 1, e + 1, "all") for e in (1.0, 2.0, 6.0))
    row = effects.line(effects.Result("one", found, (4.0, 2.0, 9.0), 100.0), 2.5, 0.5)
    assert row == "| one | 2 | 1 to 3 | 0.5 | 1 of 3 | 4.00 | 8.0 | 100 |"


def test_arguments_that_do_not_fit_end_with_their_reason(
    effects: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for given, reason in (
        (["t.csv"], "go together"),
        (["t.csv", "--treatment", "a", "--outcome", "b", "--seeds", "0"], "at least one"),
        (["--made", "10"], "at least 1,000 journeys"),
    ):
        monkeypatch.setattr("sys.argv", ["effects.py", *given])
        with pytest.raises(SystemExit):
            effects.main()
        assert reason in capsys.readouterr().err
