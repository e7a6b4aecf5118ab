-- missions.persona_facets: what journeys show beside what defines their mission: who it is, where they touched, how far
-- they got, how they felt. One row where a journey shows a value at least once.
-- Partner '' is none: of every journey it is known whether it had one.
-- grain   journey_id, facet, value
-- reads   journeys.journeys, journeys.touchpoints, emotion.emotions
-- params  none
with ordered as (
    select
        *,
        row_number() over (partition by customer_id order by ordered_at, journey_id) as nth_order
    from journeys.journeys
    where order_id is not null
),

shown as (
    select
        journey_id,
        'region' as facet,
        coalesce(region, country) as value
    from ordered
    union all
    select
        journey_id,
        'customer' as facet,
        case when nth_order = 1 then 'new' else 'returning' end as value
    from ordered
    union all
    select
        journey_id,
        'channel' as facet,
        channel as value
    from journeys.touchpoints
    union all
    select
        journey_id,
        'partner' as facet,
        case when source = 'partner' then brand else '' end as value
    from journeys.touchpoints
    union all
    select
        j.journey_id,
        'step' as facet,
        u.sub_step as value
    from journeys.journeys as j
    cross join unnest(j.steps_reached) as u (sub_step)
    union all
    select
        t.journey_id,
        'feeling' as facet,
        e.label as value
    from journeys.touchpoints as t
    inner join emotion.emotions as e on t.source = e.source and t.record_id = e.record_id
    where t.text is not null
)

select distinct
    journey_id,
    facet,
    value
from shown
where journey_id is not null and value is not null
