-- identity.customers: every customer who does not refuse analytics, with the night and the identifier that made them.
-- grain   customer_id
-- reads   identity.minted, identity.members
-- params  none
with
minted as (select * from identity.minted),
present as (
    select customer_id, count(*) as records
    from identity.members
    where not is_refused
    group by customer_id
)
select
    minted.customer_id,
    cast(minted.minted_night as date) as minted_night,
    cast(minted.anchor_at as timestamp) as anchor_at,
    minted.anchor_kind,
    minted.anchor_value,
    cast(present.records as bigint) as records
from minted
inner join present on minted.customer_id = present.customer_id
