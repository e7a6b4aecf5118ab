"""Persona cards, what follows what, and missions outside the customer base: what the report says of them."""

from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.journey_map import Renaming
from pipeline.missions import labels, macro
from pipeline.reporting import mission_report
from pipeline.settings import Audience, Settings
from pipeline.warehouse import Session

Row = dict[str, object]
MISSIONS: list[Row] = [
    {"mission": "work", "label": "On business", "position": 1},
    {"mission": "rest", "label": "Time off", "position": 2},
]


def row(facet: str, value: str, share: float, others: float, **more: object) -> Row:
    sure = {"is_sure": True, "lift": share / others, "number": None, "rest_number": None}
    return {"mission": "work", "facet": facet, "value": value, "share": share, "rest_share": others} | sure | more


def quartiles(
    facet: str, ours: tuple[float, float, float], others: tuple[float, float, float], sure: bool = True
) -> list[Row]:
    names = ("lower quartile", "median", "upper quartile")
    return [
        row(facet, n, 0.5, 0.4, number=a, rest_number=b, is_sure=sure)
        for n, a, b in zip(names, ours, others, strict=True)
    ]


def groups(*rows: Row) -> dict[str, list[tuple[str, str, str]]]:
    card = mission_report.cards(MISSIONS, list(rows), "EUR")[0]
    return dict(card["groups"])


def test_a_card_tells_who_when_what_and_how_in_words() -> None:
    found = groups(
        row("customer", "new", 0.4, 0.6),
        row("customer", "returning", 0.6, 0.4),
        row("region", "north_east", 0.5, 0.2),
        row("category", "executive_room", 0.77, 0.07),
        row("attributes.breakfastIn", "room", 0.5, 0.2),
        row("month", "March", 0.3, 0.1),
        row("topic", "meeting_rooms", 0.9, 0.05),
        row("device", "phone", 0.7, 0.5),
        row("step", "check_in", 0.5, 0.9),
        row("feeling", "positive", 0.5, 0.4),
        *quartiles("lead_hours", (48, 96, 240), (240, 480, 960)),
        *quartiles("value", (90, 120, 180), (90, 121, 190), sure=False),
        *quartiles("attributes.party_size", (1, 1, 1), (1, 2, 4)),
        *quartiles("peak", (-0.6, -0.14, 0.3), (0.1, 0.57, 0.8)),
    )
    assert found["Who"] == [("New customers", "40 %", "60 %"), ("Live in north east", "50 %", "20 %")]
    assert found["What they order"] == [
        ("Executive room", "77 %", "7 %"), ("Spend, EUR", "120 (90 to 180)", "alike"), ("Party size", "1", "2"),
        ("Breakfast in: room", "50 %", "20 %"),
    ]  # fmt: skip
    assert found["When and how early"] == [("Days ahead", "4 (2 to 10)", "20"), ("In March", "30 %", "10 %")]
    assert found["What they read"] == [("Meeting rooms", "90 %", "5 %")]
    assert found["Where"] == [("Device: phone", "70 %", "50 %")]
    assert found["How far they get"] == [("Check in", "50 %", "90 %")]
    assert found["What they feel"][-1] == ("Strongest feeling, −1 to +1", "−0.1 (−0.6 to +0.3)", "+0.6")


def test_what_may_be_chance_is_not_told() -> None:
    found = groups(
        row("topic", "maps", 0.9, 0.1, is_sure=False),
        row("topic", "rare", 0.02, 0.001),
        row("topic", "shunned", 0.1, 0.9),
        row("customer", "new", 0.41, 0.4, is_sure=False),
        *quartiles("attributes.n", (1, 2, 3), (2, 3, 4), sure=False),
    )
    assert found == {"Who": [("New customers", "41 %", "alike")]}


def test_a_lone_mission_has_no_others() -> None:
    alone = {"rest_share": None, "lift": None, "is_sure": False}
    new = row("customer", "new", 0.4, 0.6) | alone
    lead = [line | alone | {"rest_number": None} for line in quartiles("lead_hours", (24, 48, 96), (1, 1, 1))]
    assert groups(new, *lead) == {
        "Who": [("New customers", "40 %", "–")],
        "When and how early": [("Days ahead", "2 (1 to 4)", "–")],
    }


