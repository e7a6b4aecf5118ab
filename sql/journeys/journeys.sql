-- journeys.journeys: every journey: one for each live order, and the order-less ones.
-- It starts with its first touch and ends with its last one or, if later, when what was bought is used up.
-- grain   journey_id
-- reads   journeys.touchpoints, journeys.live_orders, journeys.returns, journeys.steps_reached, ingest.customers
-- params  currency
with spans as (
    select
        journey_id,
        min(customer_id) as customer_id,
        min(occurred_at) as first_at,
        max(occurred_at) as last_at,
        count(*) as touches
    from journeys.touchpoints
    where journey_id is not null
    group by journey_id
)

select
    s.journey_id,
    s.customer_id,
    o.order_id,
    o.ordered_at,
    o.starts_at,
    o.ends_at,
    s.first_at as started_at,
    greatest(s.last_at, coalesce(o.ends_at, s.last_at)) as ended_at,
    s.touches,
    o.category,
    o.attributes,
    c.region,
    c.country,
    o.value,
    cast(case when o.order_id is not null then $currency end as varchar) as currency,
    r.retained,
    coalesce(r.followed_up, false) as followed_up,
    coalesce(x.steps_reached, cast([] as varchar[])) as steps_reached
from spans as s
left join journeys.live_orders as o on s.journey_id = o.journey_id
left join journeys.returns as r on s.journey_id = r.journey_id
left join journeys.steps_reached as x on s.journey_id = x.journey_id
left join ingest.customers as c on o.crm_id = c.crm_id
