"""Go back in time, say which moments can still happen on each open journey and how likely, and see which of them came.

    python benchmarks/front_line.py --data DATA --journey-map FILE [--days-back 30 60 90 120]

DATA is a data folder with a published night. For each day, every touch since is forgotten and the stage `actions` runs
on what is left, for all moments and customers, named or not, agreed or not. What it says of an open journey is compared
with what the journey came to by the published night. Beside it, what the journey map alone says: a moment can still
happen while no later sub-step was reached, as often as it did on the journeys of its mission that are over. Journeys of
which the published night does not know the end yet are in too: choose days that lie a journey's length back.
"""

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline import runner
from pipeline.context import Run
from pipeline.journey_map import load_journey_map
from pipeline.settings import load_settings
from pipeline.stages import actions, journeys
from pipeline.warehouse import Session, quoted

if TYPE_CHECKING:
    import pandas as pd

NEEDED = ("journeys", "missions", "ranking")
BINS = (0.0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0)
BEFORE = """
    select j.* replace (
        case when ordered_at < $day then order_id end as order_id,
        case when ordered_at < $day then starts_at end as starts_at,
        case when ordered_at < $day then ends_at end as ends_at,
        case when ordered_at < $day then ordered_at end as ordered_at,
        t.last_at as ended_at)
    from whole_journeys.journeys as j
    inner join (
        select journey_id, max(occurred_at) as last_at from journeys.touchpoints group by journey_id
    ) as t on j.journey_id = t.journey_id
"""
NAMED = """
    with lately as (
        select coalesce(a.mission, 'ALL') as mission, x.moment, avg((m.moment is not null)::int) as exposed_share
        from journeys.sub_steps as u
        inner join journeys.journeys as j on u.journey_id = j.journey_id and j.order_id is not null
        inner join journeys.map_moments as x on u.sub_step = x.sub_step
        left join missions.assignments as a on u.journey_id = a.journey_id
        left join journeys.moments as m on u.journey_id = m.journey_id and x.moment = m.moment
        where u.reached_at >= $day - $days * interval '1 day'
        group by all)
    select r.mission, r.step, r.sub_step, r.moment, r.eligible, r.exposed, l.exposed_share, 'drives' as verdict,
        0.1 as effect, 0.05 as ci_low, 0.15 as ci_high, 0.01 as q_value
    from whole_ranking.moment_ranking as r
    left join lately as l on r.mission = l.mission and r.moment = l.moment
"""
COMPARED = """
    with later as (select journey_id, moment from whole_journeys.moments where occurred_at >= $day),
    happened as (
        select s.mission, x.moment, avg((m.moment is not null)::int) as share
        from actions.scopes as s cross join journeys.map_moments as x
        left join journeys.moments as m on s.journey_id = m.journey_id and x.moment = m.moment group by all),
    places as (
        select o.journey_id, o.mission, x.moment, coalesce(max(u.position), -1) <= x.position as is_ahead
        from actions.open_journeys as o cross join journeys.map_moments as x
        left join journeys.sub_steps as u on o.journey_id = u.journey_id
        group by o.journey_id, o.mission, x.moment, x.position)
    select p.journey_id, p.moment, l.moment is not null as came,
        coalesce(c.reach_share * c.usual_share, 0) as told, c.moment is not null as is_told,
        case when p.is_ahead then coalesce(h.share, 0) else 0 end as by_map, p.is_ahead as is_by_map
    from places as p
    anti join journeys.moments as m on p.journey_id = m.journey_id and p.moment = m.moment
    left join later as l on p.journey_id = l.journey_id and p.moment = l.moment
    left join actions.candidates as c on p.journey_id = c.journey_id and p.moment = c.moment
    left join happened as h on p.mission = h.mission and p.moment = h.moment
    order by p.journey_id, p.moment
"""


def told(data: Path, journey_map: Path, day: date) -> "pd.DataFrame":
    """One row an open journey and moment that had not happened on it by the day: what was said of it, and what came."""
    settings = load_settings(data=data, journey_map=journey_map)
    run = Run(day, settings, load_journey_map(journey_map))
    build = runner.marts_folder(settings).parent
    with (
        tempfile.TemporaryDirectory() as scratch,
        Session(settings, "actions", Path(scratch), data / "spill") as session,
    ):
        for stage in NEEDED:
            session.attach(stage, [build / stage], f"whole_{stage}")
        _forget(session, run)
        actions.build(run, session)
        table: pd.DataFrame = session.connection.execute(COMPARED, {"day": day}).df()
    return table.assign(day=day)


def _forget(session: Session, run: Run) -> None:
    """The tables that the stage reads, as they would have been on the day; everybody agreed, every moment is named."""
    for schema in (*NEEDED, "identity", "ingest"):
        session.connection.execute(f"create schema if not exists {schema}")
    day = f"timestamp {quoted(run.night)}"
    session.select("journeys.touchpoints", f"select * from whole_journeys.touchpoints where occurred_at < {day}")
    journeys._matches(session, run.journey_map)
    for part in ("sub_steps", "moments"):
        session.model(f"journeys.{part}", keep=False)
    session.select("journeys.journeys", BEFORE.replace("$day", day))
    for table in ("assignments", "missions"):
        session.select(f"missions.{table}", f"select * from whole_missions.{table}")
    horizon = str(run.journey_map.horizon_days)
    session.select("ranking.moment_ranking", NAMED.replace("$days", horizon).replace("$day", day))
    records = "select distinct 'crm_id' as identifier_kind, customer_id as identifier_value, customer_id"
    session.select("identity.identifiers", f"{records} from journeys.journeys")
    agreed = "select identifier_value as crm_id, true as consent_marketing from identity.identifiers"
    session.select("ingest.customers", agreed)


def lines(table: "pd.DataFrame") -> Iterator[str]:
    """What to print: recall, how many are told of, the Brier score, and how often what was told came."""
    came, open_ones = table["came"], len(table[["day", "journey_id"]].drop_duplicates())
    yield f"{open_ones:,} open journeys; of {len(table):,} moments that had not happened on them, {came.sum():,} came"
    yield ""
    yield "| | of what came, told of | told of, a journey | Brier score |"
    yield "|---|--:|--:|--:|"
    for name, is_told, share in (("ours", "is_told", "told"), ("the map alone", "is_by_map", "by_map")):
        recall = (table[is_told] & came).sum() / max(1, came.sum())
        brier = ((table[share] - came) ** 2).mean()
        yield f"| {name} | {recall:.3f} | {table[is_told].sum() / open_ones:.2f} | {brier:.4f} |"
    yield ""
    yield "| told that it comes by itself | moments | mean | came |"
    yield "|---|--:|--:|--:|"
    mine = table[table["is_told"]]
    for low, high in pairwise(BINS):
        part = mine[(mine["told"] >= low) & (mine["told"] < high)]
        if len(part):
            yield f"| {low:.2f} to {high:.2f} | {len(part):,} | {part['told'].mean():.3f} | {part['came'].mean():.3f} |"


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the benchmark and prints its tables."""
    import pandas as pd

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--journey-map", type=Path, required=True)
    parser.add_argument("--days-back", type=int, nargs="+", default=[30, 60, 90, 120])
    given = parser.parse_args(arguments)
    published = date.fromisoformat(str(runner.newest_night(load_settings(data=given.data))))
    days = [published - timedelta(days=back) for back in given.days_back]
    table = pd.concat([told(given.data, given.journey_map, day) for day in days])
    print(f"nights {', '.join(str(day) for day in sorted(days))}")
    print("\n".join(lines(table)))


if __name__ == "__main__":
    main()
