-- journeys.window_ties: the order's journey that an untied touch belongs to.
-- Of the windows that hold the touch, the one whose [ordered_at, ends_at] is nearest; ties go to the earlier order.
-- grain   touch_id
-- reads   journeys.touches, journeys.live_orders
-- params  none
with candidates as (
    select
        t.touch_id,
        o.journey_id,
        o.ordered_at,
        o.order_id,
        greatest(
            0.0,
            date_diff('microsecond', t.occurred_at, o.ordered_at) / 1e6,
            date_diff('microsecond', o.ends_at, t.occurred_at) / 1e6
        ) as distance_seconds
    from journeys.touches as t
    inner join journeys.live_orders as o
        on
            t.customer_id = o.customer_id
            and t.occurred_at >= o.window_start
            and t.occurred_at <= o.window_end
    where t.tied_journey_id is null
),

ordered as (
    select
        *,
        row_number() over (partition by touch_id order by distance_seconds, ordered_at, order_id) as nth
    from candidates
)

select
    touch_id,
    journey_id
from ordered
where nth = 1
