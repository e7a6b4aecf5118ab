-- marts.customers: one row per customer, with the mission of the latest journey and since when it is theirs.
-- grain   customer_id
-- reads   identity.customers, journeys.touchpoints, journeys.journeys, missions.flow_history, actions.consents
-- params  none
with seen as (
    select
        customer_id,
        min(occurred_at) as first_seen,
        max(occurred_at) as last_seen
    from journeys.touchpoints
    where customer_id is not null
    group by customer_id
),

bought as (
    select
        customer_id,
        count(*) as orders,
        sum(value) as revenue
    from journeys.journeys
    where order_id is not null
    group by customer_id
)

select
    p.customer_id,
    h.mission,
    h.since as mission_since,
    s.first_seen,
    s.last_seen,
    cast(coalesce(b.orders, 0) as bigint) as orders,
    cast(coalesce(b.revenue, 0) as double) as revenue,
    coalesce(c.consent_marketing, false) as consent_marketing
from identity.customers as p
left join missions.flow_history as h on p.customer_id = h.customer_id and h.until is null
left join seen as s on p.customer_id = s.customer_id
left join bought as b on p.customer_id = b.customer_id
left join actions.consents as c on p.customer_id = c.customer_id
