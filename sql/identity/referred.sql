-- identity.referred: of the rows that were delivered since a night and name a customer or an order, the share that no delivery has.
-- unknown_customer, unknown_order: value is that share, of rows_count rows that name one.
-- grain   table_name, night, measure
-- reads   delivered.customers, delivered.orders, delivered.interactions, delivered.events
-- params  since, night
with customers as (
    select distinct crm_id from delivered.customers
),

orders as (
    select distinct order_id from delivered.orders
),

naming_customers as (
    select 'crm/orders' as table_name, delivered_night as night, crm_id
    from delivered.orders
    where delivered_night > cast($since as date) and delivered_night <= cast($night as date)
    union all
    select 'crm/interactions' as table_name, delivered_night as night, crm_id
    from delivered.interactions
    where delivered_night > cast($since as date) and delivered_night <= cast($night as date)
    union all
    select 'web/events' as table_name, delivered_night as night, user_id as crm_id
    from delivered.events
    where delivered_night > cast($since as date) and delivered_night <= cast($night as date) and user_id is not null
),

naming_orders as (
    select 'crm/interactions' as table_name, delivered_night as night, order_id
    from delivered.interactions
    where delivered_night > cast($since as date) and delivered_night <= cast($night as date) and order_id is not null
    union all
    select 'web/events' as table_name, delivered_night as night, order_id
    from delivered.events
    where delivered_night > cast($since as date) and delivered_night <= cast($night as date) and order_id is not null
)

select
    n.table_name,
    cast(n.night as date) as night,
    'unknown_customer' as measure,
    cast(count(case when c.crm_id is null then 1 end) as double) / count(*) as value,
    cast(count(*) as double) as rows_count
from naming_customers as n
left join customers as c on n.crm_id = c.crm_id
group by n.table_name, n.night
union all
select
    n.table_name,
    cast(n.night as date) as night,
    'unknown_order' as measure,
    cast(count(case when o.order_id is null then 1 end) as double) / count(*) as value,
    cast(count(*) as double) as rows_count
from naming_orders as n
left join orders as o on n.order_id = o.order_id
group by n.table_name, n.night
