-- actions.moment_channels: the channel by which each moment happens most often.
-- grain   moment
-- reads   journeys.moments
-- params  none
select
    moment,
    channel
from journeys.moments
where channel is not null
group by moment, channel
qualify row_number() over (partition by moment order by count(*) desc, channel) = 1
