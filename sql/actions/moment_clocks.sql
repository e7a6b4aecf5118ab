-- actions.moment_clocks: when a moment happens, where it does: days after the order, the start or the end of what was ordered,
-- or after its own sub-step was reached (anchor), of named moments and finished journeys: usually, and at the latest (nearly all have had it by then).
-- Of order, start and end, the one by which it is best told, that is with the shortest time from the earliest to the latest.
-- grain   moment, is_own
-- reads   actions.standings, actions.named, journeys.moments, journeys.sub_steps
-- params  nearly_all, fewest
with happened as (
    select
        m.moment,
        m.journey_id,
        m.occurred_at,
        s.ordered_at,
        s.starts_at,
        s.ends_at,
        u.reached_at
    from journeys.moments as m
    semi join actions.named as n on m.moment = n.moment
    inner join actions.standings as s on m.journey_id = s.journey_id
    inner join journeys.sub_steps as u on m.journey_id = u.journey_id and m.sub_step = u.sub_step
    where not s.is_open and s.order_id is not null
),

anchored as (
    select moment, journey_id, 'order' as anchor, occurred_at, ordered_at as anchor_at from happened
    union all
    select moment, journey_id, 'start' as anchor, occurred_at, starts_at as anchor_at from happened
    union all
    select moment, journey_id, 'end' as anchor, occurred_at, ends_at as anchor_at from happened
    union all
    select moment, journey_id, 'sub_step' as anchor, occurred_at, reached_at as anchor_at from happened
),

placed as (
    select
        moment,
        anchor,
        date_diff('microsecond', anchor_at, occurred_at) / 8.64e10 as days,
        row_number() over (
            partition by moment, anchor order by date_diff('microsecond', anchor_at, occurred_at), journey_id
        ) as nth,
        count(*) over (partition by moment, anchor) as journeys
    from anchored
    where anchor_at is not null
),

clocks as (
    select
        moment,
        anchor,
        anchor = 'sub_step' as is_own,
        min(case when nth >= (1 - $nearly_all) * journeys then days end) as early_days,
        min(case when nth >= 0.5 * journeys then days end) as usual_days,
        min(case when nth >= $nearly_all * journeys then days end) as late_days
    from placed
    where journeys >= $fewest
    group by moment, anchor
)

select
    moment,
    anchor,
    is_own,
    cast(usual_days as double) as usual_days,
    cast(late_days as double) as late_days
from clocks
qualify row_number() over (partition by moment, is_own order by late_days - early_days, anchor) = 1
