"""Stage journeys: cuts what people did into journeys and finds the journey map's sub-steps and moments in them."""

from datetime import date

from pipeline.context import Run
from pipeline.identity import graphs
from pipeline.journey_map import JourneyMap, compiled
from pipeline.warehouse import Session, quoted

NEEDS = ("ingest", "identity", "emotion")
CLICK_SECONDS = 3  # a second click on the same thing within this time got no answer to the first
CONTACT_DAYS = 7  # who comes back with the same within a week had not been helped
RARE_SHARE = 0.1  # what more journeys than a tenth do is a habit, not a feeling
MOST_EVENTS = 40  # steps begun and completed are sought among the commonest events
USUAL_SHARE = 0.7  # an event that follows on fewer journeys is no completion
SOON_DAYS = 1  # a step begun on a page is completed in the same visit or the same day; what takes longer is the journey
FEWEST = 30  # touches, or journeys, from which what is usual can be told
PARTS = ("crm_touches", "web_touches", "outside_touches")
TABLES = ("touchpoints", "journeys", "sub_steps", "moments")
THEIRS = {
    "identity.identifiers": "journeys.regrouped_identifiers",
    "ingest.orders": "journeys.regrouped_orders",
    "journeys.crm_touches": "journeys.regrouped_touches where source = 'crm'",
    "journeys.web_touches": "journeys.regrouped_touches where source = 'web'",
    "journeys.outside_touches": "journeys.regrouped_touches where source in ('partner', 'social')",
}
SHARED = ("identity.refused", "ingest.customers", "ingest.factors", "emotion.emotions")


def build(run: Run, session: Session) -> None:
    """Makes journeys.touchpoints, .journeys, .sub_steps, .moments, and what was felt: .acted_feelings, .felt_touches,
    .peaks, .acted_places; .concurrents; .map_moments and .map_sub_steps, the journey map as tables.

    Beside them journeys.regrouped_<table>: the same rows of people who are grouped differently on the strict or the
    loose graph, as they are there.
    """
    _orders(session, run.journey_map)
    for part in PARTS:
        session.model(f"journeys.{part}", keep=False, brand=run.journey_map.brand)
    _touches(session, run.journey_map)
    session.model("journeys.regrouped_identifiers")
    for part in ("regrouped_orders", "regrouped_touches"):
        session.model(f"journeys.{part}", keep=False)
    session.drop(*(f"journeys.{part}" for part in (*PARTS, "touches", "window_ties", "loose_ties", "ties")))
    _journeys(run, session)
    _feelings(session, run.night)
    session.model("journeys.concurrents")
    _regrouped(run, session)
    _tell(session)


def _orders(session: Session, the_map: JourneyMap) -> None:
    days = {name: getattr(the_map, name) for name in ("lookback_days", "follow_up_days")}
    session.model("journeys.live_orders", keep=False, currency=the_map.currency, **days)


def _touches(session: Session, the_map: JourneyMap) -> None:
    """journeys.touchpoints, from PARTS and journeys.live_orders."""
    session.model("journeys.owners", keep=False)
    session.model("journeys.touches", keep=False)
    session.model("journeys.window_ties", keep=False)
    session.model("journeys.loose_ties", keep=False, inactivity_days=the_map.inactivity_days)
    session.model("journeys.ties", keep=False)
    session.model("journeys.touchpoints")


def _journeys(run: Run, session: Session) -> None:
    """The other tables, from journeys.touchpoints and journeys.live_orders."""
    _matches(session, run.journey_map)
    session.model("journeys.sub_steps")
    session.model("journeys.steps_reached", keep=False)
    session.model("journeys.moments")
    session.model("journeys.returns", keep=False, horizon_days=run.journey_map.horizon_days, night=run.night)
    session.model("journeys.journeys", currency=run.journey_map.currency)


