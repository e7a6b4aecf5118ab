-- journeys.ties: every touch of somebody who does not refuse, with its owner and the one journey that it belongs to.
-- grain   touch_id
-- reads   journeys.touches, journeys.window_ties, journeys.loose_ties
-- params  none
select
    t.touch_id,
    t.customer_id,
    t.visitor_id,
    coalesce(t.tied_journey_id, w.journey_id, l.journey_id) as journey_id
from journeys.touches as t
left join journeys.window_ties as w on t.touch_id = w.touch_id
left join journeys.loose_ties as l on t.touch_id = l.touch_id
