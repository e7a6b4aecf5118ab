-- identity.touched_devices: the cookies of a night's events, and those that had visited an order which the night brought.
-- grain   anonymous_id
-- reads   arrived.events, arrived.orders, identity.proofs
-- params  none
with
orders as (select distinct order_id from arrived.orders),
seen as (
    select anonymous_id from arrived.events
    union all
    select proofs.anonymous_id
    from identity.proofs as proofs
    inner join orders on proofs.order_id = orders.order_id
)
select distinct anonymous_id
from seen
where anonymous_id is not null
