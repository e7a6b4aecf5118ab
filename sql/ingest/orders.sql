-- ingest.orders: one row an order, whatever its status.
-- A row of a delivery, typed. problem: why it cannot be taken in; latest_at: the latest time that it may carry;
-- <column>_unread: a text that is not what its column holds.
-- grain   order_id
-- reads   door.orders
-- params  iso_time, number
with delivered as (
    select * from door.orders
),

read as (
    select
        *,
        case
            when regexp_matches(ordered_at, $iso_time) then cast(try_cast(ordered_at as timestamptz) as timestamp)
        end as ordered_at_read,
        case
            when regexp_matches(starts_at, $iso_time) then cast(try_cast(starts_at as timestamptz) as timestamp)
        end as starts_at_read,
        case
            when regexp_matches(ends_at, $iso_time) then cast(try_cast(ends_at as timestamptz) as timestamp)
        end as ends_at_read,
        case when regexp_matches(amount, $number) then try_cast(amount as double) end as amount_read,
        case
            when regexp_matches(updated_at, $iso_time) then cast(try_cast(updated_at as timestamptz) as timestamp)
        end as updated_at_read,
        case
            when regexp_matches(deleted_at, $iso_time) then cast(try_cast(deleted_at as timestamptz) as timestamp)
        end as deleted_at_read
    from delivered
)

select
    order_id,
    crm_id,
    ordered_at_read as ordered_at,
    coalesce(starts_at_read, ordered_at_read) as starts_at,
    coalesce(ends_at_read, ordered_at_read) as ends_at,
    lower(status) as status,
    category,
    amount_read as amount,
    upper(currency) as currency,
    attributes,
    updated_at_read as updated_at,
    deleted_at_read as deleted_at,
    unmapped,
    delivered_night,
    delivered_file,
    delivered_line,
    cast(delivered_night + interval '1 day' as timestamp) as latest_at,
    case when ordered_at_read is null then ordered_at end as ordered_at_unread,
    case when starts_at_read is null then starts_at end as starts_at_unread,
    case when ends_at_read is null then ends_at end as ends_at_unread,
    case when amount_read is null then amount end as amount_unread,
    case when updated_at_read is null then updated_at end as updated_at_unread,
    case when deleted_at_read is null then deleted_at end as deleted_at_unread,
    coalesce(order_id, '') as record_id,
    case
        when broken is not null then broken
        when order_id is null then 'missing_value: order_id is empty'
        when crm_id is null then 'missing_value: crm_id is empty'
        when ordered_at is null then 'missing_value: ordered_at is empty'
        when status is null then 'missing_value: status is empty'
        when amount is null then 'missing_value: amount is empty'
        when currency is null then 'missing_value: currency is empty'
        when ordered_at_read is null then 'bad_time: ordered_at is not an ISO 8601 time'
        when amount_read is null then 'bad_number: amount is not a number'
        when deleted_at is not null and deleted_at_read is null then 'bad_time: deleted_at is not an ISO 8601 time'
    end as problem
from read
