-- journeys.outside_touches: what happened in other hands: partners' activities and social posts.
-- grain   touch_id
-- reads   ingest.activities, ingest.posts
-- params  brand
select
    'partner:' || partner || ':' || activity_id as touch_id,
    'partner' as source,
    activity_id as record_id,
    cast(null as varchar) as crm_id,
    'partner:' || partner as identifier_kind,
    customer_ref as identifier_value,
    cast(null as varchar) as order_id,
    occurred_at,
    partner as brand,
    'partner' as channel,
    activity_type as event,
    outcome,
    cast(null as varchar) as topic,
    category,
    duration_seconds,
    rating,
    amount,
    text,
    cast(null as varchar) as attributes
from ingest.activities
union all
select
    'social:posts:' || post_id as touch_id,
    'social' as source,
    post_id as record_id,
    cast(null as varchar) as crm_id,
    'social_handle' as identifier_kind,
    author_handle as identifier_value,
    cast(null as varchar) as order_id,
    created_at as occurred_at,
    cast($brand as varchar) as brand,
    platform as channel,
    'post' as event,
    cast(null as varchar) as outcome,
    topics ->> '$[0]' as topic,
    cast(null as varchar) as category,
    cast(null as double) as duration_seconds,
    cast(null as double) as rating,
    cast(null as double) as amount,
    text,
    cast(null as varchar) as attributes
from ingest.posts