@pytest.mark.parametrize(
    ("share", "sure", "said"),
    [(0.3, True, "growing"), (0.1, True, "shrinking"), (0.3, False, "no change beyond chance")],
)
def test_a_size_now_stands_beside_the_days_before(share: float, sure: bool, said: str) -> None:
    card = mission_report.cards(MISSIONS, [row("size", "last 90 days", share, 0.2, is_sure=sure)], "EUR")[0]
    assert card["size"] == f"{share:.0%} of journeys in the last 90 days, 20% in as many days before: {said}.".replace(
        "%", " %"
    )
    assert mission_report.cards(MISSIONS, [], "EUR")[1] | {"size": "", "groups": []} == MISSIONS[1] | {
        "size": "",
        "groups": [],
    }


def test_flows_are_a_table_with_the_hidden_left_open() -> None:
    def step(before: str | None, after: str, share: float) -> Row:
        return {"from_mission": before, "to_mission": after, "share": share, "low": share - 0.1, "high": share + 0.1}

    steps = [step(None, "work", 0.6), step(None, "rest", 0.4), step("work", "work", 0.8), step("rest", "rest", 0.5)]
    table = mission_report.flows(MISSIONS, steps)
    assert [line["label"] for line in table] == ["First journey", "After On business", "After Time off"]
    assert table[1]["cells"] == [steps[2], None]
    best = mission_report.loyal(MISSIONS, steps)
    assert best is not None
    assert best["label"] == "On business"
    assert mission_report.loyal(MISSIONS, []) is None


def test_moods_show_the_places_where_anybody_was_seen() -> None:
    cells = [{"place": "authors", "mission": None}, {"place": "customers", "mission": "work"}]
    table = mission_report.moods(MISSIONS, cells)
    assert table["places"] == ["customers", "authors"]
    assert [(line["label"], line["cells"]) for line in table["rows"]] == [
        ("On business", [cells[1], None]),
        ("Cannot tell", [None, cells[0]]),
    ]


# -- renaming --------------------------------------------------------------------------------------------------------


def test_the_map_s_label_wins_and_the_found_description_stays_unless_given() -> None:
    found = {"mission": "work", "label": "Desk, rooms", "description": "Found.", "status": "kept"}
    assert labels.called(found, [Renaming("work", "On business", None)]) == found | {"label": "On business"}
    own = labels.called(found, [Renaming("work", "On business", "Ours.")])
    assert (own["label"], own["description"]) == ("On business", "Ours.")
    assert labels.called(found, [Renaming("rest", "Time off", None)]) is found


def test_an_unknown_mission_is_a_warning_that_names_the_known() -> None:
    warnings = labels.unknown([Renaming("wrok", "On business", None), Renaming("rest", "x", None)], ["work", "rest"])
    assert warnings == [
        "warning: the journey map renames the mission 'wrok', which was not found; the missions are: rest, work"
    ]


def test_check_lists_slugs_labels_and_what_is_renamed(tmp_path: Path) -> None:
    rows = [
        {"mission": "work", "label": "Desk, rooms", "description": "", "status": "kept"},
        {"mission": "gone", "label": "Old", "description": "", "status": "retired"},
    ]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "missions.parquet")
    lines = labels.listed([Renaming("work", "On business", None), Renaming("x", "y", None)], tmp_path)
    assert lines[:3] == ["missions:", "  work: On business (renamed)", "  gone: Old (found, retired)"]
    assert "'x', which was not found" in lines[3]


def test_check_warns_of_an_audience_whose_mission_is_not_there(tmp_path: Path) -> None:
    rows = [{"mission": "work", "label": "Desk, rooms", "description": "", "status": "kept"}]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "missions.parquet")
    board = Audience(name="board", recipients=("a@x.org",), missions=("ALL", "Work", "on Business", "desk, rooms"))
    renamed = [Renaming("work", "On business", None)]
    assert labels.unheard([board], renamed, tmp_path) == [
        "warning: the audience 'board' asks for the mission 'desk, rooms', which was not found"
    ]
    assert labels.unheard([board.model_copy(update={"missions": ()})], renamed, tmp_path) == []


# -- the macro level --------------------------------------------------------------------------------------------------

