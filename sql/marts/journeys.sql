-- marts.journeys: one row per journey, with its mission, its peak and its end; concurrent: the customer's other journeys at the time.
-- grain   journey_id
-- reads   journeys.journeys, journeys.concurrents, journeys.peaks, missions.assignments, ranking.journey_delights
-- params  none
select
    j.journey_id,
    j.customer_id,
    j.order_id,
    j.started_at,
    j.ended_at,
    m.mission,
    m.mission_probability,
    j.value,
    j.currency,
    j.retained,
    j.steps_reached,
    n.concurrent,
    coalesce(p.felt_touches, 0) as felt_touches,
    coalesce(p.acted_touches, 0) as acted_touches,
    p.peak_valence,
    p.peak_at,
    p.end_valence,
    p.feeling,
    d.delights
from journeys.journeys as j
inner join journeys.concurrents as n on j.journey_id = n.journey_id
left join journeys.peaks as p on j.journey_id = p.journey_id
left join missions.assignments as m on j.journey_id = m.journey_id
left join ranking.journey_delights as d on j.journey_id = d.journey_id
