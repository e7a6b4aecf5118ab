-- journeys.waits: touches that took far longer than is usual for that event.
-- Far is three (scaled) median deviations over the median. Strength is the share of the time that is beyond the usual.
-- grain   touch_id
-- reads   journeys.touchpoints
-- params  fewest
with timed as (
    select
        journey_id,
        touch_id,
        source,
        brand,
        event,
        duration_seconds
    from journeys.touchpoints
    where duration_seconds > 0 and journey_id is not null
),

usual as (
    select
        source,
        brand,
        event,
        median(duration_seconds) as usual_seconds
    from timed
    group by source, brand, event
    having count(*) >= $fewest
),

around as (
    select
        t.journey_id,
        t.touch_id,
        t.source,
        t.brand,
        t.event,
        t.duration_seconds,
        u.usual_seconds
    from timed as t
    inner join usual as u on t.source = u.source and t.brand = u.brand and t.event = u.event
),

spreads as (
    select
        source,
        brand,
        event,
        1.4826 * median(abs(duration_seconds - usual_seconds)) as spread_seconds
    from around
    group by source, brand, event
)

select
    a.journey_id,
    a.touch_id,
    cast(1 - a.usual_seconds / nullif(a.duration_seconds, 0) as double) as strength
from around as a
inner join spreads as s on a.source = s.source and a.brand = s.brand and a.event = s.event
where s.spread_seconds > 0 and a.duration_seconds > a.usual_seconds + 3 * s.spread_seconds
