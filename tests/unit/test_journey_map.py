"""The journey map: read with its lines, refused with the line at fault; a `when` is a condition and nothing else."""

from pathlib import Path

import duckdb
import pytest

from pipeline.errors import JourneyMapError
from pipeline.journey_map import Renaming, compiled, load_journey_map, refused

GOOD = """\
brand: Some Company
currency: EUR
journey: {lookback_days: 14, follow_up_days: 10, inactivity_days: 21}
retention: {horizon_days: 90}
steps:
  - name: buy
    sub_steps:
      - name: checkout
        when: "source = 'web' and event = 'Checkout'"
        moments:
          - name: retry
            when: "outcome like '%retry%'"
            type: decision
            micro_moment: buy
"""


def load(tmp_path: Path, text: str):  # noqa: ANN201
    path = tmp_path / "journey.yml"
    path.write_text(text)
    return load_journey_map(path)


def test_a_good_map_is_read_whole(tmp_path: Path) -> None:
    found = load(tmp_path, GOOD)
    assert (found.brand, found.currency, found.horizon_days) == ("Some Company", "EUR", 90)
    assert [(m.step, m.sub_step, m.moment, m.position) for m in found.moments()] == [("buy", "checkout", "retry", 0)]


@pytest.mark.parametrize(
    ("old", "new", "line", "says"),
    [
        ("type: decision", "type: nice", 13, "moment retry: type is not known"),
        ("micro_moment: buy", "micro_momnt: buy", 14, "unknown key"),
        ("currency: EUR", "currency: euro", 2, "ISO 4217"),
        ("lookback_days: 14", "lookback_days: two", 3, "lookback_days"),
        ("name: retry", "name: Retry!", 11, "plain name"),
        ("outcome like '%retry%'", "outcomes like '%retry%'", 12, "outcomes is not a column"),
        ("outcome like '%retry%'", "1 = 1; drop table x", 12, "single expression"),
        ("outcome like '%retry%'", "exists (select 1 from x)", 12, "moment retry"),
        ("outcome like '%retry%'", "read_text('/etc/passwd') = 'x'", 12, "function read_text"),
        ("outcome like '%retry%'", "outcome like", 12, "not readable as SQL"),
        ("outcome like '%retry%'", "regexp_matches(event, '(')", 12, "missing )"),
        ("outcome like '%retry%'", "duration_seconds > 'abc'", 12, "Could not convert"),
        ("outcome like '%retry%'", "(" * 5000 + "true" + ")" * 5000, 1, "nested too deep"),
        ("brand: Some Company\n", "", 1, "lacks 'brand'"),
        ("  - name: buy", "  - name: [buy", 7, "not YAML"),
        ("retention:", "missions: [work]\nretention:", 4, "missions must be a mapping"),
        ("retention:", "missions:\n  work: ''\nretention:", 5, "mission work: label must be a text"),
        ("retention:", "missions:\n  work: {name: Business}\nretention:", 5, "mission work has an unknown key"),
        ("retention:", "missions:\n  work: {description: x}\nretention:", 5, "mission work lacks 'label'"),
        ("retention:", "missions:\n  ALL: Everything\nretention:", 5, "'ALL' stands for all journeys"),
        ("retention:", "missions:\n  work: ALL journeys\nretention:", 5, "the name of all journeys"),
        ("retention:", "missions:\n  work: A\n  work: B\nretention:", 6, "two missions have one slug"),
        ("retention:", "missions:\n  work: A\n  rest: a\nretention:", 6, "two missions have one label"),
        ("retention:", f"missions:\n  work: {'x' * 81}\nretention:", 5, "1 to 80 letters"),
    ],
)
def test_a_wrong_map_is_refused_with_its_line(tmp_path: Path, old: str, new: str, line: int, says: str) -> None:
    with pytest.raises(JourneyMapError) as caught:
        load(tmp_path, GOOD.replace(old, new))
    assert f"journey.yml, line {line}" in str(caught.value) or "too deep" in says
    assert says in str(caught.value)


def test_two_moments_of_one_name_are_refused(tmp_path: Path) -> None:
    again = GOOD[GOOD.index("          - name: retry") :]
    with pytest.raises(JourneyMapError, match=r"two moments have one name \(seen: 'retry'\)"):
        load(tmp_path, GOOD + again)


def test_missions_are_renamed_by_their_slugs(tmp_path: Path) -> None:
    text = "missions:\n  ausflüge_zoo: Days out\n  work: {label: '<b>On\u202e business</b>', description: Desks.}\n"
    assert load(tmp_path, GOOD + text).missions == (
        Renaming("ausflüge_zoo", "Days out", None),
        Renaming("work", "<b>On business</b>", "Desks."),
    )
    assert load(tmp_path, GOOD).missions == load(tmp_path, GOOD + "missions:\n").missions == ()


@pytest.mark.parametrize(
    "when",
    [
        "duration_seconds > 1000 and not (amount is null)",
        "event in ('a', 'b') or rating between 0 and 3",
        "attributes ->> '$.size' = 'XL'",
        "cast(attributes ->> '$.n' as integer) > 2",
        "lower(text) ilike '%late%' or regexp_matches(outcome, '^late')",
        "case when rating > 5 then true else false end",
    ],
)
def test_ordinary_conditions_are_allowed(when: str) -> None:
    assert refused(when) == ""


@pytest.mark.parametrize(
    "when",
    [
        "lower(text)", "source", "getenv('HOME') = 'x'", "touches.event = 'a'", "event = $x", "event = ?", "",
        "random() > 0.5", "event = (select 'a')", "current_date > '2020-01-01'", "1 = 1 union select 1",
        "copy x to 'y'",
    ],
)  # fmt: skip
def test_anything_else_is_refused(when: str) -> None:
    assert refused(when) != ""


def test_a_cast_that_does_not_fit_is_false_and_not_an_error() -> None:
    condition = compiled("cast(outcome as integer) > 2 -- a comment")
    rows = duckdb.sql(f"select {condition} from (values ('3'), ('1'), ('x'), (null)) as t(outcome)").fetchall()
    assert rows == [(True,), (False,), (False,), (False,)]
