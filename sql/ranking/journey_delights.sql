-- ranking.journey_delights: how often each journey that showed a feeling delighted its customer.
-- grain   journey_id
-- reads   ranking.delights
-- params  none
select
    journey_id,
    cast(count(*) filter (where is_delight) as bigint) as delights
from ranking.delights
where is_delight is not null
group by journey_id
