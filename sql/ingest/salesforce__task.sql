-- ingest.salesforce__task: a Salesforce task that was done, with a contact or a lead.
-- What it is about is an opportunity (its ids begin with 006) or an order (801), or nothing that counts here.
-- grain   interaction_id
-- reads   door.salesforce__task
-- params  none
with delivered as (
    select * from door.salesforce__task
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
    coalesce(completed_date_time, activity_date, created_date) as occurred_at,
    coalesce(lower(task_subtype), 'task') as channel,
    lower(coalesce(type, task_subtype, 'task')) as type,
    call_disposition as outcome,
    call_duration_in_seconds as duration_seconds,
    case
        when subject is null then description
        when description is null then subject
        else concat(subject, chr(10), description)
    end as text,
    coalesce(system_modstamp, last_modified_date, _fivetran_synced) as updated_at,
    case
        when broken is not null then broken
        when lower(is_deleted) = 'true' then 'not_ours: it was deleted at the source'
        when coalesce(lower(is_closed), 'false') <> 'true' then 'not_ours: a task that is not done has not happened'
        when who_id is null then 'not_ours: it is with no contact or lead'
    end as broken
from delivered
