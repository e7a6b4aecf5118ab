"""What missions are read from: nothing of a journey's outcome, nothing that a moment of the map is made of."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from threadpoolctl import threadpool_limits

from pipeline.estimators.mission_renewal import renew
from pipeline.estimators.mission_signals import Signals
from pipeline.journey_map import load_journey_map
from pipeline.settings import Settings
from pipeline.stages.mission_reading import read_signals
from pipeline.warehouse import Session

MAP = """
brand: Shop
currency: EUR
journey: {{lookback_days: 14, follow_up_days: 10, inactivity_days: 21}}
retention: {{horizon_days: 90}}
steps:
  - name: buy
    sub_steps:
      - name: look
        when: "source = 'web'"
        moments:
          - {{name: it, when: "{when}", type: decision, micro_moment: buy}}
"""
START = datetime(2026, 1, 5, 12)
COLUMNS = ("touch_id", "source", "record_id", "customer_id", "occurred_at", "brand", "channel", "event", "outcome",
           "topic", "category", "duration_seconds", "rating", "amount", "valence", "text", "attributes",
           "journey_id")  # fmt: skip
TEXTS = ("outcome", "topic", "category", "text", "attributes")


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """As in the stage: small matrices are slower on several threads."""
    with threadpool_limits(limits=1):
        yield


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    settings = Settings(data=tmp_path, exports=str(tmp_path), journey_map=tmp_path / "map.yml")
    with Session(settings, "missions", tmp_path, tmp_path / "spill") as one:
        yield one


def touch(journey: int, source: str, event: str, **more: Any) -> dict[str, Any]:
    row = dict.fromkeys(COLUMNS) | {"source": source, "event": event, "journey_id": f"j{journey:04d}"}
    row |= {"customer_id": f"c{journey}", "brand": "Shop", "channel": source, "occurred_at": START}
    return row | more


def read(session: Session, when: str, touches: list[dict[str, Any]], orders: list[dict[str, Any]]) -> Signals:
    """The signals of journeys with the touches, each with an order (a touch too); `when` is the map's one moment."""
    path = session.settings.journey_map
    path.write_text(MAP.format(when=when), "utf-8")
    times = {"ordered_at": START + timedelta(hours=1), "starts_at": START + timedelta(days=2)}
    times["ends_at"] = START + timedelta(days=3)
    ids = [{"order_id": f"o{n}", "customer_id": f"c{n}", "journey_id": f"j{n:04d}"} for n in range(len(orders))]
    rows = pd.DataFrame([one | times | order for one, order in zip(ids, orders, strict=True)])
    bought = [
        touch(n, "crm", "order", amount=o["value"], category=o["category"], attributes=o["attributes"])
        for n, o in enumerate(orders)
    ]
    every = pd.DataFrame([*touches, *bought])
    every["touch_id"] = every["record_id"] = [f"t{n}" for n in range(len(every))]
    for name in ("duration_seconds", "rating", "amount", "valence"):
        every[name] = every[name].astype(float)
    for name in TEXTS:
        every[name] = every[name].astype("string")
    session.put("journeys.touchpoints", every, grain=("touch_id",), keep=False)
    session.put("journeys.journeys", rows, grain=("journey_id",), keep=False)
    columns = (
        "record_id as message_id, 'page' as type, event as name, 'mail' as campaign_medium, 'iPhone' as user_agent"
    )
    session.select("ingest.events", f"select {columns} from journeys.touchpoints where source = 'web'")
    return read_signals(session, load_journey_map(path), "Europe/Berlin")[1]


ORDER = {"category": "a", "value": 10.0, "attributes": '{"size": 2, "gift": {"note": "x"}}'}
ORDERS = [ORDER, {**ORDER, "value": 99.0, "category": "b"}, ORDER]


def test_pages_of_a_moment_are_not_read(session: Session) -> None:
    touches = [touch(0, "web", "guide"), touch(0, "web", "rooms"), touch(1, "web", "guide")]
    signals = read(session, "source = 'web' and event = 'guide'", touches, ORDERS)
    assert signals.bags["topics"] == [{"rooms": 1.0}, {}, {}]


