-- marts.journeys: one row per journey, with its mission.
-- grain   journey_id
-- reads   journeys.journeys, missions.assignments
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
    j.steps_reached
from journeys.journeys as j
left join missions.assignments as m on j.journey_id = m.journey_id
