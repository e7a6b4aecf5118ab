-- actions.reaches: of finished journeys that stood at a sub-step, with or without an order by then, how many got to another one
-- from there, and had an order in the end (effects are of such journeys). from_sub_step '': wherever they stood with an order.
-- waited_days: without an order, only those who had none so many days later either, as who has waited is less likely to order.
-- grain   mission, is_ordered, from_sub_step, waited_days, sub_step
-- reads   actions.scopes, actions.named, actions.open_journeys, journeys.sub_steps
-- params  none
with waits as (
    select distinct waited_days from actions.open_journeys
    where not is_ordered
),

stood as (
    select
        s.mission,
        s.journey_id,
        s.order_id,
        true as is_ordered,
        u.sub_step as from_sub_step,
        0 as waited_days,
        u.reached_at
    from actions.scopes as s
    inner join journeys.sub_steps as u on s.journey_id = u.journey_id
    where s.order_id is not null
    union all
    select
        s.mission,
        s.journey_id,
        s.order_id,
        true as is_ordered,
        '' as from_sub_step,
        0 as waited_days,
        timestamp '0001-01-01' as reached_at
    from actions.scopes as s
    where s.order_id is not null
    union all
    select
        s.mission,
        s.journey_id,
        s.order_id,
        false as is_ordered,
        u.sub_step as from_sub_step,
        w.waited_days,
        u.reached_at
    from actions.scopes as s
    inner join journeys.sub_steps as u on s.journey_id = u.journey_id
    cross join waits as w
    where s.mission = 'ALL' and coalesce(s.ordered_at > u.reached_at + w.waited_days * interval '1 day', true)
),

sizes as (
    select mission, is_ordered, from_sub_step, waited_days, cast(count(*) as double) as journeys from stood
    group by mission, is_ordered, from_sub_step, waited_days
),

targets as (
    select distinct sub_step from actions.named
),

ends as (
    select u.journey_id, u.sub_step, u.reached_at
    from journeys.sub_steps as u
    semi join targets as t on u.sub_step = t.sub_step
),

arrivals as (
    select s.mission, s.is_ordered, s.from_sub_step, s.waited_days, u.sub_step, cast(count(*) as double) as arrived
    from stood as s
    inner join ends as u on s.journey_id = u.journey_id and u.reached_at >= s.reached_at
    where s.order_id is not null
    group by s.mission, s.is_ordered, s.from_sub_step, s.waited_days, u.sub_step
)

select
    n.mission,
    n.is_ordered,
    n.from_sub_step,
    cast(n.waited_days as bigint) as waited_days,
    t.sub_step,
    cast(n.journeys as bigint) as journeys,
    cast(coalesce(a.arrived, 0) / nullif(n.journeys, 0) as double) as reach_share
from sizes as n
cross join targets as t
left join arrivals as a
    on
        n.mission = a.mission
        and n.is_ordered = a.is_ordered
        and n.from_sub_step = a.from_sub_step
        and n.waited_days = a.waited_days
        and t.sub_step = a.sub_step
