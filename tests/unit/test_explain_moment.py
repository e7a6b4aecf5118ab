"""`landmark explain moment`: the trial, the figure made again, the plain comparison; and what cannot be explained."""

import json
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline import cli
from pipeline.answers import moment, moment_words
from pipeline.context import Run
from pipeline.errors import NightError, QuestionError
from pipeline.journey_map import load_journey_map
from pipeline.settings import Settings, load_settings
from pipeline.stages import ranking
from pipeline.stages.protocols import landmark_version, map_version
from pipeline.warehouse import Session

MAP = Path(__file__).parent.parent.parent / "pipeline" / "demo" / "journey_map.yml"
NIGHT = "2026-06-29"


def rated(mission: str, name: str, **changes: object) -> dict[str, object]:
    row: dict[str, object] = {"mission": mission, "step": "grow", "sub_step": "first_weeks", "moment": name}
    row |= {
        "eligible": 900,
        "exposed": 300,
        "verdict": "harms",
        "q_value": 0.0004,
        "rank": 1,
        "rank_low": 1,
        "rank_high": 2,
    }
    for name_, middle in (("", -0.12), ("_unpooled", -0.14)):
        row |= {f"effect{name_}": middle, f"ci_low{name_}": middle - 0.04, f"ci_high{name_}": middle + 0.04}
    row |= {"naive_difference": -0.2, "overlap": 0.98, "sensitivity": 1.9, "placebo_effect": 0.01}
    row |= {"depends_on_identity": False, "smallest_detectable_effect": 0.05, "recent_journeys": 210}
    row |= {"exposed_share": 0.3, "feasible_share": 0.0, "retained_customers": 7.6, "retained_customers_low": 5.0}
    return row | {"retained_customers_high": 10.0, "retained_value": None} | changes


def protocol(name: str, **changes: object) -> dict[str, object]:
    row = {"moment": name, "sub_step_when": "event = 'planted'", "moment_when": "event = 'died'", "seed": 20}
    row |= {"first_ordered_at": datetime(2025, 1, 6), "last_ordered_at": datetime(2026, 2, 1), "horizon_days": 120}
    row |= {"adjusted_for": ["prior_orders", "factor:rain"], "earlier_sub_steps": ["browse"], "earlier_moments": []}
    row |= {"night": date(2026, 6, 29), "landmark_version": landmark_version(), "data_version": "0123456789ab"}
    return row | {"map_version": map_version(load_journey_map(MAP))} | changes


@pytest.fixture
def build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Settings]:
    """A finished night of two moments and a mission; `again`: what the stage finds when it is run once more."""

    def built(again: dict[str, object] | None = None, **changes: object) -> Settings:
        folder = tmp_path / "builds" / NIGHT / "1"
        rows = [rated(mission, name) for mission in ("ALL", "gifts") for name in ("plant_died", "tip_given")]
        tables = {"ranking/moment_ranking": rows, "missions/missions": [{"mission": "gifts", "label": "A gift"}]}
        tables["ranking/trials"] = [protocol(name, **changes) for name in ("plant_died", "tip_given")]
        for name, listed in tables.items():
            path = folder / f"{name}.parquet"
            path.parent.mkdir(parents=True, exist_ok=True)
            pq.write_table(pa.Table.from_pylist(listed), path)
        nights = {NIGHT: {"build": 1, "working": None, "stale": False, "next_build": 2}}
        (tmp_path / "catalog.json").write_text(json.dumps({"published": NIGHT, "nights": nights}), "utf-8")

        def made_again(_: Run, session: Session) -> None:
            given = [
                rated(mission, name, **(again or {}))
                for mission in ("ALL", "gifts")
                for name in ("tip_given", "plant_died")
            ]
            session.put("ranking.moment_ranking", pa.Table.from_pylist(given), grain=())
            journeys = [f"j{n}" for n in range(40)]
            known = {"journey_id": journeys, "mission": "gifts"}
            known |= {"prior_orders": [float(n < 20) + n / 100 for n in range(40)]}
            known |= {"value_after": [100.0 * (n < 20) + n for n in range(40)]}
            session.put("ranking.followed", pd.DataFrame(known), grain=())
            session.put(
                "journeys.sub_steps", pd.DataFrame({"journey_id": journeys, "sub_step": "first_weeks"}), grain=()
            )
            session.put(
                "journeys.moments", pd.DataFrame({"journey_id": journeys[:20], "moment": "plant_died"}), grain=()
            )

        monkeypatch.setattr(ranking, "build", made_again)
        return load_settings({"LANDMARK_HASH_KEY": "k"}, data=tmp_path, journey_map=MAP)

    return built


def told(document: dict[str, object]) -> str:
    return " ".join(" ".join(moment_words.explained(document)).split())


