-- ingest.ga4__events: an event of GA4's export to BigQuery, as JSON. It has no id of its own: what it says is its id.
-- event_params are a list of keys and values; those that the canonical form has a place for are read from its text.
-- grain   message_id
-- reads   door.ga4__events
-- params  none
with found as (
    select
        *,
        regexp_extract(
            event_params, '"key": *"page_location", *"value": *[{] *"string_value": *("([^"\\]|\\.)*")', 1
        ) as url_json,
        regexp_extract(
            event_params, '"key": *"page_title", *"value": *[{] *"string_value": *("([^"\\]|\\.)*")', 1
        ) as title_json,
        regexp_extract(
            event_params, '"key": *"page_referrer", *"value": *[{] *"string_value": *("([^"\\]|\\.)*")', 1
        ) as referrer_json,
        regexp_extract(
            event_params, '"key": *"transaction_id", *"value": *[{] *"string_value": *("([^"\\]|\\.)*")', 1
        ) as order_json,
        case
            when regexp_matches(event_timestamp, '^[0-9]{15,17}$')
                then cast(left(event_timestamp, length(event_timestamp) - 6) as double)
        end as seconds
    from door.ga4__events
),

delivered as (
    select
        *,
        case when url_json <> '' then json_extract_string(concat('[', url_json, ']'), '$[0]') end as url,
        case when title_json <> '' then json_extract_string(concat('[', title_json, ']'), '$[0]') end as title,
        case when referrer_json <> '' then json_extract_string(concat('[', referrer_json, ']'), '$[0]') end as referrer,
        case when order_json <> '' then json_extract_string(concat('[', order_json, ']'), '$[0]') end as order_text,
        cast(floor(seconds / 86400) as integer) as day_count,
        cast(seconds - 86400 * floor(seconds / 86400) as integer) as second_count,
        cast(case when seconds is not null then right(event_timestamp, 6) end as integer) as microsecond_count
    from found
)

select
    table_name,
    delivered_night,
    delivered_file,
    delivered_line,
    broken,
    raw,
    unmapped,
    case
        when event_timestamp is not null and event_name is not null
            then md5(
                concat(
                    coalesce(user_pseudo_id, ''), '/', coalesce(user_id, ''), '/',
                    event_timestamp, '/', event_name, '/',
                    coalesce(event_bundle_sequence_id, ''), '/', coalesce(batch_event_index, ''), '/',
                    coalesce(event_params, '')
                )
            )
    end as message_id,
    case
        when event_name = 'page_view' then 'page'
        when event_name = 'screen_view' then 'screen'
        else 'track'
    end as type,
    user_pseudo_id as anonymous_id,
    user_id,
    case when event_name not in ('page_view', 'screen_view') then event_name end as event,
    case when event_name in ('page_view', 'screen_view') then title end as name,
    coalesce(transaction_id, order_text) as order_id,
    revenue as amount,
    nullif(regexp_extract(url, '^[a-zA-Z]+://[^/?#]*([^?#]*)', 1), '') as path,
    url,
    referrer,
    medium as campaign_medium,
    source as campaign_source,
    campaign as campaign_name,
    case when event_params is not null then concat('{"event_params":', event_params, '}') end as properties,
    case
        when day_count is not null
            then cast(
                timestamp '1970-01-01 00:00:00'
                + day_count * interval '1 day'
                + second_count * interval '1 second'
                + microsecond_count * interval '1 microsecond' as varchar
            )
        else event_timestamp
    end as occurred_at
from delivered
