"""Stage actions: what staff can do for each customer who is on a journey: the moments that matter next, and a card.

A moment is suggested where the ranking names it for the journey's mission and it can still happen there; what it is
expected to bring is its effect, times the chance that the journey gets to it, times the chance that it would not happen
by itself. Only customers who agreed to be spoken to are looked at. Harms are no suggestions: the likeliest to cost most
is on the card, as what to prevent.
"""

from typing import TYPE_CHECKING, Any

from pipeline.context import Run
from pipeline.journey_map import JourneyMap, compiled
from pipeline.reporting import front_line
from pipeline.warehouse import Session, quoted

if TYPE_CHECKING:
    import pyarrow as pa

NEEDS = ("ingest", "identity", "journeys", "missions", "ranking")
NEARLY_ALL = 0.95  # of the journeys with a moment, so many have had it by then
RARE_SHARE = 0.05  # what happens to no more is no way to count on
USUAL_SHARE = 0.7  # of those who asked, so many get to the sub-step that settles it
FEWEST = 30  # journeys from which what is usual can be told
ASKS = "engaging"  # the type of moment by which customers ask for something
Row = dict[str, Any]


def build(run: Run, session: Session) -> None:
    """Makes actions.next_moments and actions.cards; actions.suggested, which the next night's caps read."""
    the_map, caps, night = run.journey_map, run.settings.front_line, run.night
    session.model("actions.consents")
    follow_up, silence = the_map.follow_up_days, the_map.inactivity_days
    session.model("actions.standings", keep=False, night=night, follow_up_days=follow_up, inactivity_days=silence)
    session.model("actions.open_journeys", keep=False, night=night)
    _usual(session)
    session.model("actions.possible", keep=False, night=night)
    session.model("actions.candidates", keep=False, fewest=FEWEST)
    session.put("actions.suggested_before", _before(session), grain=("journey_id", "moment"), keep=False)
    session.model("actions.suggestions_before", keep=False)
    session.model("actions.chosen", keep=False, night=night, **caps.model_dump())
    session.model("actions.suggested", night=night, cap_days=caps.cap_days)
    session.inner |= {"suggested", "consents"}
    session.model("actions.harms_ahead", keep=False)
    _told(session)
    _requests(session, the_map)
    session.model("actions.cards")
    _log(session)


def _usual(session: Session) -> None:
    """What is usual on finished journeys: when moments happen, what leaves them behind, who gets to them."""
    session.model("actions.named", keep=False)
    session.model("actions.moment_channels", keep=False)
    session.model("actions.moment_clocks", keep=False, nearly_all=NEARLY_ALL, fewest=FEWEST)
    session.model("actions.closings", keep=False, fewest=FEWEST, rare_share=RARE_SHARE)
    session.model("actions.gates", keep=False, fewest=FEWEST, rare_share=RARE_SHARE)
    for part in ("scopes", "reaches", "gate_reaches", "later_shares"):
        session.model(f"actions.{part}", keep=False)


def _before(session: Session) -> "pa.Table":
    """What was suggested up to the last finished night."""
    import pyarrow as pa

    kinds = [("customer_id", pa.string()), ("journey_id", pa.string()), ("moment", pa.string())]
    schema = pa.schema([*kinds, ("first_night", pa.date32())])
    past = session.previous("actions", "suggested")
    return schema.empty_table() if past is None else past.select(schema.names).cast(schema)


def _told(session: Session) -> None:
    """actions.next_moments and actions.preventable: what was chosen, with the reason in words."""
    import pyarrow as pa

    session.model("actions.moments_had", keep=False)
    labels = {row["mission"]: row["label"] for row in session.arrow("missions.missions", "mission, label").to_pylist()}
    had = {(row["customer_id"], row["moment"]) for row in session.arrow("actions.moments_had").to_pylist()}
    chosen = session.arrow("actions.chosen")
    rows = chosen.to_pylist()
    new = [(row["customer_id"], row["moment"]) not in had for row in rows]
    why = [front_line.reason(row, labels, is_new=is_new) for row, is_new in zip(rows, new, strict=True)]
    chosen = chosen.append_column("is_new_to_them", pa.array(new, pa.bool_()))
    chosen = chosen.append_column("reason", pa.array(why, pa.string()))
    session.put("actions.next_moments", chosen, grain=("customer_id", "moment"))
    harms = session.arrow("actions.harms_ahead")
    why = [front_line.why(row, labels) for row in harms.to_pylist()]
    session.put(
        "actions.preventable", harms.append_column("reason", pa.array(why, pa.string())), grain=("customer_id",)
    )
    session.inner.add("preventable")


def _requests(session: Session, the_map: JourneyMap) -> None:
    """actions.open_requests. A request is an engaging moment that is a touch of its own in the company's own hands, and
    no way in which the sub-step's own touch went: the sub-step's condition is not true of it."""
    session.select("actions.asked", _asked(the_map))
    session.model("actions.answers", keep=False, usual_share=USUAL_SHARE)
    session.model("actions.open_requests")


def _asked(the_map: JourneyMap) -> str:
    """A select of the touches by which customers ask for something."""
    ours = "source = 'crm' and coalesce(channel, '') <> 'order'"
    touches = f"(from journeys.touchpoints where {ours} and journey_id is not null) as t"
    columns = "journey_id, touch_id, occurred_at, channel"
    parts = [f"select {columns}, '' as moment from {touches} limit 0"]
    for _, sub in the_map.sub_steps():
        for moment in sub.moments:
            if moment.type == ASKS:
                own = f"{compiled(moment.when)} and not {compiled(sub.when)}"
                parts.append(f"select {columns}, {quoted(moment.name)} as moment from {touches} where {own}")
    return " union all ".join(f"({part})" for part in parts)


def _log(session: Session) -> None:
    row = session.connection.execute(
        "select count(*), count(*) filter (next_moment is not null), count(*) filter (requests > 0) from actions.cards"
    ).fetchone() or (0, 0, 0)
    session.log(
        f"{row[0]:,} customers on a journey agreed to be spoken to: for {row[1]:,} a moment that matters is ahead"
    )
    session.log(f"{row[2]:,} of them wait for something that they asked for")
