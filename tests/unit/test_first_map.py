"""The first journey map: windows off what happens around orders, steps and moments off events, in any words."""

import csv
import json
import random
import re
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
import yaml

from pipeline.cli import main
from pipeline.journey_map import load_journey_map
from pipeline.onboarding import first_map
from pipeline.onboarding.drafts import Found
from pipeline.onboarding.first_windows import Window, horizon, natural, reach
from pipeline.words import clean

NIGHT = "2026-03-01"
HOSTILE = "x' or '1'='1\"; drop table t; --\n  - name: evil\x00\u202e"


def row(event: str, **given: object) -> dict[str, object]:
    usual = {"source": "crm", "brand": "us", "event": event, "touches": 500, "journeys": 400, "days_after_order": 3.0}
    return usual | {"felt": 0, "mean_valence": None, "is_page": False, "order_soon_share": None} | given


def way(event: str, kind: str, name: str, touches: int) -> dict[str, object]:
    limit = 600.0 if kind == "duration" else None
    return {"source": "crm", "brand": "us", "event": event, "kind": kind, "way": name, "touches": touches,
            "limit_seconds": limit}  # fmt: skip


def written(tmp_path: Path, rows: list[dict[str, object]], ways: list[dict[str, object]], **phases: str) -> str:
    windows = {n: Window(7, "why") for n in ("lookback_days", "follow_up_days", "inactivity_days", "horizon_days")}
    by_event: dict[tuple[str, ...], list[dict[str, object]]] = {}
    for one in ways:
        by_event.setdefault(("crm", "us", str(one["event"])), []).append(one)
    seen = first_map._Seen(
        Found(rows, [], [], 1000, 0.0),
        {(str(r["source"]), str(r["brand"]), str(r["event"])): phases.get(str(r["event"]), "after") for r in rows},
        by_event,
        windows,
        (HOSTILE, "a guess"),
        ("EUR", "a guess\n  evil: 1"),
    )
    text = first_map._written(seen)
    (tmp_path / "first.yml").write_text(text, "utf-8")
    return text


def test_a_map_is_well_formed_and_its_steps_are_in_the_order_of_time(tmp_path: Path) -> None:
    rows = [row("probe", source="web"), row("stunde"), row("umfrage"), row("frage")]
    text = written(tmp_path, rows, [], probe="before", stunde="during", frage="any")
    found = load_journey_map(tmp_path / "first.yml")
    assert [step.name for step in found.steps] == [
        "before_the_order", "the_order", "while_it_lasts", "afterwards", "at_any_time",
    ]  # fmt: skip
    assert found.currency == "EUR" and found.brand == " ".join(clean(HOSTILE).split())
    assert text.count("DECIDE") >= 3


def test_moments_are_ways_that_are_neither_rare_nor_the_usual_one(tmp_path: Path) -> None:
    ways = [way("call", "outcome", "fine", 450), way("call", "outcome", "late", 50), way("call", "outcome", "odd", 2),
            way("call", "topic", "fees", 200), way("call", "duration", "long", 60)]  # fmt: skip
    written(tmp_path, [row("call"), row("letter"), row("gift")], ways)
    found = {moment.moment: moment for moment in load_journey_map(tmp_path / "first.yml").moments()}
    assert list(found) == ["call_late", "call_fees", "call_long", "letter", "gift"]
    conditions = {m.name: m.when for _, s in load_journey_map(tmp_path / "first.yml").sub_steps() for m in s.moments}
    assert conditions["call_fees"].endswith("topic = 'fees'")
    assert conditions["call_long"].endswith("duration_seconds > 600")


def test_hostile_words_stay_text(tmp_path: Path) -> None:
    text = written(tmp_path, [row(HOSTILE), row("call")], [way("call", "outcome", HOSTILE, 100)])
    steps = load_journey_map(tmp_path / "first.yml").steps
    assert [(step.name, len(step.sub_steps)) for step in steps] == [("the_order", 1), ("afterwards", 2)]
    assert "\x00" not in text and "\u202e" not in text
    assert set(yaml.safe_load(text)) == {"brand", "currency", "journey", "retention", "steps"}


def test_a_company_with_nothing_but_orders_gets_a_map_too(tmp_path: Path) -> None:
    written(tmp_path, [], [])
    assert [m.moment for m in load_journey_map(tmp_path / "first.yml").moments()] == ["order_placed"]


def test_a_window_holds_what_happens_beyond_the_ordinary() -> None:
    busy = {day: 100 if day < 9 else 10 for day in range(60)}
    assert reach("before", busy).days == 10
    assert reach("after", dict.fromkeys(range(60), 10)) == Window(
        10, "a usual figure: no more happens after its end than at other times"
    )
    assert reach("before", {0: 5}).why.startswith("a usual figure: too few")


def test_the_horizon_is_when_most_who_return_have_returned_and_half_could_be_seen() -> None:
    nan = float("nan")
    back = np.array([20.0] * 30 + [80.0] * 10 + [nan] * 20)
    assert horizon(back, np.full(60, 400.0)).days == natural(35)
    cut = horizon(back, np.full(60, 12.0))
    assert cut.days == 10 and "cut so that" in cut.why
    assert horizon(np.array([nan] * 9), np.full(9, 400.0)).days == 90


# -- whole deliveries -----------------------------------------------------------------------------------------------


