-- missions.flow_history: which mission each customer was on, and since when: their journeys in order, cut where it changes.
-- A span lasts until the next one begins; the last one is open. Journeys on no mission neither cut a span nor count.
-- grain   customer_id, since, mission
-- reads   journeys.journeys, missions.assignments
-- params  none
with placed as (
    select
        j.customer_id,
        j.journey_id,
        j.started_at,
        a.mission
    from journeys.journeys as j
    inner join missions.assignments as a on j.journey_id = a.journey_id
    where a.mission is not null
),

changes as (
    select
        *,
        case when lag(mission) over w = mission then 0 else 1 end as is_change
    from placed
    window w as (partition by customer_id order by started_at, journey_id)
),

numbered as (
    select
        *,
        sum(is_change) over (partition by customer_id order by started_at, journey_id) as span
    from changes
),

spans as (
    select
        customer_id,
        span,
        min(mission) as mission,
        min(started_at) as since,
        count(*) as journeys
    from numbered
    group by customer_id, span
)

select
    customer_id,
    mission,
    since,
    lead(since) over (partition by customer_id order by span) as until,
    cast(journeys as bigint) as journeys
from spans
