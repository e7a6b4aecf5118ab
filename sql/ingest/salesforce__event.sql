-- ingest.salesforce__event: a Salesforce event (a meeting, a call) with a contact or a lead.
-- What it is about is an opportunity (its ids begin with 006) or an order (801), or nothing that counts here.
-- grain   interaction_id
-- reads   door.salesforce__event
-- params  none
with delivered as (
    select * from door.salesforce__event
)

select
    table_name,
    delivered_night,
    delivered_file,
    delivered_line,
    raw,
    unmapped,
    id as interaction_id,
    who_id as crm_id,
    case when starts_with(what_id, '006') or starts_with(what_id, '801') then what_id end as order_id,
    coalesce(start_date_time, activity_date_time, activity_date) as occurred_at,
    coalesce(lower(event_subtype), 'event') as channel,
    lower(coalesce(type, event_subtype, 'event')) as type,
    cast(try_cast(duration_in_minutes as double) * 60 as varchar) as duration_seconds,
    case
        when subject is null then description
        when description is null then subject
        else concat(subject, chr(10), description)
    end as text,
    coalesce(system_modstamp, last_modified_date, _fivetran_synced) as updated_at,
    case
        when broken is not null then broken
        when lower(is_deleted) = 'true' then 'not_ours: it was deleted at the source'
        when who_id is null then 'not_ours: it is with no contact or lead'
    end as broken
from delivered
