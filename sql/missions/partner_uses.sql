-- missions.partner_uses: what a journey's customer did with partners in the days before the order, on whatever journey.
-- What a moment of the journey map is made of is left out: a mission made of moments could not tell their effects.
-- grain   journey_id, activity
-- reads   journeys.touchpoints, journeys.journeys, missions.moment_kinds
-- params  near_days
select
    j.journey_id,
    t.brand || ': ' || coalesce(t.category, t.event) as activity,
    cast(count(*) as double) as uses
from journeys.touchpoints as t
inner join journeys.journeys as j on t.customer_id = j.customer_id
anti join missions.moment_kinds as m
    on t.source = m.source and t.brand = m.brand and t.event = m.event and coalesce(t.topic, '') = m.topic
where
    t.source = 'partner'
    and t.occurred_at < j.ordered_at
    and t.occurred_at >= j.ordered_at - $near_days * interval '1 day'
group by j.journey_id, t.brand || ': ' || coalesce(t.category, t.event)
