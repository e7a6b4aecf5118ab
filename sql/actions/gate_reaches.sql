-- actions.gate_reaches: of finished journeys with an order on which a gate happened, how many got to the sub-step that it leads to.
-- grain   mission, sub_step
-- reads   actions.scopes, actions.gates, journeys.moments, journeys.sub_steps
-- params  none
select
    s.mission,
    g.sub_step,
    g.gate,
    cast(count(*) as bigint) as journeys,
    cast(
        cast(count(u.journey_id) as double) / nullif(cast(count(*) as double), 0) as double
    ) as reach_share
from actions.scopes as s
inner join journeys.moments as m on s.journey_id = m.journey_id
inner join actions.gates as g on m.moment = g.gate
left join journeys.sub_steps as u
    on s.journey_id = u.journey_id and g.sub_step = u.sub_step and u.reached_at >= m.occurred_at
where s.order_id is not null
group by s.mission, g.sub_step, g.gate
