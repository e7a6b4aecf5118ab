"""What is acted and remembered, on a small made-up night: found by behaviour, in any language; unknown is null."""

import random
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from pipeline.context import Run
from pipeline.journey_map import load_journey_map
from pipeline.settings import load_settings
from pipeline.stages import journeys, memories
from pipeline.warehouse import Session

START = datetime(2026, 1, 1, 9)
MAP = """
brand: Søkort
currency: NOK
journey: {lookback_days: 14, follow_up_days: 10, inactivity_days: 21}
retention: {horizon_days: 60}
steps:
  - name: tur
    sub_steps:
      - name: kai
        when: "event = 'avgang'"
        moments:
          - {name: lang_ko, when: "event = 'avgang' and duration_seconds > 2000", type: engaging, micro_moment: do}
          - {name: hilsen, when: "event = 'avgang' and outcome = 'hilste'", type: delightful, micro_moment: do}
          - {name: alltid, when: "event = 'avgang'", type: delightful, micro_moment: know}
      - name: betaling
        when: "event = 'kasse'"
        moments:
          - {name: aldri, when: "event = 'finnes ikke'", type: decision, micro_moment: buy}
          - {name: taxi, when: "source = 'partner' and event = 'tur'", type: engaging, micro_moment: go}
"""
COLUMNS = (
    "touch_id", "source", "record_id", "customer_id", "order_id", "occurred_at", "brand", "channel", "event",
    "outcome", "topic", "category", "duration_seconds", "rating", "amount", "valence", "text", "attributes",
    "visitor_id", "journey_id",
)  # fmt: skip


def touch(journey: int, nth: int, event: str, after: timedelta, **given: Any) -> dict[str, Any]:
    row = dict.fromkeys(COLUMNS) | {"touch_id": f"t{journey}-{nth}", "customer_id": f"c{journey}", "brand": "Søkort"}
    row |= {"journey_id": f"j{journey:04d}", "source": "crm", "channel": "brygge", "event": event}
    return row | {"occurred_at": START + timedelta(days=journey % 50) + after} | given


def rows() -> list[dict[str, Any]]:
    """240 journeys: a departure each, of which a fifth waits long and says so; checkouts with and without an order."""
    rng = random.Random(3)
    out = []
    for j in range(240):
        waits, greeted = j % 5 == 0, j % 3 == 0
        seconds = rng.uniform(3000, 4000) if waits else rng.uniform(300, 900)
        page = {"source": "web", "channel": "web"}
        out.append(touch(j, 0, "kasse", timedelta(), **page))
        if j % 20:
            out.append(touch(j, 1, "ordre", timedelta(minutes=rng.uniform(3, 12)), channel="order"))
        outcome = "hilste" if greeted else "ok"
        out.append(touch(j, 2, "avgang", timedelta(days=2), duration_seconds=seconds, outcome=outcome))
        if j % 2:
            felt = (-0.7 if waits else 0.3) + rng.uniform(-0.2, 0.2)
            out.append(touch(j, 3, "svar", timedelta(days=3), valence=round(felt, 4), text="…"))
        for nth in range(5 if j == 7 else 0):
            out.append(touch(j, 10 + nth, "knapp", timedelta(days=-3, seconds=2 * nth), **page))
        if j != 7:
            out.append(touch(j, 10, "knapp", timedelta(days=-3), **page))
    return out


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    """The feelings of one night: the touches given, the rest by the stage's own models."""
    folder = tmp_path_factory.mktemp("night")
    path = folder / "journey.yml"
    path.write_text(MAP, "utf-8")
    settings = load_settings({"LANDMARK_HASH_KEY": "k"}, journey_map=path, data=folder)
    run = Run(date(2026, 5, 1), settings, load_journey_map(path))
    with Session(settings, "ranking", folder, folder / "spill") as session:
        _given(session)
        journeys._matches(session, run.journey_map)
        journeys._feelings(session, run.night)
        session.model("journeys.sub_steps")
        session.model("journeys.moments")
        memories.remember(run, session)
        yield session


