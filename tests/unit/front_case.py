"""A made-up dentist's night for tests of the front line: finished visits, visits ahead, and what the ranking named."""

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd

from pipeline.context import Run
from pipeline.journey_map import load_journey_map
from pipeline.settings import load_settings
from pipeline.stages import actions, journeys
from pipeline.warehouse import Session

NIGHT = date(2026, 6, 29)
TODAY = datetime(2026, 6, 29)
MAP = """
brand: Tannlege
currency: NOK
journey: {lookback_days: 14, follow_up_days: 10, inactivity_days: 21}
retention: {horizon_days: 60}
steps:
  - name: finne
    sub_steps:
      - name: sok
        when: "event = 'sok'"
        moments:
          - {name: guide_lest, when: "event = 'guide'", type: informative, micro_moment: know}
  - name: forberede
    sub_steps:
      - name: varsel
        when: "event = 'varsel'"
        moments:
          - {name: onske_notert, when: "event = 'onske'", type: engaging, micro_moment: do}
  - name: besok
    sub_steps:
      - name: skranke
        when: "event = 'ankomst'"
        moments:
          - {name: rask_mottakelse, when: "event = 'ankomst' and outcome = 'rask'", type: delightful, micro_moment: do}
          - {name: lang_ko, when: "event = 'ankomst' and duration_seconds > 1000", type: engaging, micro_moment: do}
      - name: stol
        when: "event = 'stol'"
        moments:
          - {name: vondt, when: "event = 'klage'", type: engaging, micro_moment: do}
      - name: retting
        when: "event = 'rettet'"
        moments:
          - {name: rettet_raskt, when: "event = 'rettet' and outcome = 'rask'", type: delightful, micro_moment: do}
  - name: etterpa
    sub_steps:
      - name: takk
        when: "event = 'takk'"
        moments:
          - {name: takk_lest, when: "event = 'takk' and outcome = 'lest'", type: engaging, micro_moment: know}
"""
TOUCH = (
    "touch_id", "source", "record_id", "customer_id", "order_id", "occurred_at", "brand", "channel", "event",
    "outcome", "topic", "category", "duration_seconds", "rating", "amount", "valence", "text", "attributes",
    "visitor_id", "journey_id",
)  # fmt: skip
TIMES = ("ordered_at", "starts_at", "ends_at", "started_at", "ended_at")
Row = dict[str, Any]


def visit(name: str, starts: datetime, until: datetime, nth: int = 0) -> list[Row]:
    """The touches of a visit up to a time; `nth` tells what happens on it."""
    events = [
        (-11.0, "web", "sok", None, 0), (-9.0, "crm", "order", None, 0), (-2.0, "crm", "varsel", None, 0),
        (0.0, "crm", "ankomst", "rask" if nth % 2 else "vanlig", 2000 if nth % 5 == 0 else 100),
        (0.1, "crm", "stol", None, 0), (9.0, "crm", "takk", "lest" if nth % 2 else "sendt", 0),
    ]  # fmt: skip
    events += [(-10.5, "web", "guide", None, 0)] if nth % 2 else []
    events += [(-1.0, "crm", "onske", None, 0)] if nth % 3 == 0 else []
    if nth % 4 == 1:
        events.append((0.5, "crm", "klage", None, 0))
        events += [(0.8, "crm", "rettet", "rask" if nth % 8 == 1 else "sen", 0)] if nth % 20 != 1 else []
    found = []
    for day, source, event, outcome, seconds in events:
        at = starts + timedelta(days=day)
        if at < until:
            channel = "web" if source == "web" else "order" if event == "order" else "skranke"
            row = dict.fromkeys(TOUCH) | {"journey_id": name, "customer_id": f"C-{name}", "brand": "Tannlege"}
            told = {"event": event, "outcome": outcome, "duration_seconds": float(seconds), "text": None}
            found.append(row | told | {"source": source, "channel": channel, "occurred_at": at})
    return found


def journey(name: str, starts: datetime, mission: str, nth: int, until: datetime = TODAY) -> tuple[Row, list[Row]]:
    """A journey with an order and its touches."""
    touches = visit(name, starts, until, nth)
    times = {"ordered_at": starts - timedelta(days=9), "starts_at": starts, "ends_at": starts + timedelta(days=1)}
    times |= {"started_at": touches[0]["occurred_at"], "ended_at": times["ends_at"]}
    return {
        "journey_id": name,
        "customer_id": f"C-{name}",
        "order_id": f"O-{name}",
        "mission": mission,
    } | times, touches


