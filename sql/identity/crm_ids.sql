-- identity.crm_ids: one row per crm_id that any delivery names, with when it was first seen.
-- A crm_id of an order, an interaction or a login counts, even where its customer row never came. Where one came, it
-- says since when: a customer row keeps its created_at through every update, while older orders may still arrive late.
-- grain   crm_id
-- reads   ingest.customers_history, ingest.orders, ingest.interactions, ingest.events
-- params  none
with
customers as (select * from ingest.customers_history),
orders as (select * from ingest.orders),
interactions as (select * from ingest.interactions),
events as (select * from ingest.events),
mentions as (
    select crm_id, 0 as trust, created_at as seen_at from customers
    union all
    select crm_id, 1 as trust, ordered_at as seen_at from orders
    union all
    select crm_id, 1 as trust, occurred_at as seen_at from interactions
    union all
    select user_id as crm_id, 1 as trust, occurred_at as seen_at from events where user_id is not null
)
select
    crm_id,
    cast(coalesce(min(seen_at) filter (where trust = 0), min(seen_at)) as timestamp) as first_at
from mentions
where crm_id is not null and crm_id <> ''
group by crm_id
