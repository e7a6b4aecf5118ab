-- journeys.live_orders: every completed order of a customer, the anchor of one journey.
-- Cancelled and refunded orders neither anchor nor retain; orders of people who refuse analytics are left out.
-- grain   order_id
-- reads   ingest.orders, ingest.factors, identity.identifiers
-- params  currency, lookback_days, follow_up_days
with orders as (
    select *
    from ingest.orders
    where status = 'completed'
),

people as (
    select
        identifier_value as crm_id,
        customer_id
    from identity.identifiers
    where identifier_kind = 'crm_id'
),

rates as (
    select
        o.order_id,
        f.value as rate,
        row_number() over (partition by o.order_id order by f.date desc, f.region nulls last, f.value) as nth
    from orders as o
    inner join ingest.factors as f
        on f.factor = 'fx_' || o.currency and f.date <= cast(o.ordered_at as date)
    where o.currency <> $currency
)

select
    o.order_id,
    p.customer_id,
    o.crm_id,
    o.ordered_at,
    o.starts_at,
    greatest(o.ends_at, o.ordered_at) as ends_at,
    o.category,
    o.attributes,
    o.amount,
    o.currency as order_currency,
    'J' || substring(sha256('order|' || o.order_id), 1, 20) as journey_id,
    cast(case when o.currency = $currency then o.amount else o.amount * r.rate end as double) as value,
    o.ordered_at - $lookback_days * interval '1 day' as window_start,
    greatest(o.ends_at, o.ordered_at) + $follow_up_days * interval '1 day' as window_end
from orders as o
inner join people as p on o.crm_id = p.crm_id
left join rates as r on o.order_id = r.order_id and r.nth = 1
