-- journeys.crm_touches: what happened to customers in the company's own hands: orders and interactions.
-- grain   touch_id
-- reads   ingest.interactions, journeys.live_orders
-- params  brand
select
    'crm:orders:' || order_id as touch_id,
    'crm' as source,
    order_id as record_id,
    crm_id,
    cast(null as varchar) as identifier_kind,
    cast(null as varchar) as identifier_value,
    order_id,
    ordered_at as occurred_at,
    cast($brand as varchar) as brand,
    'order' as channel,
    'order' as event,
    'completed' as outcome,
    cast(null as varchar) as topic,
    category,
    cast(null as double) as duration_seconds,
    cast(null as double) as rating,
    amount,
    cast(null as varchar) as text,
    attributes
from journeys.live_orders
union all
select
    'crm:interactions:' || interaction_id as touch_id,
    'crm' as source,
    interaction_id as record_id,
    crm_id,
    cast(null as varchar) as identifier_kind,
    cast(null as varchar) as identifier_value,
    order_id,
    occurred_at,
    cast($brand as varchar) as brand,
    channel,
    type as event,
    outcome,
    cast(null as varchar) as topic,
    cast(null as varchar) as category,
    duration_seconds,
    rating,
    cast(null as double) as amount,
    text,
    cast(null as varchar) as attributes
from ingest.interactions
