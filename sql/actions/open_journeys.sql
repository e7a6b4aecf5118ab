-- actions.open_journeys: the open journeys of customers who agreed to be spoken to, and the sub-step that each reached last.
-- One without an order is a journey only where it reached a sub-step of the map. last_sub_step '': an order, and none yet.
-- waited_days: without an order, the least of the days since then that it may be counted among: 0, 1, 2, 4 or 8.
-- grain   journey_id
-- reads   actions.standings, actions.consents, journeys.sub_steps
-- params  night
with lasts as (
    select
        journey_id,
        sub_step,
        reached_at,
        date_diff('microsecond', reached_at, cast($night as timestamp)) / 8.64e10 as days,
        row_number() over (partition by journey_id order by reached_at desc, position desc, sub_step) as nth
    from journeys.sub_steps
)

select
    s.journey_id,
    s.customer_id,
    s.order_id,
    s.ordered_at,
    s.starts_at,
    s.ends_at,
    s.mission,
    s.order_id is not null as is_ordered,
    coalesce(l.sub_step, '') as last_sub_step,
    l.reached_at as last_reached_at,
    case
        when s.order_id is not null or l.days < 1 then 0
        when l.days < 2 then 1
        when l.days < 4 then 2
        when l.days < 8 then 4
        else 8
    end as waited_days
from actions.standings as s
inner join actions.consents as c on s.customer_id = c.customer_id and c.consent_marketing
left join lasts as l on s.journey_id = l.journey_id and l.nth = 1
where s.is_open and (s.order_id is not null or l.sub_step is not null)
