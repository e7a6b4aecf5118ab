"""Drafts for events that the journey map does not know: valid by its checks, harmless whatever an event is called."""

from datetime import datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.journey_map import TOUCH_COLUMNS, JourneyMap, Moment, Step, SubStep, load_journey_map
from pipeline.onboarding import drafts
from pipeline.settings import load_settings

HOSTILE = "x' or '1'='1\"; drop table t; --\n  - name: evil\x00\u202e"
MAP = JourneyMap(
    brand='Say "hi": now',
    currency="EUR",
    lookback_days=14,
    follow_up_days=10,
    inactivity_days=21,
    horizon_days=90,
    steps=(Step("stay", (SubStep("desk", "event = 'desk'", (Moment("queue", "event = 'desk'", "engaging", "do"),)),)),),
)


def event(name: str, **given: object) -> drafts.Row:
    row = {"source": "crm", "brand": "us", "event": name, "touches": 500, "journeys": 400, "days_after_order": 3.0}
    return row | {"felt": 0, "mean_valence": None, "is_page": False, "order_soon_share": None} | given


def written(tmp_path: Path, *events: drafts.Row, outcomes: tuple[tuple[str, str, int], ...] = ()) -> JourneyMap:
    ways = [{"source": "crm", "brand": "us", "event": e, "outcome": o, "touches": n} for e, o, n in outcomes]
    path = tmp_path / "draft.yml"
    path.write_text(drafts._written(MAP, drafts.Found(list(events), ways, [], 1000, 0.1)), "utf-8")
    return load_journey_map(path)


def test_a_draft_is_a_journey_map_that_is_well_formed(tmp_path: Path) -> None:
    page = event("beds", source="web", is_page=True, days_after_order=-6.0)
    ride = event("ride", source="partner", brand="cabs")
    found = written(tmp_path, page, ride, event("call"), event("désk ①"))
    assert [step.name for step in found.steps] == ["draft_before_the_order", "draft_after_the_order"]
    moments = {row.moment: row for row in found.moments()}
    assert moments["beds"].type == "informative"
    assert moments["ride"].micro_moment == "go"
    assert {sub.name for _, sub in found.sub_steps()} == {
        "web_before_the_order", "partner_cabs_after_the_order", "crm_after_the_order",
    }  # fmt: skip
    assert (found.horizon_days, found.brand) == (90, 'Say "hi": now')


def test_names_are_new_and_plain(tmp_path: Path) -> None:
    found = written(tmp_path, event("Queue"), event("queue!"), event("チェックイン"), event("2nd visit"))
    assert [row.moment for row in found.moments()] == ["crm_queue", "crm_queue_2", "event", "event_2nd_visit"]


def test_ways_that_are_neither_rare_nor_usual_are_moments(tmp_path: Path) -> None:
    ways = (("call", "late", 100), ("call", "fine", 395), ("call", "odd", 5))
    found = written(tmp_path, event("call"), outcomes=ways)
    assert [row.moment for row in found.moments()] == ["call_late"]


def test_of_ways_without_a_usual_one_all_are_moments_and_a_way_alone_is_one(tmp_path: Path) -> None:
    ways = (("call", "late", 225), ("call", "fine", 175), ("call", "odd", 100), ("post", "opened", 300))
    found = written(tmp_path, event("call"), event("post"), outcomes=ways)
    assert [row.moment for row in found.moments()] == ["call_late", "call_fine", "call_odd", "post_opened"]


def test_an_event_alone_is_held_against_all_that_happens_at_its_place(tmp_path: Path) -> None:
    ways = (("call", "late", 100), ("call", "fine", 395))
    found = written(tmp_path, event("call", days_after_order=5.0), event("post"), outcomes=ways)
    assert {sub.name: sub.when for _, sub in found.sub_steps()} == {
        "crm_after_the_order": "source = 'crm'",
        "call": "source = 'crm' and event = 'call'",
    }


def test_of_two_halves_one_is_a_moment(tmp_path: Path) -> None:
    found = written(tmp_path, event("call"), outcomes=(("call", "late", 250), ("call", "fine", 250)))
    assert len(found.moments()) == 1


