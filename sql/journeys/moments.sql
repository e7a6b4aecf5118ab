-- journeys.moments: every moment that happened in a journey.
-- A journey has each moment at most once: occurred_at, channel, brand and valence are the first such touch's.
-- grain   journey_id, moment
-- reads   journeys.matches, journeys.map_moments
-- params  none
with firsts as (
    select
        *,
        row_number() over (partition by journey_id, name order by occurred_at, touch_id) as nth
    from journeys.matches
    where kind = 'moment'
)

select
    f.journey_id,
    m.moment,
    m.step,
    m.sub_step,
    m.type,
    m.micro_moment,
    f.channel,
    f.brand,
    f.occurred_at,
    f.valence,
    f.touch_id
from firsts as f
inner join journeys.map_moments as m on f.name = m.moment
where f.nth = 1
