-- ingest.events: one row a message of a visitor's device.
-- A row of a delivery, typed. problem: why it cannot be taken in; latest_at: the latest time that it may carry;
-- <column>_unread: a text that is not what its column holds.
-- grain   message_id
-- reads   door.events
-- params  iso_time, number
with delivered as (
    select * from door.events
),

read as (
    select
        *,
        case
            when regexp_matches(duration_seconds, $number) then try_cast(duration_seconds as double)
        end as duration_seconds_read,
        case when regexp_matches(rating, $number) then try_cast(rating as double) end as rating_read,
        case when regexp_matches(amount, $number) then try_cast(amount as double) end as amount_read,
        case
            when regexp_matches(occurred_at, $iso_time) then cast(try_cast(occurred_at as timestamptz) as timestamp)
        end as occurred_at_read,
        case
            when regexp_matches(received_at, $iso_time) then cast(try_cast(received_at as timestamptz) as timestamp)
        end as received_at_read
    from delivered
)

select
    message_id,
    type,
    anonymous_id,
    user_id,
    event,
    name,
    order_id,
    topic,
    outcome,
    duration_seconds_read as duration_seconds,
    category,
    rating_read as rating,
    amount_read as amount,
    email,
    ip,
    user_agent,
    path,
    url,
    referrer,
    campaign_medium,
    campaign_source,
    campaign_name,
    properties,
    occurred_at_read as occurred_at,
    received_at_read as received_at,
    unmapped,
    delivered_night,
    delivered_file,
    delivered_line,
    cast(delivered_night + interval '1 day' as timestamp) as latest_at,
    case when occurred_at_read is null then occurred_at end as occurred_at_unread,
    case when received_at_read is null then received_at end as received_at_unread,
    case when duration_seconds_read is null then duration_seconds end as duration_seconds_unread,
    case when rating_read is null then rating end as rating_unread,
    case when amount_read is null then amount end as amount_unread,
    coalesce(message_id, '') as record_id,
    case
        when broken is not null then broken
        when message_id is null then 'missing_value: messageId is empty'
        when type is null then 'missing_value: type is empty'
        when occurred_at is null then 'missing_value: timestamp is empty'
        when anonymous_id is null and user_id is null then 'missing_value: anonymousId and userId are empty'
        when occurred_at_read is null then 'bad_time: timestamp is not an ISO 8601 time'
    end as problem
from read
