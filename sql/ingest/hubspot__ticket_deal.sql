-- ingest.hubspot__ticket_deal: which deal a HubSpot ticket is about.
-- grain   kind, from_id, to_id
-- reads   door.hubspot__ticket_deal
-- params  none
with delivered as (
    select * from door.hubspot__ticket_deal
)

select
    table_name,
    delivered_night,
    delivered_file,
    delivered_line,
    raw,
    unmapped,
    'order' as kind,
    concat('hubspot/ticket/', ticket_id) as from_id,
    deal_id as to_id,
    _fivetran_synced as updated_at,
    case
        when broken is not null then broken
        when lower(_fivetran_deleted) = 'true' then 'not_ours: the link was deleted at the source'
    end as broken
from delivered
