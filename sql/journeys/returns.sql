-- journeys.returns: for every order's journey, whether the customer came back within the horizon.
-- Null while the horizon lies after the night, even where the next order was already seen.
-- grain   journey_id
-- reads   journeys.live_orders
-- params  horizon_days, night
with nexts as (
    select
        a.journey_id,
        count(b.order_id) as returns
    from journeys.live_orders as a
    left join journeys.live_orders as b
        on
            a.customer_id = b.customer_id
            and b.ordered_at > a.ends_at
            and b.ordered_at <= a.ends_at + $horizon_days * interval '1 day'
    group by a.journey_id
)

select
    o.journey_id,
    o.ends_at + $horizon_days * interval '1 day' <= cast($night as timestamp) as followed_up,
    case
        when o.ends_at + $horizon_days * interval '1 day' <= cast($night as timestamp) then n.returns > 0
    end as retained
from journeys.live_orders as o
inner join nexts as n on o.journey_id = n.journey_id
