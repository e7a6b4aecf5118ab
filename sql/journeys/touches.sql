-- journeys.touches: every touch of somebody who does not refuse, with the customer where evidence tells one.
-- The customer is the order's where the touch names one, else the login's, else the cookie's, ref's or handle's at that time.
-- grain   touch_id
-- reads   journeys.crm_touches, journeys.web_touches, journeys.outside_touches, journeys.live_orders, journeys.owners, identity.refused, ingest.orders
-- params  none
with touches as (
    select touch_id, crm_id, identifier_kind, identifier_value, order_id, occurred_at from journeys.crm_touches
    union all
    select touch_id, crm_id, identifier_kind, identifier_value, order_id, occurred_at from journeys.web_touches
    union all
    select touch_id, crm_id, identifier_kind, identifier_value, order_id, occurred_at from journeys.outside_touches
),

refused_orders as (
    select o.order_id
    from ingest.orders as o
    inner join identity.refused as r on r.identifier_kind = 'crm_id' and o.crm_id = r.identifier_value
),

allowed as (
    select t.*
    from touches as t
    anti join refused_orders as o on t.order_id = o.order_id
    anti join identity.refused as c on c.identifier_kind = 'crm_id' and t.crm_id = c.identifier_value
    anti join identity.refused as r
        on t.identifier_kind = r.identifier_kind and t.identifier_value = r.identifier_value
)

select
    t.touch_id,
    t.occurred_at,
    a.journey_id as tied_journey_id,
    coalesce(a.customer_id, l.customer_id, o.customer_id) as customer_id,
    case
        when coalesce(a.customer_id, l.customer_id, o.customer_id) is null then coalesce(t.identifier_value, t.crm_id)
    end as visitor_id
from allowed as t
left join journeys.live_orders as a on t.order_id = a.order_id
left join journeys.owners as l on l.identifier_kind = 'crm_id' and t.crm_id = l.identifier_value
left join journeys.owners as o
    on
        t.identifier_kind = o.identifier_kind
        and t.identifier_value = o.identifier_value
        and t.occurred_at >= o.valid_from
        and t.occurred_at < o.valid_to