def school(folder: Path, people: int = 260) -> None:
    """A language school: courses that begin three weeks after they are booked; no word is of another test."""
    dice = random.Random(3)
    start = datetime(2025, 1, 1)
    tables: dict[str, list[dict[str, object]]] = {"customers": [], "orders": [], "interactions": []}

    def add(table: str, **values: object) -> None:
        tables[table].append({k: v.isoformat() + "Z" if isinstance(v, datetime) else v for k, v in values.items()})

    def touch(who: str, at: datetime, channel: str, kind: str, outcome: str = "", seconds: object = "") -> None:
        if at < datetime(2026, 2, 28):
            nth = len(tables["interactions"])
            add("interactions", interaction_id=f"I{nth}", crm_id=who, occurred_at=at, channel=channel, type=kind,
                outcome=outcome, duration_seconds=seconds)  # fmt: skip

    for person in range(people):
        who, at = f"P{person}", start + timedelta(days=dice.randrange(200), hours=dice.randrange(24))
        add("customers", crm_id=who, created_at=at, email=f"p{person}@mail{person}.example", first_name=f"Vor{person}",
            last_name=f"Nach{person}")  # fmt: skip
        while at < datetime(2026, 2, 20):
            begins, ends = at + timedelta(days=21), at + timedelta(days=35)
            add("orders", order_id=f"O{len(tables['orders'])}", crm_id=who, ordered_at=at, starts_at=begins,
                ends_at=ends, status="completed", amount=200 + dice.randrange(90), currency="CHF")  # fmt: skip
            touch(who, at - timedelta(days=dice.randrange(1, 7)), "telefon", "einstufung",
                  dice.choice(["anfänger", "fortgeschritten"]), 300 + dice.randrange(900))  # fmt: skip
            touch(who, at + timedelta(days=dice.randrange(4, 18)), "post", "unterlagen")
            for lesson in range(3):
                touch(who, begins + timedelta(days=1 + 4 * lesson, hours=3), "raum", "stunde",
                      dice.choice(["gut", "gut", "ausgefallen"]))  # fmt: skip
            touch(who, ends + timedelta(days=dice.randrange(1, 5)), "mail", "zeugnis")
            if dice.random() < 0.35:
                break
            at = ends + timedelta(days=20 + dice.randrange(50))
    for table, rows in tables.items():
        path = folder / "crm" / table / NIGHT / "t.csv"
        path.parent.mkdir(parents=True)
        with path.open("w", encoding="utf-8", newline="") as handle:
            writer = csv.DictWriter(handle, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)


@pytest.mark.slow
def test_a_company_with_other_words_gets_its_own_steps_windows_and_moments(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LANDMARK_HASH_KEY", "k")
    school(tmp_path / "exports")
    path = tmp_path / "first.yml"
    assert main(["sources", "check", "--exports", str(tmp_path / "exports"), "--draft-journey-map", str(path)]) == 0
    found = load_journey_map(path)
    steps = {sub.name: step for step, sub in found.sub_steps()}
    assert steps["einstufung"] == "before_the_order"
    assert steps["stunde"] == "while_it_lasts"
    step_of = {m.moment: m.step for m in found.moments()}
    assert (step_of["unterlagen"], step_of["zeugnis"]) == ("until_it_begins", "afterwards")
    assert "stunde_ausgefallen" in step_of
    assert len([moment for moment in step_of if moment.startswith("einstufung_")]) == 1  # of two halves one
    assert "stunde_gut" not in step_of  # the usual way, which the others are held against
    assert found.currency == "CHF"
    assert found.lookback_days in (7, 10) and found.follow_up_days in (5, 7) and 45 <= found.horizon_days <= 90
    again = tmp_path / "again.yml"
    assert main(["sources", "check", "--exports", str(tmp_path / "exports"), "--draft-journey-map", str(again)]) == 0
    assert again.read_bytes() == path.read_bytes()
    assert main(["sources", "check", "--exports", str(tmp_path / "exports"), "--draft-journey-map", str(again)]) == 1
    told = ["--exports", str(tmp_path / "exports"), "--journey-map", str(path), "--data", str(tmp_path / "data")]
    assert main(["run", *told, "--night", NIGHT]) == 0


@pytest.mark.slow
def test_the_demo_runs_with_the_map_that_is_drafted_from_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANDMARK_HASH_KEY", "k")
    assert main(["demo", "--to", str(tmp_path), "--people", "240"]) == 0
    path, exports = tmp_path / "first.yml", ["--exports", str(tmp_path / "exports")]
    assert main(["sources", "check", *exports, "--draft-journey-map", str(path)]) == 0
    assert main(["check", *exports, "--journey-map", str(path), "--data", str(tmp_path / "data")]) == 0
    nights = sorted({folder.name for folder in (tmp_path / "exports" / "crm" / "orders").iterdir()})
    run = ["run", *exports, "--journey-map", str(path), "--data", str(tmp_path / "data"), "--night", nights[-1]]
    assert main(run) == 0
    ranked = json.loads((tmp_path / "data" / "catalog.json").read_text("utf-8"))
    assert ranked["published"] == nights[-1]


def test_no_word_of_the_demo_is_in_the_code_that_drafts() -> None:
    root = Path(first_map.__file__).parents[1]
    names = set(re.findall(r"name: ([a-z]+_[a-z_]+)", (root / "demo" / "journey_map.yml").read_text("utf-8")))
    modules = [*(root / "onboarding").glob("*.py"), root / "sources" / "guesses.py", root / "sources" / "advice.py"]
    assert len(modules) > 8
    for module in modules:
        words = set(re.findall(r"[a-z_]{5,}", module.read_text("utf-8").replace(" ", "_")))
        assert len(names) > 15 and not names & words, module
