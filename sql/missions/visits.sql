-- missions.visits: pages seen on a journey up to its order; on a journey without an order, all of them.
-- Pages that a moment of the journey map is made of are left out: a mission made of moments could not tell their effects.
-- grain   touch_id
-- reads   journeys.touchpoints, journeys.journeys, ingest.events, missions.moment_kinds
-- params  none
select
    t.touch_id,
    t.journey_id,
    t.occurred_at,
    coalesce(t.topic, case when e.type in ('page', 'screen') then e.name end) as topic,
    e.campaign_medium,
    lower(e.user_agent) as user_agent
from journeys.touchpoints as t
inner join journeys.journeys as j on t.journey_id = j.journey_id
inner join ingest.events as e on t.record_id = e.message_id
anti join missions.moment_kinds as m
    on t.source = m.source and t.brand = m.brand and t.event = m.event and coalesce(t.topic, '') = m.topic
where t.source = 'web' and (j.ordered_at is null or t.occurred_at <= j.ordered_at)
