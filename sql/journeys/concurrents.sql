-- journeys.concurrents: how many other journeys of the same customer each journey overlaps.
-- A journey with an order lasts as long as its window; one without, from its first touch to its last.
-- grain   journey_id
-- reads   journeys.touchpoints, journeys.live_orders
-- params  none
with loose as (
    select
        t.journey_id,
        t.customer_id,
        min(t.occurred_at) as window_start,
        max(t.occurred_at) as window_end
    from journeys.touchpoints as t
    anti join journeys.live_orders as o on t.journey_id = o.journey_id
    where t.journey_id is not null
    group by t.journey_id, t.customer_id
),

spans as (
    select journey_id, customer_id, window_start, window_end from journeys.live_orders
    union all
    select journey_id, customer_id, window_start, window_end from loose
)

select
    a.journey_id,
    cast(count(b.journey_id) as bigint) as concurrent
from spans as a
left join spans as b
    on
        a.customer_id = b.customer_id
        and a.journey_id <> b.journey_id
        and b.window_start <= a.window_end
        and b.window_end >= a.window_start
group by a.journey_id
