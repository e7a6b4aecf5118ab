-- ingest.hubspot__ticket_contact: which contact a HubSpot ticket is of.
-- grain   kind, from_id, to_id
-- reads   door.hubspot__ticket_contact
-- params  none
with delivered as (
    select * from door.hubspot__ticket_contact
)

select
    table_name,
    delivered_night,
    delivered_file,
    delivered_line,
    raw,
    unmapped,
    'owner' as kind,
    concat('hubspot/ticket/', ticket_id) as from_id,
    contact_id as to_id,
    _fivetran_synced as updated_at,
    case
        when broken is not null then broken
        when lower(_fivetran_deleted) = 'true' then 'not_ours: the link was deleted at the source'
    end as broken
from delivered
