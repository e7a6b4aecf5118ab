-- actions.later_shares: of finished journeys with an order that got to a moment's sub-step and did not have it at once, how many had
-- it later.
-- grain   mission, moment
-- reads   actions.scopes, actions.named, journeys.moments, journeys.sub_steps
-- params  none
with named as (
    select distinct moment, sub_step from actions.named
)

select
    s.mission,
    n.moment,
    cast(count(*) as bigint) as journeys,
    cast(cast(count(m.moment) as double) / nullif(cast(count(*) as double), 0) as double) as later_share
from actions.scopes as s
inner join journeys.sub_steps as u on s.journey_id = u.journey_id
inner join named as n on u.sub_step = n.sub_step
left join journeys.moments as m on u.journey_id = m.journey_id and n.moment = m.moment
where s.order_id is not null and (m.moment is null or m.occurred_at > u.reached_at)
group by s.mission, n.moment
