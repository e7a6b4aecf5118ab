-- ingest.hubspot__contact_merge_audit: HubSpot's note that one contact was merged into another.
-- grain   kind, from_id, to_id
-- reads   door.hubspot__contact_merge_audit
-- params  none
with delivered as (
    select * from door.hubspot__contact_merge_audit
)

select
    table_name,
    delivered_night,
    delivered_file,
    delivered_line,
    raw,
    unmapped,
    'merged' as kind,
    vid_to_merge as from_id,
    coalesce(canonical_vid, contact_id) as to_id,
    coalesce(timestamp, _fivetran_synced) as updated_at,
    case
        when broken is not null then broken
        when lower(_fivetran_deleted) = 'true' then 'not_ours: the link was deleted at the source'
    end as broken
from delivered
