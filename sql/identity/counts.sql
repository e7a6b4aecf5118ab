-- identity.counts: one row: how many people refuse analytics, how many customers there are, how many records they have.
-- grain   refused_people
-- reads   identity.members
-- params  none
select
    cast(count(distinct case when is_refused then customer_id end) as bigint) as refused_people,
    cast(count(distinct case when not is_refused then customer_id end) as bigint) as customers,
    cast(count(*) as bigint) as records
from identity.members
