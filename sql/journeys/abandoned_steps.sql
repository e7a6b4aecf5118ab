-- journeys.abandoned_steps: a step begun whose usual completion had not come when twice the usual time was over.
-- Strength is how surely it is completed else. A step still within that time on the night is not told yet.
-- grain   touch_id
-- reads   journeys.event_times, journeys.step_ends, journeys.touchpoints
-- params  night
with begun as (
    select
        t.journey_id,
        t.source,
        t.brand,
        t.event,
        t.first_at,
        e.end_number,
        e.completed_share,
        date_diff('microsecond', t.first_at, cast($night as timestamp)) / 1e6 > 2 * e.usual_seconds as is_over,
        2 * e.usual_seconds as allowed_seconds
    from journeys.event_times as t
    inner join journeys.step_ends as e on t.event_number = e.event_number
),

open_ones as (
    select b.*
    from begun as b
    left join journeys.event_times as t
        on
            b.journey_id = t.journey_id
            and b.end_number = t.event_number
            and t.first_at > b.first_at
            and date_diff('microsecond', b.first_at, t.first_at) / 1e6 <= b.allowed_seconds
    where t.journey_id is null and b.is_over
)

select
    o.journey_id,
    t.touch_id,
    cast(o.completed_share as double) as strength
from open_ones as o
inner join journeys.touchpoints as t
    on
        o.journey_id = t.journey_id
        and o.source = t.source
        and o.brand = t.brand
        and o.event = t.event
        and o.first_at = t.occurred_at
qualify row_number() over (partition by o.journey_id, o.source, o.brand, o.event order by t.touch_id) = 1
