-- missions.reads: how often each topic was read on a journey before its order.
-- grain   journey_id, topic
-- reads   missions.visits
-- params  none
select
    journey_id,
    topic,
    cast(count(*) as double) as reads
from missions.visits
where topic is not null
group by journey_id, topic
