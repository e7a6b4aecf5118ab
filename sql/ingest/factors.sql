-- ingest.factors: one row a day, region and factor that no brand controls.
-- A row of a delivery, typed. problem: why it cannot be taken in; latest_at: the latest time that it may carry;
-- <column>_unread: a text that is not what its column holds.
-- grain   date, region, factor
-- reads   door.factors
-- params  iso_time, number
with delivered as (
    select * from door.factors
),

read as (
    select
        *,
        case
            when regexp_matches(date, $iso_time) then try_cast(substring(date, 1, 10) as date)
        end as date_read,
        case when regexp_matches(value, $number) then try_cast(value as double) end as value_read,
        case
            when regexp_matches(updated_at, $iso_time) then cast(try_cast(updated_at as timestamptz) as timestamp)
        end as updated_at_read
    from delivered
)

select
    date_read as date,
    region,
    factor,
    value_read as value,
    updated_at_read as updated_at,
    unmapped,
    delivered_night,
    delivered_file,
    delivered_line,
    cast(delivered_night + interval '1 day' as timestamp) as latest_at,
    case when date_read is null then date end as date_unread,
    case when value_read is null then value end as value_unread,
    case when updated_at_read is null then updated_at end as updated_at_unread,
    case
        when date is null and factor is null then ''
        else concat(coalesce(date, ''), '/', coalesce(region, ''), '/', coalesce(factor, ''))
    end as record_id,
    case
        when broken is not null then broken
        when date is null then 'missing_value: date is empty'
        when factor is null then 'missing_value: factor is empty'
        when value is null then 'missing_value: value is empty'
        when date_read is null then 'bad_time: date is not an ISO 8601 date'
        when value_read is null then 'bad_number: value is not a number'
    end as problem
from read
