-- ingest.links: one row what the CRM says of two records.
-- kind owner: the order or interaction from_id is of customer to_id; order: interaction from_id belongs to order to_id;
-- merged: customer from_id is now to_id; merged_order: order from_id is now to_id; stage: from_id means status to_id.
-- grain   kind, from_id, to_id
-- reads   door.links
-- params  iso_time
with delivered as (
    select * from door.links
),

read as (
    select
        *,
        case
            when regexp_matches(updated_at, $iso_time) then cast(try_cast(updated_at as timestamptz) as timestamp)
        end as updated_at_read
    from delivered
)

select
    kind,
    from_id,
    to_id,
    updated_at_read as updated_at,
    unmapped,
    delivered_night,
    delivered_file,
    delivered_line,
    cast(delivered_night + interval '1 day' as timestamp) as latest_at,
    case when updated_at_read is null then updated_at end as updated_at_unread,
    case
        when kind is null and from_id is null then ''
        else concat(coalesce(kind, ''), '/', coalesce(from_id, ''), '/', coalesce(to_id, ''))
    end as record_id,
    case
        when broken is not null then broken
        when kind is null then 'missing_value: kind is empty'
        when from_id is null then 'missing_value: from_id is empty'
        when to_id is null then 'missing_value: to_id is empty'
    end as problem
from read
