-- missions.contacts: by which channels, the web apart, a journey's customer dealt with the company before the order.
-- What a moment of the journey map is made of is left out: a mission made of moments could not tell their effects.
-- grain   journey_id, channel
-- reads   journeys.touchpoints, journeys.journeys, missions.moment_kinds
-- params  none
select
    t.journey_id,
    t.channel,
    cast(count(*) as double) as contacts
from journeys.touchpoints as t
inner join journeys.journeys as j on t.journey_id = j.journey_id
anti join missions.moment_kinds as m
    on t.source = m.source and t.brand = m.brand and t.event = m.event and coalesce(t.topic, '') = m.topic
where t.source = 'crm' and t.event <> 'order' and t.channel is not null and t.occurred_at < j.ordered_at
group by t.journey_id, t.channel
