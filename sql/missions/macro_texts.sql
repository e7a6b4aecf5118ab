-- missions.macro_texts: how what people wrote felt: per customers' mission (of the journey it is about), and per stranger.
-- grain   place, person, mission
-- reads   journeys.touchpoints, emotion.emotions, missions.macro_people, missions.assignments
-- params  none
with felt as (
    select
        t.journey_id,
        t.customer_id is not null as is_known,
        coalesce(t.customer_id, t.visitor_id) as person,
        e.label
    from journeys.touchpoints as t
    inner join emotion.emotions as e on t.source = e.source and t.record_id = e.record_id
    where t.text is not null and e.label is not null
)

select
    p.place,
    case when p.place <> 'customers' then f.person end as person,
    case when p.place = 'customers' then a.mission end as mission,
    count(*) as texts,
    count(distinct f.person) as people,
    count(*) filter (where f.label = 'positive') as positive_texts,
    count(*) filter (where f.label = 'negative') as negative_texts
from felt as f
inner join missions.macro_people as p on f.person = p.person and f.is_known = (p.place in ('customers', 'partners'))
left join missions.assignments as a on f.journey_id = a.journey_id
group by 1, 2, 3
