"""The effect of one treatment on one outcome of any table, on tables whose truth is planted."""

import numpy as np
import pytest

from pipeline.estimators.effects import Effect, TableError, effect_of
from pipeline.estimators.ridge_logit import expit

Table = tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]


def table(seed: int, rows: int = 1500, *, binary: bool = False, effect: float = 1.0, rare: bool = False) -> Table:
    """A hump of one number and a product of two confound; a word and missing values are about."""
    rng = np.random.default_rng(seed)
    numbers = rng.normal(size=(rows, 4))
    index = (np.abs(numbers[:, 0]) < 0.7) * 1.2 + 0.8 * numbers[:, 1] * numbers[:, 2] - 0.5
    treated = rng.random(rows) < expit(2.5 * index - 4.5 if rare else index)
    mean = index + effect * treated
    outcome = (rng.random(rows) < expit(mean)).astype(float) if binary else 10 * mean + rng.normal(0, 5, rows)
    numbers[::7, 3] = np.nan
    covariates: dict[str, np.ndarray] = {f"x{i}": numbers[:, i] for i in range(4)}
    covariates["word"] = rng.choice(np.array(["a", "b", None], dtype=object), rows)
    return treated, outcome, covariates


def plain(made: Table) -> float:
    treated, outcome, _ = made
    return float(outcome[treated].mean() - outcome[~treated].mean())


def test_a_continuous_effect_is_found_where_a_hump_and_a_product_confound() -> None:
    made = table(1)
    found = effect_of(*made)
    assert found.on == "all"
    assert abs(found.effect - 10) < 3.5 * found.error
    assert plain(made) > 10 + 5 * found.error


def test_a_binary_effect_is_told_as_a_difference_of_chances() -> None:
    made = table(2, 3000, binary=True, effect=0.0)
    found = effect_of(*made)
    assert abs(found.effect) < 3.5 * found.error < 0.1
    assert plain(made) > 3.5 * found.error


def test_an_effect_that_bends_with_what_confounds_is_found() -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(size=(3000, 8))
    corner = (x[:, 0] > 0) & (x[:, 1] > 0) & (x[:, 2] > -0.5)
    either = (x[:, 3] > 0) ^ (x[:, 4] > 0)
    treated = rng.random(3000) < expit(1.5 * corner + 1.2 * either - 1.5)
    gain = 5.0 * corner * either + 2.0 * corner * (x[:, 5] > 0)
    outcome = 4.0 * corner - 3.0 * either * (x[:, 0] > 0) + gain * treated + rng.normal(0, 0.5, 3000)
    found = effect_of(treated, outcome, {f"x{i}": x[:, i] for i in range(8)})
    assert found.error < 0.06
    assert abs(found.effect - gain.mean()) < 3.5 * found.error
    assert plain((treated, outcome, {})) - gain.mean() > 10 * found.error


def test_where_few_could_have_been_in_either_arm_the_effect_is_on_the_treated() -> None:
    treated, outcome, covariates = table(3, 6000, rare=True)
    covariates["far"] = np.where(treated, 0.0, (np.arange(6000) % 10 > 0) * 5.0)
    found = effect_of(treated, outcome, covariates)
    assert (found.on, found.rows, found.treated) == ("treated", 6000, int(treated.sum()))
    assert abs(found.effect - 10) < 3.5 * found.error
    assert effect_of(treated, outcome, covariates, on="all").on == "all"


def test_rows_that_come_many_times_over_make_the_answer_no_surer() -> None:
    treated, outcome, covariates = table(4, 600)
    again = {name: np.repeat(values, 3) for name, values in covariates.items()}
    once = effect_of(treated, outcome, covariates)
    thrice = effect_of(np.repeat(treated, 3), np.repeat(outcome, 3), again, cluster=np.repeat(np.arange(600), 3))
    taken_apart = effect_of(np.repeat(treated, 3), np.repeat(outcome, 3), again)
    assert thrice.error > 0.75 * once.error
    assert thrice.overlap > taken_apart.overlap + 0.1  # copies in other folds give the treatment away


def test_the_same_seed_gives_the_same_answer_and_the_scale_goes_with_the_outcome() -> None:
    treated, outcome, covariates = table(5, 400)
    first = effect_of(treated, outcome, covariates, seed=2)
    assert first == effect_of(treated, outcome, covariates, seed=2)
    large = effect_of(treated, 1000 * outcome + 7, covariates, seed=2)
    assert large.effect == pytest.approx(1000 * first.effect, rel=1e-3)
    assert isinstance(first, Effect)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"outcome": np.full(400, np.nan)}, "missing outcomes"),
        ({"treated": np.zeros(400)}, "too few rows in an arm"),
        ({"treated": np.ones(399)}, "different lengths"),
        ({"on": "some"}, "unknown rows"),
    ],
)
def test_what_cannot_be_estimated_is_refused(change: dict[str, object], says: str) -> None:
    treated, outcome, covariates = table(6, 400)
    given: dict[str, object] = {"treated": treated, "outcome": outcome, "covariates": covariates} | change
    with pytest.raises(TableError, match=says):
        effect_of(**given)  # type: ignore[arg-type]
