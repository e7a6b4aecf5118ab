-- marts.moments: one row per moment that happened in a journey.
-- grain   journey_id, moment
-- reads   journeys.moments
-- params  none
select
    journey_id,
    moment,
    step,
    sub_step,
    type,
    micro_moment,
    channel,
    brand,
    occurred_at,
    valence
from journeys.moments
