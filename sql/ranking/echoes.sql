-- ranking.echoes: what was felt and said after each sub-step and moment of each journey.
-- felt: what was said at it, else next on the journey while it is followed up; null where nothing was. acted: how strongly a
-- feeling was acted at it. is_spoken_of: a text was written at it or on the journey in that time.
-- grain   journey_id, kind, name
-- reads   journeys.moments, journeys.sub_steps, journeys.felt_touches, journeys.touchpoints, journeys.acted_places
-- params  follow_up_days
with places as (
    select
        journey_id,
        'moment' as kind,
        moment as name,
        sub_step,
        occurred_at as begun_at
    from journeys.moments
    union all
    select
        journey_id,
        'sub_step' as kind,
        sub_step as name,
        sub_step,
        reached_at as begun_at
    from journeys.sub_steps
),

feelings as (
    select
        p.journey_id,
        p.kind,
        p.name,
        f.valence
    from places as p
    inner join journeys.felt_touches as f
        on
            p.journey_id = f.journey_id
            and f.valence is not null
            and f.occurred_at >= p.begun_at
            and f.occurred_at <= p.begun_at + $follow_up_days * interval '1 day'
    qualify row_number() over (partition by p.journey_id, p.kind, p.name order by f.occurred_at, f.touch_id) = 1
),

texts as (
    select
        journey_id,
        occurred_at
    from journeys.touchpoints
    where text is not null and journey_id is not null
),

spoken as (
    select distinct
        p.journey_id,
        p.kind,
        p.name
    from places as p
    inner join texts as t
        on
            p.journey_id = t.journey_id
            and t.occurred_at >= p.begun_at
            and t.occurred_at <= p.begun_at + $follow_up_days * interval '1 day'
)

select
    p.journey_id,
    p.kind,
    p.name,
    p.sub_step,
    cast(f.valence as double) as felt,
    cast(coalesce(a.strength, 0) as double) as acted,
    s.journey_id is not null as is_spoken_of
from places as p
left join feelings as f on p.journey_id = f.journey_id and p.kind = f.kind and p.name = f.name
left join spoken as s on p.journey_id = s.journey_id and p.kind = s.kind and p.name = s.name
left join journeys.acted_places as a on p.journey_id = a.journey_id and p.kind = a.kind and p.name = a.name
