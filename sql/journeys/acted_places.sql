-- journeys.acted_places: how strongly a feeling was acted at each sub-step and moment of a journey; absent where it was not.
-- grain   journey_id, kind, name
-- reads   journeys.matches, journeys.map_moments, journeys.acted_feelings
-- params  none
with places as (
    select
        touch_id,
        journey_id,
        kind,
        name
    from journeys.matches
    union
    select
        x.touch_id,
        x.journey_id,
        'sub_step' as kind,
        m.sub_step as name
    from journeys.matches as x
    inner join journeys.map_moments as m on x.kind = 'moment' and x.name = m.moment
)

select
    p.journey_id,
    p.kind,
    p.name,
    cast(max(a.strength) as double) as strength
from places as p
inner join journeys.acted_feelings as a on p.touch_id = a.touch_id
group by p.journey_id, p.kind, p.name
