"""What is remembered of each moment, for the stage ranking: delight, memorability, emotion curve, warnings."""

from pipeline.context import Run
from pipeline.journey_map import JourneyMap, condition
from pipeline.warehouse import Session, quoted

FEWEST = 20  # felt moments, or journeys: with fewer an interval would be wider than the answer
PRIOR_WEIGHT = 2  # a customer's expectation rests on the mission's mean as on two touches of their own
_SAYS = {
    "never_happens": "never happens: does its condition name what arrives?",
    "not_delightful": "is declared delightful, and felt hardly better than ordinary, if at all",
    "expected": "is declared delightful, but nearly everybody who gets there has it: it surprises nobody",
    "nobody_buys": "is declared a buy moment, and next to nobody orders after it",
}


def remember(run: Run, session: Session) -> None:
    """Makes ranking.delights, .moment_memory, .emotion_curve and .map_warnings, and warns of the latter in the log."""
    journey_map = run.journey_map
    session.model("ranking.ordinary_feelings")
    session.model("ranking.delights", fewest=FEWEST, prior_weight=PRIOR_WEIGHT)
    session.model("ranking.journey_delights")
    session.model("ranking.echoes", keep=False, follow_up_days=journey_map.follow_up_days)
    session.model("ranking.echo_sums", keep=False)
    session.model("ranking.moment_delights", keep=False)
    session.model("ranking.moment_contrasts", keep=False)
    session.model("ranking.moment_departures", keep=False, fewest=FEWEST)
    session.model("ranking.moment_memory")
    session.model("ranking.emotion_curve", fewest=FEWEST)
    days = journey_map.horizon_days
    session.model("ranking.moment_buys", keep=False, horizon_days=days, night=run.night, fewest=FEWEST)
    _askable(session, journey_map)
    session.model("ranking.map_warnings", fewest=FEWEST)
    _warn(session)


def _askable(session: Session, journey_map: JourneyMap) -> None:
    """ranking.askable_moments: the moments that something of what arrived might be, by its source alone.

    The rest of such a touch is null, so that a condition that the source does not decide is null on it, and not false.
    """
    session.model("ranking.arrived", keep=False)
    parts = [
        f"select {quoted(moment.name)} as moment from ranking.arrived "
        f"where coalesce(try(try_cast(({condition(moment.when)}) as boolean)), true)"
        for _, sub in journey_map.sub_steps()
        for moment in sub.moments
    ]
    session.select("ranking.askable_moments", " union ".join(parts))


def _warn(session: Session) -> None:
    found = session.arrow("(from ranking.map_warnings order by moment, warning)", "moment, warning").to_pylist()
    for row in found:
        session.log(f"warning: the journey map's moment {row['moment']} {_SAYS[row['warning']]}")
