-- journeys.web_touches: what happened on the company's pages and apps, by login where there is one, else by cookie.
-- grain   touch_id
-- reads   ingest.events
-- params  brand
select
    'web:events:' || message_id as touch_id,
    'web' as source,
    message_id as record_id,
    user_id as crm_id,
    case when anonymous_id is not null then 'anonymous_id' end as identifier_kind,
    anonymous_id as identifier_value,
    order_id,
    occurred_at,
    cast($brand as varchar) as brand,
    'web' as channel,
    coalesce(event, name, type) as event,
    outcome,
    topic,
    category,
    duration_seconds,
    rating,
    amount,
    cast(null as varchar) as text,
    properties as attributes
from ingest.events
