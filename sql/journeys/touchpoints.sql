-- journeys.touchpoints: every touch, with its journey and how it felt; the columns are those that the journey map can name.
-- A touch of nobody known keeps its visitor_id (cookie or handle) and has no journey.
-- grain   touch_id
-- reads   journeys.crm_touches, journeys.web_touches, journeys.outside_touches, journeys.ties, emotion.emotions
-- params  none
with touches as (
    select * from journeys.crm_touches
    union all
    select * from journeys.web_touches
    union all
    select * from journeys.outside_touches
)

select
    t.touch_id,
    t.source,
    t.record_id,
    i.customer_id,
    t.order_id,
    t.occurred_at,
    t.brand,
    t.channel,
    t.event,
    t.outcome,
    t.topic,
    t.category,
    t.duration_seconds,
    t.rating,
    t.amount,
    e.valence,
    t.text,
    t.attributes,
    i.visitor_id,
    i.journey_id
from touches as t
inner join journeys.ties as i on t.touch_id = i.touch_id
left join emotion.emotions as e on t.source = e.source and t.record_id = e.record_id and t.text is not null
