-- missions.order_signals: what each journey's order says by itself: what, for how much, how early, for how long.
-- An order-less journey says nothing here. Nothing that happened after the order is read.
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
    cast(value as double) as value,
    cast(date_diff('microsecond', ordered_at, starts_at) / 3.6e9 as double) as lead_hours,
    cast(date_diff('microsecond', starts_at, ends_at) / 3.6e9 as double) as use_hours
from journeys.journeys
