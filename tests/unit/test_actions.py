"""What staff are told, on a made-up night: of whom, which moment, why, and never more than the caps allow."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.unit import front_case as case

Tables = dict[str, list[dict[str, Any]]]


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    return case.acted(tmp_path_factory.mktemp("night") / "actions")


def card(night: Tables, name: str) -> dict[str, Any]:
    return next(row for row in night["cards"] if row["customer_id"] == f"C-{name}")


def suggested(night: Tables, name: str) -> list[str]:
    rows = sorted(night["next_moments"], key=lambda row: row["nth"])
    return [row["moment"] for row in rows if row["customer_id"] == f"C-{name}"]


def test_only_who_agreed_and_is_on_a_journey_has_a_card(night: Tables) -> None:
    names = {row["customer_id"].removeprefix("C-") for row in night["cards"]}
    assert names == {"ahead", "twin", "routine", "hurts", "had_it", "over", "looks"}
    assert {row["customer_id"] for row in night["next_moments"]} <= {f"C-{name}" for name in names}


def test_the_moment_that_matters_to_the_mission_and_can_still_happen_is_next(night: Tables) -> None:
    assert suggested(night, "ahead") == ["rask_mottakelse"]
    assert suggested(night, "routine") == ["takk_lest"]
    assert suggested(night, "had_it") == []
    assert suggested(night, "over") == []


def test_a_fix_is_next_once_something_broke(night: Tables) -> None:
    assert suggested(night, "hurts") == ["rettet_raskt"]
    (row,) = [row for row in night["next_moments"] if row["customer_id"] == "C-hurts"]
    assert row["reach_share"] == pytest.approx(0.8)
    assert row["expected_gain"] == pytest.approx(0.1 * 0.8 * 0.5)


def test_who_only_looks_goes_by_what_is_so_over_all_journeys(night: Tables) -> None:
    (row,) = [row for row in night["next_moments"] if row["customer_id"] == "C-looks"]
    assert (row["mission"], row["moment"], row["order_id"]) == ("ALL", "guide_lest", None)
    assert row["reason"].startswith("Over all journeys, 4 in 100 more customers come back when it happens")


def test_harms_are_no_suggestions_but_stand_on_the_card_while_they_can_be_prevented(night: Tables) -> None:
    assert "lang_ko" not in {row["moment"] for row in night["next_moments"]}
    assert card(night, "ahead")["prevent"] == "lang_ko"
    assert "10 in 100 fewer" in card(night, "ahead")["prevent_reason"]
    assert card(night, "had_it")["prevent"] is None


def test_what_was_asked_for_is_on_the_card_in_the_customer_s_words_until_it_is_settled(night: Tables) -> None:
    asked = card(night, "ahead")["open_requests"]
    assert [one["moment"] for one in asked] == ["onske_notert", "onske_notert"]
    assert (asked[-1]["channel"], asked[-1]["text"]) == (None, "=HYPERLINK(1)\nearly please")
    assert [one["moment"] for one in card(night, "hurts")["open_requests"]] == ["vondt"]
    assert card(night, "had_it")["open_requests"] is None
    assert {row["moment"] for row in night["open_requests"]} == {"onske_notert", "vondt"}, (
        "a way of arriving is no request"
    )


def test_a_card_names_all_records_of_its_customer(night: Tables) -> None:
    assert len(card(night, "twin")["crm_ids"]) == 2
    assert card(night, "looks")["mission_label"] == "All journeys"


def test_a_reason_tells_the_effect_its_range_the_way_there_and_what_is_usual(night: Tables) -> None:
    assert card(night, "ahead")["reason"] == (
        "On the mission “It hurts”, 20 in 100 more customers come back when it happens (15 to 25; sure). "
        "100 % of those who stand where they do get to “skranke”, and there it happens to 50 % by itself. "
        "They never had it before."
    )


def test_a_suggestion_stays_and_is_new_only_once(tmp_path: Path) -> None:
    first = case.acted(tmp_path / "one", most_new=1)
    second = case.acted(tmp_path / "two", tmp_path / "one", date(2026, 6, 29), most_new=0)
    assert second["next_moments"] == first["next_moments"]
    later = case.acted(tmp_path / "three", tmp_path / "one", date(2026, 6, 30), most_new=0)
    assert {row["first_night"] for row in later["next_moments"]} == {date(2026, 6, 29)}


def test_nothing_new_is_suggested_beyond_the_cap(tmp_path: Path) -> None:
    none = case.acted(tmp_path / "none", most_new=0)
    assert none["next_moments"] == []
    assert {row["customer_id"] for row in none["cards"]} >= {"C-ahead", "C-hurts"}, "cards are no suggestions"


def test_the_same_night_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        case.acted(tmp_path / name)
    for table in ("next_moments", "cards", "suggested", "open_requests"):
        one, two = ((tmp_path / name / f"{table}.parquet").read_bytes() for name in ("one", "two"))
        assert one == two


def test_where_nobody_agreed_there_is_nothing_to_tell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(case, "_agreed", lambda *_: False)
    night = case.acted(tmp_path / "actions")
    assert night["cards"] == night["next_moments"] == night["open_requests"] == []
