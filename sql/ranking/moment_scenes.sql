-- ranking.moment_scenes: the brand and the channel in which each moment mostly happens.
-- grain   moment
-- reads   journeys.moments
-- params  none
with counts as (
    select
        moment,
        brand,
        channel,
        count(*) as journeys
    from journeys.moments
    group by moment, brand, channel
)

select
    moment,
    brand,
    channel
from counts
qualify row_number() over (partition by moment order by journeys desc, brand, channel) = 1