def _regrouped(run: Run, session: Session) -> None:
    """journeys.regrouped_<table>: a column `graph`, and the rows that the people grouped differently have there."""
    import pyarrow as pa

    parts = {table: [session.arrow(f"(from journeys.{table} limit 0)", "'' as graph, *")] for table in TABLES}
    for graph in graphs.regrouped(session):
        with graphs.beside(session, graph, THEIRS, SHARED):
            _orders(session, run.journey_map)
            _touches(session, run.journey_map)
            _journeys(run, session)
            for table, rows in parts.items():
                rows.append(session.arrow(f"journeys.{table}", f"{quoted(graph)} as graph, *"))
    for table, rows in parts.items():
        grain = ("graph", *session.kept[f"journeys.{table}"])
        session.put(f"journeys.regrouped_{table}", pa.concat_tables(rows), grain=grain)


def _feelings(session: Session, night: date) -> None:
    """What was felt on each touch, said or acted, and the peak and the end of each journey."""
    session.model("journeys.rage_clicks", keep=False, click_seconds=CLICK_SECONDS)
    session.model("journeys.repeated_contacts", keep=False, contact_days=CONTACT_DAYS, rare_share=RARE_SHARE)
    session.model("journeys.waits", keep=False, fewest=FEWEST)
    session.model("journeys.event_times", keep=False, most_events=MOST_EVENTS)
    session.model("journeys.step_ends", keep=False, soon_days=SOON_DAYS, usual_share=USUAL_SHARE, fewest=FEWEST)
    session.model("journeys.abandoned_steps", keep=False, night=night)
    session.model("journeys.acted_signals", keep=False)
    session.model("journeys.acted_feelings", fewest=FEWEST)
    session.model("journeys.felt_touches")
    session.model("journeys.peaks")
    session.model("journeys.acted_places")


def _matches(session: Session, the_map: JourneyMap) -> None:
    """journeys.matches: one row a touch of a journey and a sub-step's or moment's condition that is true of it.

    All conditions are asked of a touch in one pass: touches are many, and wide.
    """
    import pandas as pd

    moments = pd.DataFrame([vars(row) for row in the_map.moments()])
    places = [(step, sub.name, nth) for nth, (step, sub) in enumerate(the_map.sub_steps())]
    sub_steps = pd.DataFrame(places, columns=["step", "sub_step", "position"])
    session.put("journeys.map_moments", moments, grain=("moment",))
    session.put("journeys.map_sub_steps", sub_steps, grain=("sub_step",))
    columns = "journey_id, touch_id, occurred_at, channel, brand, valence"
    names = [
        f"case when {compiled(when)} then {{'kind': {quoted(kind)}, 'name': {quoted(name)}}} end"
        for kind, name, when in _conditions(the_map)
    ]
    true_of_it = f"list_filter([{', '.join(names)}], lambda one: one is not null)"
    touches = f"select {columns}, unnest({true_of_it}) as found from journeys.touchpoints where journey_id is not null"
    session.select("journeys.matches", f"select {columns}, found.kind, found.name from ({touches}) as touches")


def _conditions(the_map: JourneyMap) -> list[tuple[str, str, str]]:
    found = []
    for _, sub in the_map.sub_steps():
        found.append(("sub_step", sub.name, sub.when))
        found += [("moment", moment.name, moment.when) for moment in sub.moments]
    return found


def _tell(session: Session) -> None:
    query = "select count(*) filter (order_id is not null), count(*) filter (retained is null and order_id is not null)"
    row = session.connection.execute(f"{query}, count(*) from journeys.journeys").fetchone() or (0, 0, 0)
    session.log(f"{row[0]:,} journeys on an order ({row[1]:,} not followed up yet), {row[2] - row[0]:,} without one")
    lost = session.connection.execute("select count(*) from journeys.live_orders where value is null").fetchone()
    if lost and lost[0]:
        session.log(f"warning: {lost[0]:,} orders have no value: their currency has no fx_ factor before the order")