def whole() -> tuple[list[Row], list[Row]]:
    """240 finished visits of two missions, and those still ahead or under way: told by their names."""
    parts = [
        journey(f"past{n:03d}", TODAY - timedelta(days=30 + n % 90), "haster" if n % 2 else "rutine", n // 2)
        for n in range(240)
    ]
    ahead = TODAY + timedelta(days=0.5)
    parts += [journey(name, ahead, "haster", 6) for name in ("ahead", "refused", "half_refused", "twin")]
    parts += [journey("routine", ahead, "rutine", 2), journey("hurts", TODAY - timedelta(days=0.7), "haster", 1)]
    parts += [
        journey("had_it", TODAY - timedelta(days=0.05), "haster", 1),
        journey("over", TODAY - timedelta(days=5), "haster", 2),
    ]
    touches = [touch for _, found in parts for touch in found]
    rows = [row for row, _ in parts]
    looks = touches[0] | {"journey_id": "looks", "customer_id": "C-looks", "occurred_at": TODAY - timedelta(days=0.2)}
    strays = looks | {"journey_id": "strays", "customer_id": "C-strays", "event": "annet"}
    rows += [
        {"journey_id": n, "customer_id": f"C-{n}", "mission": None, "ended_at": looks["occurred_at"]}
        for n in ("looks", "strays")
    ]
    touches += [looks, strays]
    asks = {"journey_id": "ahead", "customer_id": "C-ahead", "event": "onske", "source": "crm", "channel": None}
    asks |= {"occurred_at": TODAY - timedelta(days=0.2), "text": "=HYPERLINK(1)\nearly please"}
    touches.append(touches[-3] | asks)
    return rows, [row | {"touch_id": f"t{n:05d}"} for n, row in enumerate(touches)]


RANKING = [
    ("haster", "rask_mottakelse", "drives", 0.2), ("haster", "rettet_raskt", "drives", 0.1),
    ("haster", "lang_ko", "harms", -0.1),
    ("haster", "takk_lest", "no_detectable_effect", 0.001), ("haster", "guide_lest", "cannot_tell", 0.3),
    ("rutine", "takk_lest", "drives", 0.05), ("rutine", "rask_mottakelse", "no_detectable_effect", 0.002),
    ("ALL", "guide_lest", "drives", 0.04), ("ALL", "takk_lest", "cannot_tell", 0.5),
]  # fmt: skip


def run_of(folder: Path, night: date = NIGHT, **caps: int) -> Run:
    path = folder / "journey.yml"
    path.write_text(MAP, "utf-8")
    settings = load_settings({"LANDMARK_HASH_KEY": "k"}, journey_map=path, data=folder, front_line=caps)
    return Run(night, settings, load_journey_map(path))


def acted(folder: Path, before: Path | None = None, night: date = NIGHT, **caps: int) -> dict[str, list[Row]]:
    """What the stage makes of a night, and the marts; `before`: the stage's folder of the night before."""
    folder.mkdir(exist_ok=True)
    run = run_of(folder, night, **caps)
    with Session(run.settings, "actions", folder, folder / "spill") as session:
        session.previous_folders["actions"] = [before] if before else []
        _given(session, run)
        actions.build(run, session)
        session.write()
        session.select("marts.touchpoints", "select * from journeys.touchpoints")
        for mart in ("next_moments", "cards"):
            session.model(f"marts.{mart}", keep=False)
        names = ("marts.next_moments", "marts.cards", "actions.open_requests", "actions.suggested")
        return {name.partition(".")[2]: session.arrow(f"(from {name} order by all)").to_pylist() for name in names}


def _given(session: Session, run: Run) -> None:
    rows, touches = whole()
    table = pd.DataFrame(touches, columns=list(TOUCH))
    reals = ["duration_seconds", "rating", "amount", "valence"]
    kinds = {name: "float64" if name in reals else "string" for name in TOUCH if name != "occurred_at"}
    session.put("journeys.touchpoints", table.astype(kinds), grain=("touch_id",), keep=False)
    journeys._matches(session, run.journey_map)
    for part in ("sub_steps", "moments"):
        session.model(f"journeys.{part}", keep=False)
    told = pd.DataFrame(rows)
    told = told.astype(dict.fromkeys(TIMES, "datetime64[us]")).astype({"order_id": "string", "mission": "string"})
    session.put("journeys.journeys", told.drop(columns="mission"), grain=("journey_id",), keep=False)
    session.put("missions.assignments", told[["journey_id", "mission"]], grain=("journey_id",), keep=False)
    labels = pd.DataFrame({"mission": ["haster", "rutine"], "label": ["It hurts", "=Routine"]})
    session.put("missions.missions", labels, grain=("mission",), keep=False)
    _records(session, [row["customer_id"] for row in rows])
    _ranking(session, run)
    session.kept = {}


def _records(session: Session, customers: list[str]) -> None:
    """A record a customer, two of the twin's and of the one who refused in one of them."""
    twice = [name for name in customers if name in ("C-twin", "C-half_refused")]
    found = pd.DataFrame({"customer_id": [*customers, *twice]})
    found["identifier_value"] = [f"K{n}" for n in range(len(found))]
    consent = [_agreed(customer, nth >= len(customers)) for nth, customer in enumerate(found["customer_id"])]
    session.put("identity.identifiers", found.assign(identifier_kind="crm_id"), grain=("identifier_value",), keep=False)
    records = pd.DataFrame({"crm_id": found["identifier_value"], "consent_marketing": consent})
    session.put("ingest.customers", records, grain=("crm_id",), keep=False)


def _agreed(customer: str, is_second: bool) -> bool:
    """Whether a record of the customer says that they may be spoken to."""
    return customer != "C-refused" and not (is_second and customer == "C-half_refused")


def _ranking(session: Session, run: Run) -> None:
    places = {row.moment: (row.step, row.sub_step) for row in run.journey_map.moments()}
    told = {"q_value": 0.005, "exposed_share": 0.5, "eligible": 100, "exposed": 50}
    rows = [
        {"mission": mission, "moment": moment, "verdict": verdict, "effect": effect}
        | {"step": places[moment][0], "sub_step": places[moment][1]}
        | {"ci_low": effect - 0.05, "ci_high": effect + 0.05}
        | told
        for mission, moment, verdict, effect in RANKING
    ]
    session.put("ranking.moment_ranking", pd.DataFrame(rows), grain=("mission", "moment"), keep=False)
