-- journeys.event_times: when each of the commonest events first happened on a journey.
-- grain   journey_id, source, brand, event
-- reads   journeys.touchpoints
-- params  most_events
with firsts as (
    select
        journey_id,
        source,
        brand,
        event,
        min(occurred_at) as first_at
    from journeys.touchpoints
    where source <> 'social' and journey_id is not null
    group by journey_id, source, brand, event
),

common as (
    select
        source,
        brand,
        event,
        row_number() over (order by count(*) desc, source, brand, event) as nth
    from firsts
    group by source, brand, event
)

select
    f.journey_id,
    f.source,
    f.brand,
    f.event,
    c.nth as event_number,
    f.first_at
from firsts as f
inner join common as c on f.source = c.source and f.brand = c.brand and f.event = c.event
where c.nth <= $most_events
