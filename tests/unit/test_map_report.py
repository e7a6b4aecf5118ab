"""The journey map of the report: who gets where, how that feels, what matters, what hurts; small groups hidden."""

from typing import Any

from pipeline.reporting import map_report
from tests.unit.test_report import Build, Page, build, full

__all__ = ["build"]
FELT = {"mean_valence": -0.3, "low": -0.4, "high": -0.2, "ordinary_valence": 0.1, "acted_share": 0.2}


def told(build: Build, **changes: object) -> str:
    text = " ".join(Page((build(full() | changes) / "report.html").read_text("utf-8")).text.split())
    return text.split("Where journeys go")[-1].split("What customers are trying to do")[0]


def test_peak_and_end_are_told_and_drawn(build: Build) -> None:
    rows = full()["emotion_curve"]
    text = told(build)
    assert "No sub-step leaves the ordinary by more than chance." in text
    assert "■ End: desk (+0.21)." in text
    text = told(build, emotion_curve=[row | {"is_peak": True, "is_end": False} for row in rows])
    assert "◆ Peak: desk (+0.21, ordinary +0.10)." in text
    assert "desk +0.21, ordinary +0.10;" not in text, "one sub-step makes no curve"


def test_a_map_tells_how_many_get_there_and_which_moments_matter(build: Build) -> None:
    text = told(build)
    assert "100 % 40" in text
    assert "▲ early desk: brings customers back +10" in text
    assert "▲ early desk: brings customers back +22" in text
    assert "long queue: drives customers away −16" in text
    assert "+78" not in text, "a small group's effect"


def test_what_gives_a_mission_away_and_what_is_acted_are_told(build: Build) -> None:
    rows = full()
    signal = '[{"signal": "topics", "is": "desk_rooms", "share": 0.9, "share_of_others": 0.1, "lift": 9.0}]'
    rows["missions"][0] |= {"signals": signal}
    acted = [{"journey_id": f"j{n}", "touch_id": "t", "kind": "waiting"} for n in range(20)]
    text = told(build, missions=rows["missions"], acted_feelings=[*acted, acted[0] | {"kind": "rage_click"}])
    assert "What gives this mission away: reads about desk rooms (90 %, others 10 %)." in text
    assert "Trouble that is acted, not said: waiting (50 %) of journeys." in text


def pains(felt: dict[str, Any] | None, *verdicts: str, lowest: float = -0.3) -> list[str]:
    moments = [{"moment": f"moment_{n}", "verdict": verdict} for n, verdict in enumerate(verdicts)]
    return map_report.pains({"felt": felt, "moments": moments}, lowest)


def test_what_drives_away_is_the_low_point_or_is_acted_out_is_a_pain_point() -> None:
    assert pains(FELT, "drives", "harms") == ["Moment 1", "Low point: feels worst", "Acted out by 20 %"]
    assert pains(FELT, lowest=-0.5) == ["Acted out by 20 %"]
    assert pains(FELT | {"high": 0.2, "acted_share": 0.01}) == [], "it may feel as ever"
    assert pains(None, "cannot_tell") == []


def test_a_long_map_is_told_on_paper_in_even_parts() -> None:
    sizes = {n: [len(some) for some in map_report.in_parts([{}] * n)] for n in (1, 10, 11, 23)}
    assert sizes == {1: [1], 10: [10], 11: [6, 5], 23: [8, 8, 7]}
    assert map_report.in_parts([]) == []


def test_a_value_that_is_a_share_of_more_is_no_sign() -> None:
    less = '[{"signal": "topics", "is": "spa", "share": 0.1, "share_of_others": 0.5, "lift": 0.2}]'
    assert map_report.signs(less) == []
    assert map_report.signs(None) == []
    assert map_report.signs('[{"signal": "lead_hours", "median": 3.0, "median_of_others": 9.0}]') == []
