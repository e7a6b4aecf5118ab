-- actions.open_requests: what customers asked for on an open journey, and the journey has not got to the sub-step that settles it since.
-- grain   touch_id, moment
-- reads   actions.open_journeys, actions.asked, actions.answers, journeys.sub_steps
-- params  none
select
    a.journey_id,
    o.customer_id,
    o.order_id,
    a.touch_id,
    a.moment,
    a.channel,
    a.occurred_at,
    n.answer
from actions.asked as a
inner join actions.open_journeys as o on a.journey_id = o.journey_id
left join actions.answers as n on a.moment = n.moment
left join journeys.sub_steps as u
    on a.journey_id = u.journey_id and n.answer = u.sub_step and u.reached_at > a.occurred_at
where u.journey_id is null
