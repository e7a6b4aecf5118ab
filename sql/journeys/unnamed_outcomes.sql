-- journeys.unnamed_outcomes: ways in which an event of the journey map comes out that no moment of the map names.
-- grain   source, brand, event, outcome
-- reads   journeys.touchpoints, journeys.mapped_events, journeys.moment_outcomes
-- params  none
select
    t.source,
    t.brand,
    t.event,
    t.outcome,
    cast(count(*) as bigint) as touches,
    cast(count(distinct t.journey_id) as bigint) as journeys
from journeys.touchpoints as t
semi join journeys.mapped_events as m on t.source = m.source and t.brand = m.brand and t.event = m.event
anti join journeys.moment_outcomes as o
    on t.source = o.source and t.brand = o.brand and t.event = o.event and t.outcome = o.outcome
where t.channel <> 'order' and t.event is not null and t.outcome is not null
group by t.source, t.brand, t.event, t.outcome
