-- missions.entries: the way in which a journey's first visit came.
-- grain   journey_id
-- reads   missions.visits
-- params  none
select
    journey_id,
    campaign_medium as medium
from missions.visits
where campaign_medium is not null
qualify row_number() over (partition by journey_id order by occurred_at, touch_id) = 1
