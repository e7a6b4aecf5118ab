-- ingest.activities: one row something that a customer did with a partner.
-- A row of a delivery, typed. problem: why it cannot be taken in; latest_at: the latest time that it may carry;
-- <column>_unread: a text that is not what its column holds.
-- grain   partner, activity_id
-- reads   door.activities
-- params  iso_time, number
with delivered as (
    select * from door.activities
),

read as (
    select
        *,
        case
            when regexp_matches(occurred_at, $iso_time) then cast(try_cast(occurred_at as timestamptz) as timestamp)
        end as occurred_at_read,
        case
            when regexp_matches(duration_seconds, $number) then try_cast(duration_seconds as double)
        end as duration_seconds_read,
        case when regexp_matches(amount, $number) then try_cast(amount as double) end as amount_read,
        case when regexp_matches(rating, $number) then try_cast(rating as double) end as rating_read,
        case
            when regexp_matches(updated_at, $iso_time) then cast(try_cast(updated_at as timestamptz) as timestamp)
        end as updated_at_read,
        case
            when regexp_matches(deleted_at, $iso_time) then cast(try_cast(deleted_at as timestamptz) as timestamp)
        end as deleted_at_read
    from delivered
)

select
    table_name as partner,
    activity_id,
    customer_ref,
    email_sha256,
    loyalty_id,
    first_name,
    last_name,
    postcode,
    occurred_at_read as occurred_at,
    activity_type,
    outcome,
    duration_seconds_read as duration_seconds,
    category,
    city,
    amount_read as amount,
    upper(currency) as currency,
    rating_read as rating,
    text,
    updated_at_read as updated_at,
    deleted_at_read as deleted_at,
    unmapped,
    delivered_night,
    delivered_file,
    delivered_line,
    cast(delivered_night + interval '1 day' as timestamp) as latest_at,
    case when occurred_at_read is null then occurred_at end as occurred_at_unread,
    case when duration_seconds_read is null then duration_seconds end as duration_seconds_unread,
    case when amount_read is null then amount end as amount_unread,
    case when rating_read is null then rating end as rating_unread,
    case when updated_at_read is null then updated_at end as updated_at_unread,
    case when deleted_at_read is null then deleted_at end as deleted_at_unread,
    coalesce(activity_id, '') as record_id,
    case
        when broken is not null then broken
        when activity_id is null then 'missing_value: activity_id is empty'
        when customer_ref is null then 'missing_value: customer_ref is empty'
        when occurred_at is null then 'missing_value: occurred_at is empty'
        when activity_type is null then 'missing_value: activity_type is empty'
        when occurred_at_read is null then 'bad_time: occurred_at is not an ISO 8601 time'
        when deleted_at is not null and deleted_at_read is null then 'bad_time: deleted_at is not an ISO 8601 time'
    end as problem
from read