def test_a_moment_of_any_page_takes_no_page_away(session: Session) -> None:
    touches = [touch(0, "web", "guide", duration_seconds=1.0), touch(0, "web", "rooms", duration_seconds=1.0)]
    signals = read(session, "source = 'web' and duration_seconds < 2", touches, ORDERS)
    assert signals.bags["topics"][0] == {"guide": 1.0, "rooms": 1.0}


def test_a_moment_of_a_channel_or_a_partner_takes_its_dealings_away(session: Session) -> None:
    touches = [
        touch(0, "web", "guide"),
        touch(0, "crm", "question", channel="phone"),
        touch(0, "crm", "question b", channel="desk"),
        touch(0, "partner", "ride", brand="cabs"),
        touch(0, "partner", "meal", brand="diner"),
    ]
    signals = read(session, "channel = 'phone' or channel = 'web' or brand = 'cabs'", touches, ORDERS)
    assert signals.bags["contacts"][0] == {"desk": 1.0}
    assert signals.bags["partners"][0] == {"diner: meal": 1.0}
    assert signals.bags["topics"][0] == {"guide": 1.0}
    assert read(session, "source = 'partner'", touches, ORDERS).bags["partners"][0] == {}


def test_a_moment_of_large_orders_takes_the_amount_away(session: Session) -> None:
    signals = read(session, "event = 'order' and amount > 50", [], ORDERS)
    assert "value" not in signals.names()
    assert "category" in signals.names()


def test_a_moment_of_one_attribute_takes_that_one_away(session: Session) -> None:
    orders = [ORDER, {**ORDER, "attributes": '{"size": 9, "gift": {"note": "x"}}'}, ORDER]
    signals = read(session, "event = 'order' and (attributes ->> '$.size') = '9'", [], orders)
    assert "attributes.size" not in signals.names()
    assert "attributes.gift.note" in signals.names()


def test_a_moment_of_every_order_takes_nothing_away(session: Session) -> None:
    signals = read(session, "event = 'order' and amount > 1", [], ORDERS)
    assert "value" in signals.names()


def test_nothing_of_the_outcome_is_a_signal(session: Session) -> None:
    late = touch(0, "web", "return", occurred_at=START + timedelta(days=30))
    signals = read(session, "event = 'none'", [late], ORDERS)
    known = {"value", "lead_hours", "use_hours", "category", "category_before", "weekday", "hour", "entry", "device"}
    known |= {"topics", "contacts", "partners", "attributes.size", "attributes.gift.note"}
    assert set(signals.names()) == known
    assert signals.bags["topics"] == [{}, {}, {}]
    assert signals.words["entry"] == [None, None, None]


def test_hours_are_those_of_the_companys_clock(session: Session) -> None:
    signals = read(session, "event = 'none'", [], ORDERS)
    assert signals.words["weekday"][0] == "Monday"
    assert signals.words["hour"][0] == "12:00"  # 13:00 UTC is 14:00 in Berlin


def test_missions_do_not_split_by_a_moment_that_decides_the_outcome(session: Session) -> None:
    rng = np.random.default_rng(4)
    orders: list[dict[str, Any]] = []
    touches: list[dict[str, Any]] = []
    for n in range(600):
        orders.append({**ORDER, "category": f"k{rng.integers(3)}", "value": float(rng.integers(10, 99))})
        touches += [touch(n, "web", f"page {rng.integers(4)}") for _ in range(3)]
        if rng.random() < 0.5:  # on the moment, whose pages are many; `retained` would follow from it
            touches += [touch(n, "web", "offer", topic=f"offer {rng.integers(3)}", outcome="seen") for _ in range(4)]
            touches += [touch(n, "crm", "call", channel="phone", occurred_at=START, outcome="helped") for _ in range(2)]
            orders[-1] |= {"value": orders[-1]["value"] + 1000.0}
    when = "event = 'offer' or event = 'call' or (event = 'order' and amount > 500)"
    signals = read(session, when, touches, orders)
    renewal = renew(signals, np.zeros(600, dtype=bool), None, 20)
    assert renewal.choice and renewal.choice.model.missions == 1
    leaking = read(session, "event = 'none'", touches, orders)
    other = renew(leaking, np.zeros(600, dtype=bool), None, 20)
    assert other.choice and other.choice.model.missions > 1  # what the rule keeps from happening