def test_it_prints_the_trial_the_estimate_and_the_plain_comparison(build: Callable[..., Settings]) -> None:
    text = told(moment.explain(build(), "plant_died", "gifts"))
    for said in (
        "Plant died, on the mission A gift: drives customers away",
        "journeys of an order that got to first weeks (event = 'planted')",
        "another order placed within these days",
        "earlier orders, factor rain",
        "300 journeys with it, 600 without",
        "−12 (−16 to −8), with strength borrowed from the other missions [-0.12]",
        "−14 (−18 to −10), from these journeys alone [-0.14]",
        "it misleads by −8.0",
        "earlier orders 1.1, without it 0.295",
        "it happened on 30 %",
        "7.6 (5.0 to 10.0) more customers who come back",
        f"night {NIGHT}, build 1",
        "made again from the tables of that build: the same to the last digit",
    ):
        assert said in text
    assert "value after" not in text, "what came after the moment does not tell who had it"


def test_a_figure_that_does_not_come_out_again_is_said_so(build: Callable[..., Settings]) -> None:
    document = moment.explain(build({"effect": -0.12000000000000002}), "plant_died")
    assert document["again"] is False
    assert "NOT the same when made again: effect -0.12, now -0.12000000000000002" in told(document)


def test_another_journey_map_is_no_ground_to_make_it_again(build: Callable[..., Settings]) -> None:
    document = moment.explain(build(map_version="ffffffffffff"), "plant_died")
    assert document["again"] is None
    assert "not made again: the journey map" in told(document)


def test_a_mission_goes_by_its_label_too(build: Callable[..., Settings]) -> None:
    settings = build()
    assert moment.explain(settings, "plant_died", "a GIFT")["mission"] == "gifts"
    assert moment.explain(settings, "plant_died", "all")["mission_label"] == "All journeys"


@pytest.mark.parametrize(("asked", "near"), [(("plant_dies", "ALL"), "plant_died"), (("plant_died", "gift"), "gifts")])
def test_an_unknown_name_is_refused_with_the_nearest(
    build: Callable[..., Settings], asked: tuple[str, str], near: str
) -> None:
    with pytest.raises(QuestionError, match=near):
        moment.explain(build(), *asked)


def test_a_name_like_no_other_is_refused_with_all_there_are(build: Callable[..., Settings]) -> None:
    with pytest.raises(QuestionError, match="There are: plant_died, tip_given"):
        moment.explain(build(), "'; drop table x; --")


def test_a_night_that_is_not_there_is_refused_with_those_that_are(build: Callable[..., Settings]) -> None:
    with pytest.raises(NightError, match=f"The finished nights are {NIGHT}"):
        moment.explain(build(), "plant_died", night="2026-01-01")


def test_a_night_of_an_older_version_is_refused(build: Callable[..., Settings], tmp_path: Path) -> None:
    settings = build()
    (tmp_path / "builds" / NIGHT / "1" / "ranking" / "trials.parquet").unlink()
    with pytest.raises(NightError, match="run the night again"):
        moment.explain(settings, "plant_died")


def test_nothing_is_written(build: Callable[..., Settings], tmp_path: Path) -> None:
    settings = build()
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    moment.explain(settings, "plant_died", "gifts")
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


def test_what_cannot_be_told_is_explained_too(build: Callable[..., Settings]) -> None:
    document = moment.explain(build(), "plant_died")
    nothing = ("effect", "ci_low", "ci_high", "naive_difference", "q_value", "rank", "overlap", "retained_customers")
    document["estimate"] |= dict.fromkeys(nothing) | {"verdict": "cannot_tell"}
    text = told(document)
    assert "cannot tell" in text
    assert "none: too few journeys had it, or went without it" in text


def test_the_command_prints_text_or_json(build: Callable[..., Settings], capsys: pytest.CaptureFixture[str]) -> None:
    settings = build()
    where = ["--data", str(settings.data), "--journey-map", str(MAP)]
    assert cli.main(["explain", "moment", "plant_died", "--mission", "gifts", *where]) == 0
    assert "the trial that this stands for" in capsys.readouterr().out
    assert cli.main(["explain", "moment", "plant_died", "--json", *where]) == 0
    assert json.loads(capsys.readouterr().out)["mission"] == "ALL"
    assert cli.main(["explain", "moment", "plant", *where]) == 1
    assert "plant_died" in capsys.readouterr().err


def test_money_has_its_currency_and_a_thousand_is_written_out() -> None:
    worth = {"retained_value": 5400.0, "retained_value_low": 2000.0, "retained_value_high": 9000.0}
    rows = {"effective_sample_size": 1023.4, **worth}
    document = {"estimate": rated("ALL", "plant_died", **rows), "protocol": protocol("plant_died")}
    document |= {"now": {"currency": "CHF"}, "differences": []}
    assert any(line == "  5,400.0 (2,000.0 to 9,000.0) more CHF in orders" for line in moment_words._worth(document))
    assert any(line.startswith("  1,023: journeys") for line in moment_words._diagnostics(document["estimate"]))