def _given(session: Session) -> None:
    table = pd.DataFrame(rows(), columns=list(COLUMNS))
    texts = ["touch_id", "outcome", "text", "topic", "customer_id", "journey_id"]
    table = table.astype(dict.fromkeys(texts, "string")).astype({"duration_seconds": float, "valence": float})
    session.put("journeys.touchpoints", table, grain=("touch_id",))
    mission = [("a" if n % 2 else "b") for n in range(240)]
    session.put(
        "missions.assignments",
        pd.DataFrame({"journey_id": [f"j{n:04d}" for n in range(240)], "mission": mission}),
        grain=("journey_id",),
    )
    columns = "journey_id, customer_id, cast(null as timestamp) as ordered_at"
    session.select("journeys.journeys", f"select distinct {columns} from journeys.touchpoints")


def acted(session: Session, kind: str) -> dict[str, float]:
    found = session.arrow("journeys.acted_feelings").to_pylist()
    return {row["touch_id"]: row["strength"] for row in found if row["kind"] == kind}


def test_who_waited_long_is_found_by_the_event_s_own_usual_time(night: Session) -> None:
    found = acted(night, "waiting")
    assert set(found) == {f"t{j}-2" for j in range(0, 240, 5)}
    assert all(0.6 < strength < 0.95 for strength in found.values())


def test_rage_clicks_and_abandoned_checkouts_are_found_without_their_words(night: Session) -> None:
    assert acted(night, "rage_click") == {"t7-12": pytest.approx(0.8)}
    assert set(acted(night, "abandoned_step")) == {f"t{j}-0" for j in range(0, 240, 20)}


def test_a_journey_of_which_nothing_is_known_has_no_feeling(night: Session) -> None:
    peaks = {row["journey_id"]: row for row in night.arrow("journeys.peaks").to_pylist()}
    assert "j0002" not in peaks
    assert peaks["j0005"]["peak_valence"] < 0
    assert peaks["j0005"]["acted_touches"] == 1
    assert peaks["j0001"]["end_valence"] > 0


def test_the_wait_is_remembered_and_the_usual_is_not(night: Session) -> None:
    memory = {(row["mission"], row["moment"]): row for row in night.arrow("ranking.moment_memory").to_pylist()}
    wait, greeting = memory["ALL", "lang_ko"], memory["ALL", "hilsen"]
    assert wait["departure_high"] < -1
    assert wait["acted_share"] == 1
    assert 0.5 < wait["low"] <= wait["memorability"] <= wait["high"] <= 1
    assert greeting["low"] == 0
    assert greeting["memorability"] < 0.3
    assert {mission for mission, _ in memory} == {"ALL", "a", "b"}


def test_the_map_is_warned_of_what_the_data_contradict(night: Session) -> None:
    found = {(row["moment"], row["warning"]) for row in night.arrow("ranking.map_warnings").to_pylist()}
    assert ("aldri", "never_happens") in found
    assert ("alltid", "expected") in found
    assert "taxi" not in {moment for moment, _ in found}, "no partner delivered: there is nothing to tell from"
    assert any("aldri never happens" in line for line in night.messages)


def test_nothing_said_and_nothing_acted_is_null_everywhere(tmp_path: Path) -> None:
    path = tmp_path / "journey.yml"
    path.write_text(MAP, "utf-8")
    settings = load_settings({"LANDMARK_HASH_KEY": "k"}, journey_map=path, data=tmp_path)
    run = Run(date(2026, 5, 1), settings, load_journey_map(path))
    with Session(settings, "ranking", tmp_path, tmp_path / "spill") as session:
        _given(session)
        silenced = "* replace (cast(null as double) as valence, cast(null as varchar) as text, 0.0 as duration_seconds)"
        kept = f"select {silenced} from journeys.touchpoints where event not in ('knapp', 'kasse')"
        session.select("journeys.touchpoints", kept)
        journeys._matches(session, run.journey_map)
        journeys._feelings(session, run.night)
        session.model("journeys.sub_steps")
        session.model("journeys.moments")
        memories.remember(run, session)
        assert session.arrow("journeys.felt_touches").num_rows == 0
        assert session.arrow("journeys.peaks").num_rows == 0
        memory = session.arrow("ranking.moment_memory").to_pylist()
        assert memory
        assert all(row["memorability"] is None and row["departure"] is None for row in memory)
