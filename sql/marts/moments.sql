-- marts.moments: one row per moment that happened in a journey; is_delight is null where it shows no feeling itself.
-- grain   journey_id, moment
-- reads   journeys.moments, ranking.delights
-- params  none
select
    m.journey_id,
    m.moment,
    m.step,
    m.sub_step,
    m.type,
    m.micro_moment,
    m.channel,
    m.brand,
    m.occurred_at,
    m.valence,
    d.is_delight
from journeys.moments as m
left join ranking.delights as d on m.touch_id = d.touch_id
