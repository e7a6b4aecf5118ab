-- ingest.posthog__events: a PostHog event. Who is identified is a user, by the distinct id unless a user id is given.
-- grain   message_id
-- reads   door.posthog__events
-- params  none
with delivered as (
    select * from door.posthog__events
)

select
    table_name,
    delivered_night,
    delivered_file,
    delivered_line,
    broken,
    raw,
    unmapped,
    uuid as message_id,
    case
        when event = '$pageview' then 'page'
        when event = '$screen' then 'screen'
        when event = '$identify' then 'identify'
        else 'track'
    end as type,
    coalesce(anon_distinct_id, device_id, case when coalesce(is_identified, 'false') <> 'true' then distinct_id end)
        as anonymous_id,
    coalesce(user_id, case when is_identified = 'true' or event = '$identify' then distinct_id end) as user_id,
    case when event not in ('$pageview', '$screen', '$identify') then event end as event,
    case when event in ('$pageview', '$screen') then coalesce(title, path) end as name,
    order_id,
    topic,
    outcome,
    duration_seconds,
    category,
    rating,
    amount,
    coalesce(email, person_email) as email,
    ip,
    user_agent,
    path,
    url,
    referrer,
    utm_medium as campaign_medium,
    utm_source as campaign_source,
    utm_campaign as campaign_name,
    properties,
    timestamp as occurred_at,
    created_at as received_at
from delivered
