-- journeys.regrouped_orders: the live orders of regrouped people, as they arrived: what an order is depends on no graph.
-- grain   graph, order_id
-- reads   journeys.live_orders, journeys.regrouped_identifiers
-- params  none
with people as (
    select distinct graph, identifier_value as crm_id
    from journeys.regrouped_identifiers
    where identifier_kind = 'crm_id'
)

select
    p.graph,
    o.order_id,
    o.crm_id,
    o.ordered_at,
    o.starts_at,
    o.ends_at,
    'completed' as status,
    o.category,
    o.attributes,
    o.amount,
    o.order_currency as currency
from journeys.live_orders as o
inner join people as p on o.crm_id = p.crm_id
