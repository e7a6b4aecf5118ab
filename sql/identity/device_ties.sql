-- identity.device_ties: every proof that a cookie was used for a crm_id: a login, or a visit that names an order.
-- grain   anonymous_id, crm_id, tie, occurred_at
-- reads   ingest.events, ingest.orders
-- params  none
with
events as (select * from ingest.events),
orders as (select * from ingest.orders),
logins as (
    select anonymous_id, user_id as crm_id, 'login' as tie, occurred_at
    from events
    where anonymous_id is not null and user_id is not null
),
visits as (
    select events.anonymous_id, orders.crm_id, 'order_id' as tie, events.occurred_at
    from events
    inner join orders on events.order_id = orders.order_id
    where events.anonymous_id is not null and events.order_id is not null
),
ties as (
    select * from logins
    union all
    select * from visits
)
select distinct anonymous_id, crm_id, tie, occurred_at
from ties
