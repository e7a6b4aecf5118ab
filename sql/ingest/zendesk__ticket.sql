-- ingest.zendesk__ticket: a Zendesk ticket as a contact of the person who asked for it.
-- grain   interaction_id
-- reads   door.zendesk__ticket
-- params  none
with delivered as (
    select * from door.zendesk__ticket
)

select
    table_name,
    delivered_night,
    delivered_file,
    delivered_line,
    raw,
    unmapped,
    concat('zendesk/ticket/', id) as interaction_id,
    case when requester_id is not null then concat('zendesk/', requester_id) end as crm_id,
    created_at as occurred_at,
    coalesce(lower(via_channel), 'ticket') as channel,
    coalesce(lower(type), 'ticket') as type,
    lower(status) as outcome,
    case
        when subject is null then description
        when description is null then subject
        else concat(subject, chr(10), description)
    end as text,
    coalesce(updated_at, _fivetran_synced) as updated_at,
    case
        when broken is not null then broken
        when lower(_fivetran_deleted) = 'true' or lower(status) = 'deleted'
            then 'not_ours: it was deleted at the source'
    end as broken
from delivered
