-- journeys.sub_steps: every sub-step that a journey reached, and when it did first.
-- A sub-step is reached when its own condition or one of its moments' is true of a touch.
-- grain   journey_id, sub_step
-- reads   journeys.matches, journeys.map_moments, journeys.map_sub_steps
-- params  none
with reached as (
    select
        x.journey_id,
        x.occurred_at,
        coalesce(m.sub_step, x.name) as sub_step
    from journeys.matches as x
    left join journeys.map_moments as m on x.kind = 'moment' and x.name = m.moment
)

select
    r.journey_id,
    s.step,
    r.sub_step,
    s.position,
    min(r.occurred_at) as reached_at
from reached as r
inner join journeys.map_sub_steps as s on r.sub_step = s.sub_step
group by r.journey_id, s.step, r.sub_step, s.position
