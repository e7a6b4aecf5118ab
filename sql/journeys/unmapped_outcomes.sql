-- journeys.unmapped_outcomes: how often each unmapped event came out in each way.
-- grain   source, brand, event, outcome
-- reads   journeys.touchpoints, journeys.mapped_events
-- params  none
select
    t.source,
    t.brand,
    t.event,
    t.outcome,
    cast(count(*) as bigint) as touches
from journeys.touchpoints as t
anti join journeys.mapped_events as m on t.source = m.source and t.brand = m.brand and t.event = m.event
where t.channel <> 'order' and t.event is not null and t.outcome is not null
group by t.source, t.brand, t.event, t.outcome
