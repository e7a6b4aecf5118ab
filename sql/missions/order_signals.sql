-- missions.order_signals: what each journey's order says by itself (what, for how much, how early, for how long), and what
-- the same customer had ordered before it. An order-less journey says nothing here; nothing after the order is read.
-- grain   journey_id
-- reads   journeys.journeys
-- params  none
select
    journey_id,
    customer_id,
    order_id,
    ordered_at,
    category,
    attributes,
    case
        when order_id is not null
            then lag(category) over (
                partition by customer_id, order_id is not null
                order by ordered_at, journey_id
            )
    end as category_before,
    cast(value as double) as value,
    cast(date_diff('microsecond', ordered_at, starts_at) / 3.6e9 as double) as lead_hours,
    cast(date_diff('microsecond', starts_at, ends_at) / 3.6e9 as double) as use_hours
from journeys.journeys