TOUCH = {"source": pa.string(), "record_id": pa.string(), "customer_id": pa.string(), "visitor_id": pa.string(),
         "journey_id": pa.string(), "brand": pa.string(), "event": pa.string(), "category": pa.string(),
         "topic": pa.string(), "text": pa.string(), "occurred_at": pa.timestamp("us")}  # fmt: skip


def touches() -> list[Row]:
    """80 customers, half of whom read of desks and half of pools; strangers read one of them; authors say nothing."""
    at = datetime(2026, 1, 2)
    made = []
    for n in range(80):
        own = {"source": "web", "customer_id": f"c{n}", "journey_id": f"j{n}", "topic": "desks" if n % 2 else "pools"}
        made.append(own | {"record_id": f"w{n}"})
    for n in range(40):
        made.append(
            {"source": "web", "visitor_id": f"v{n}", "topic": "desks" if n < 28 else "pools", "record_id": f"s{n}"}
        )
        made.append({"source": "social", "visitor_id": f"a{n}", "text": "<b>nothing</b> of that", "record_id": f"p{n}"})
    made.append({"source": "web", "visitor_id": "silent", "topic": None, "record_id": "silent"})
    return [{"brand": "us", "event": "post" if "text" in row else None, "occurred_at": at} | row for row in made]


def moods(tmp_path: Path, small_group: int, missions: list[str]) -> list[Row]:
    journeys = [
        {"journey_id": f"j{n}", "customer_id": f"c{n}", "ordered_at": None, "started_at": datetime(2026, 1, 1)}
        for n in range(80)
    ]
    placed = [
        {"journey_id": f"j{n}", "mission": ("work" if n % 2 else "rest") if missions else None} for n in range(80)
    ]
    felt = [
        {"source": "social", "record_id": f"p{n}", "label": "negative" if n < 30 else "positive"} for n in range(40)
    ]
    kinds = {
        "journey_id": pa.string(),
        "customer_id": pa.string(),
        "ordered_at": pa.timestamp("us"),
        "started_at": pa.timestamp("us"),
    }
    with Session(Settings(data=tmp_path, hash_key="k"), "missions", tmp_path, tmp_path / "spill") as session:
        session.put(
            "journeys.touchpoints",
            pa.Table.from_pylist(touches(), pa.schema(list(TOUCH.items()))),
            grain=("record_id",),
        )
        session.put(
            "journeys.journeys", pa.Table.from_pylist(journeys, pa.schema(list(kinds.items()))), grain=("journey_id",)
        )
        placed_kinds = pa.schema([("journey_id", pa.string()), ("mission", pa.string())])
        session.put("missions.assignments", pa.Table.from_pylist(placed, placed_kinds), grain=("journey_id",))
        session.put("emotion.emotions", pa.Table.from_pylist(felt), grain=("source", "record_id"))
        macro.build(session, missions, small_group)
        rows: list[Row] = session.arrow("missions.moods order by place, mission").to_pylist()
    return rows


def test_strangers_are_sums_by_what_they_read_and_who_says_nothing_cannot_be_told(tmp_path: Path) -> None:
    found = {(row["place"], row["mission"]): row for row in moods(tmp_path, 5, ["rest", "work"])}
    assert found["visitors", "work"]["size"] == pytest.approx(28, abs=1)
    assert found["visitors", "work"]["share"] == pytest.approx(0.7, abs=0.03)
    assert found["visitors", "rest"]["size"] == pytest.approx(12, abs=1)
    assert found["customers", "work"]["size"] == 40
    assert ("authors", "work") not in found
    assert found["authors", None]["share"] == 1.0
    assert found["authors", None]["negative_share"] == pytest.approx(0.75)
    assert found["visitors", "work"]["texts"] is None
    assert ("visitors", None) not in found, "one silent visitor is a small group"


def test_small_groups_have_no_row(tmp_path: Path) -> None:
    assert {row["mission"] for row in moods(tmp_path, 20, ["rest", "work"]) if row["place"] == "visitors"} == {"work"}


def test_without_missions_nobody_can_be_told(tmp_path: Path) -> None:
    found = moods(tmp_path, 5, [])
    assert {(row["place"], row["mission"], row["size"]) for row in found} == {
        ("customers", None, 80.0), ("visitors", None, 41.0), ("authors", None, 40.0),
    }  # fmt: skip
