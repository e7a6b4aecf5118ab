-- journeys.touch_days: how many touches lie so many whole days before an order, or after what was ordered is used up.
-- grain   side, days
-- reads   journeys.touchpoints, journeys.journeys
-- params  none
with touches as (
    select
        date_diff('microsecond', t.occurred_at, o.ordered_at) / 8.64e10 as days_before,
        date_diff('microsecond', greatest(coalesce(o.ends_at, o.ordered_at), o.ordered_at), t.occurred_at)
        / 8.64e10 as days_after
    from journeys.touchpoints as t
    inner join journeys.journeys as o on t.journey_id = o.journey_id
    where o.order_id is not null and t.channel <> 'order'
),

sides as (
    select
        'before' as side,
        days_before as days
    from touches
    where days_before > 0
    union all
    select
        'after' as side,
        days_after as days
    from touches
    where days_after > 0
)

select
    side,
    cast(floor(days) as integer) as days,
    cast(count(*) as bigint) as touches
from sides
group by side, cast(floor(days) as integer)