def test_an_event_with_ways_is_a_sub_step_and_the_rest_of_a_source_is_one(tmp_path: Path) -> None:
    ways = (("call", "late", 100), ("call", "fine", 395))
    given = event("call", days_after_order=5.0), event("post"), event("gift"), event("visit", days_after_order=9.0)
    found = written(tmp_path, *given, outcomes=ways)
    assert [(sub.name, len(sub.moments)) for _, sub in found.sub_steps()] == [("crm_after_the_order", 3), ("call", 1)]


def test_hostile_names_stay_text(tmp_path: Path) -> None:
    found = written(tmp_path, event(HOSTILE), event("call"), outcomes=((HOSTILE, HOSTILE, 200),))
    assert "evil" not in {sub.name for _, sub in found.sub_steps()}
    assert len(found.sub_steps()) == 2
    text = (tmp_path / "draft.yml").read_text("utf-8")
    assert "\u202e" not in text
    assert "\x00" not in text


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        ({"felt": 30, "mean_valence": 0.6}, ("delightful", "do")),
        ({"felt": 5, "mean_valence": 0.9}, ("engaging", "do")),
        ({"days_after_order": -0.1, "order_soon_share": 0.9}, ("decision", "buy")),
        ({"is_page": True, "days_after_order": -4.0}, ("informative", "know")),
        ({"source": "partner"}, ("engaging", "go")),
    ],
)
def test_types_are_proposed_by_behaviour(given: dict[str, object], kind: tuple[str, str]) -> None:
    assert drafts.proposed(event("x", **given), 0.1)[:2] == kind


def test_rare_events_are_listed_only_and_nothing_new_is_said(tmp_path: Path) -> None:
    text = drafts._written(MAP, drafts.Found([event("seldom", journeys=2)], [], [], 1000, 0.0))
    assert "seldom (too rare to draft)" in text
    assert "Every event is matched" in text
    assert all(line.startswith("#") or not line for line in text.splitlines())


def test_ways_in_which_known_events_come_out_are_named_to_the_analyst(tmp_path: Path) -> None:
    ways = [{"source": "crm", "brand": "us", "event": "desk", "outcome": o, "touches": n, "journeys": n}
            for o, n in (("rude\nsteps: x", 40), ("odd", 2))]  # fmt: skip
    text = drafts._written(MAP, drafts.Found([], [], ways, 1000, 0.0))
    assert "40 touches on 40 journeys: crm, us: desk, outcome rude" in text
    assert "odd" not in text
    assert all(line.startswith("#") or not line for line in text.splitlines())


def test_the_published_touches_tell_what_is_not_in_the_map(tmp_path: Path) -> None:
    start = datetime(2026, 3, 1, 9)
    rows = []
    for n in range(40):
        shared = dict.fromkeys(TOUCH_COLUMNS) | {"journey_id": f"j{n}", "brand": "us", "occurred_at": start}
        order = shared | {"source": "crm", "channel": "order", "event": "order"}
        known = shared | {"source": "crm", "channel": "desk", "event": "desk"}
        page = shared | {"source": "web", "channel": "web", "event": "beds", "topic": "beds"}
        call = shared | {"source": "crm", "channel": "phone", "event": "call", "outcome": "late" if n % 4 else "fine"}
        rows += [order, known, page | {"occurred_at": start - timedelta(days=5)}]
        rows.append(call | {"occurred_at": start + timedelta(days=2)})
    numbers = ("duration_seconds", "rating", "amount", "valence")
    kinds = {"occurred_at": pa.timestamp("us")} | dict.fromkeys(numbers, pa.float64())
    schema = pa.schema([(name, kinds.get(name, pa.string())) for name in ("journey_id", "occurred_at", *TOUCH_COLUMNS)])
    pq.write_table(pa.Table.from_pylist(rows, schema), tmp_path / "touchpoints.parquet")
    settings = load_settings({"LANDMARK_HASH_KEY": "k"}, data=tmp_path)
    found = drafts.found_in(settings, tmp_path, MAP, tmp_path)
    assert [(row["event"], row["touches"]) for row in found.events] == [("call", 40), ("beds", 40)]
    assert found.journeys == 40
    path = tmp_path / "draft.yml"
    path.write_text(drafts._written(MAP, found), "utf-8")
    assert [row.moment for row in load_journey_map(path).moments()] == ["beds", "call_fine"]
