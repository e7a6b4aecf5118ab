-- missions.macro_words: the words that journeys and strangers leave: what was read before the order, what was done at a
-- partner, what was said, and how often. A bag is a journey that is on a mission, or a person who has none.
-- What customers wrote anywhere (surveys, tickets) teaches what authors' posts are about.
-- grain   place, bag, word
-- reads   journeys.touchpoints, journeys.journeys, missions.assignments, missions.macro_people
-- params  none
with touches as (
    select
        t.source,
        t.brand,
        t.event,
        t.category,
        t.topic,
        t.text,
        coalesce(t.occurred_at > j.ordered_at, false) as is_after_order,
        case when a.mission is not null then t.journey_id else coalesce(t.customer_id, t.visitor_id) end as bag,
        a.mission is not null as is_journey
    from journeys.touchpoints as t
    left join journeys.journeys as j on t.journey_id = j.journey_id
    left join missions.assignments as a on t.journey_id = a.journey_id
),

words as (
    select
        'visitors' as place,
        bag,
        is_journey,
        coalesce(topic, event) as word
    from touches
    where source = 'web' and not is_after_order
    union all
    select
        'partners' as place,
        bag,
        is_journey,
        concat(brand, ' ', event, ' ', coalesce(category, '')) as word
    from touches
    where source = 'partner'
    union all
    select
        'authors' as place,
        bag,
        is_journey,
        unnest(regexp_extract_all(lower(text), '\p{L}{3,}')) as word
    from touches
    where text is not null
)

select
    w.place,
    w.bag,
    w.is_journey,
    w.word,
    cast(count(*) as double) as times
from words as w
left join missions.macro_people as p on w.place = p.place and w.bag = p.person
where w.word is not null and (w.is_journey or p.person is not null)
group by w.place, w.bag, w.is_journey, w.word
