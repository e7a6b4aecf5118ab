-- journeys.order_returns: after each order, how many days passed until the customer ordered again, and how long one could see.
-- grain   order_id
-- reads   journeys.journeys
-- params  night
with orders as (
    select
        order_id,
        customer_id,
        ordered_at,
        greatest(coalesce(ends_at, ordered_at), ordered_at) as finishes_at
    from journeys.journeys
    where order_id is not null
),

later as (
    select
        o.order_id,
        min(n.ordered_at) as next_at
    from orders as o
    inner join orders as n on o.customer_id = n.customer_id and n.ordered_at > o.finishes_at
    group by o.order_id
)

select
    o.order_id,
    cast(date_diff('microsecond', o.finishes_at, l.next_at) / 8.64e10 as double) as days_to_next,
    cast(
        date_diff('microsecond', o.finishes_at, cast(cast($night as date) as timestamp)) / 8.64e10 as double
    ) as days_seen
from orders as o
left join later as l on o.order_id = l.order_id
