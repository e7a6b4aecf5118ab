-- ingest.snowplow__events: a Snowplow enriched event. A page view is one however often it was sent.
-- A page ping is the event page_ping, a structured event its action, a self-describing one its schema's name.
-- grain   message_id
-- reads   door.snowplow__events
-- params  none
with delivered as (
    select
        *,
        coalesce(
            json_extract_string(web_page, '$[0].id'),
            nullif(regexp_extract(contexts, '/web_page/jsonschema/1-0-0", *"data": *[{] *"id": *"([^"]+)"', 1), '')
        ) as page_view_id
    from door.snowplow__events
)

select
    table_name,
    delivered_night,
    delivered_file,
    delivered_line,
    broken,
    raw,
    unmapped,
    case when event = 'page_view' then coalesce(page_view_id, event_id) else event_id end as message_id,
    case when event = 'page_view' then 'page' else 'track' end as type,
    coalesce(domain_userid, network_userid) as anonymous_id,
    user_id,
    case
        when event = 'struct' then coalesce(se_action, 'struct')
        when event <> 'page_view' then coalesce(event_name, event)
    end as event,
    case when event = 'page_view' then page_title end as name,
    tr_orderid as order_id,
    se_category as category,
    se_label as topic,
    coalesce(tr_total, se_value) as amount,
    user_ipaddress as ip,
    useragent as user_agent,
    page_urlpath as path,
    page_url as url,
    page_referrer as referrer,
    mkt_medium as campaign_medium,
    mkt_source as campaign_source,
    mkt_campaign as campaign_name,
    unmapped as properties,
    coalesce(derived_tstamp, collector_tstamp) as occurred_at,
    collector_tstamp as received_at
from delivered
