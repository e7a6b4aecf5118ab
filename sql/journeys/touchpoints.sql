-- journeys.touchpoints: every touch, with its journey and how it felt; the columns are those that the journey map can name.
-- A touch of nobody known keeps its visitor_id (cookie or handle) and has no journey.
-- grain   touch_id
-- reads   journeys.touches, journeys.window_ties, journeys.loose_ties, emotion.emotions
-- params  none
select
    t.touch_id,
    t.source,
    t.record_id,
    t.customer_id,
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
    case when t.customer_id is null then coalesce(t.identifier_value, t.crm_id) end as visitor_id,
    coalesce(t.tied_journey_id, w.journey_id, l.journey_id) as journey_id
from journeys.touches as t
left join journeys.window_ties as w on t.touch_id = w.touch_id
left join journeys.loose_ties as l on t.touch_id = l.touch_id
left join emotion.emotions as e on t.source = e.source and t.record_id = e.record_id and t.text is not null
