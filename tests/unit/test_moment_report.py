"""What the report says of memory and connected moments: told in words, small groups hidden."""

from pipeline.reporting import moment_report
from tests.unit.test_report import Build, Page, build, full, letter

__all__ = ["build"]


def told(build: Build, **changes: object) -> str:
    folder = build(full() | changes)
    assert letter(folder)
    return " ".join(Page((folder / "report.html").read_text("utf-8")).text.split())


def remembered(text: str) -> str:
    return text.split("what brings them back is above.")[1].split("Figures: mart", maxsplit=1)[0]


def test_what_is_remembered_is_told(build: Build) -> None:
    row = remembered(told(build))
    assert "Long queue" in row
    assert "0.55 (0.45–0.60)" in row
    assert "worse" in row
    assert "12 of 40" in row
    assert "Photo sent" in row
    assert "3 of 40" not in row


def test_what_leaves_no_sure_trace_and_small_groups_are_not_remembered(build: Build) -> None:
    row = remembered(told(build))
    assert "Early desk" not in row
    assert "Rare thing" not in row


def test_a_connection_is_told_with_its_range_and_share(build: Build) -> None:
    section = told(build).split("What one moment leads to")[-1].split("Figures: mart")[0]
    assert "Photo sent" in section
    assert "−21" in section
    assert "−26 to −16" in section
    assert "33 %" in section
    assert "Early desk" not in section


def test_a_warning_asks_to_look_at_the_journey_map(build: Build) -> None:
    assert "Look at the journey map: rare thing never happened." in told(build)


def test_nothing_felt_is_said_so(build: Build) -> None:
    text = told(build, emotion_curve=[], moment_memory=[], connected_moments=[], map_warnings=[])
    assert "No moment can be told to leave a trace yet." in text
    assert "Peak:" not in text
    assert "No moment could be shown to lead to another." in text
    assert "Look at the journey map" not in text


def test_a_mission_of_which_nothing_is_surely_remembered_has_no_table() -> None:
    row = {"mission": "work", "mission_label": "Work", "mission_position": 1, "moment": "m", "place": 1}
    assert moment_report.memories([row | {"is_clear": False}]) == []
    assert [group["rows"] for group in moment_report.memories([row | {"is_clear": True}])] == [
        [row | {"is_clear": True}]
    ]
