-- ingest.salesforce__opportunity_contact_role: which contact a Salesforce opportunity is of.
-- grain   kind, from_id, to_id
-- reads   door.salesforce__opportunity_contact_role
-- params  none
with delivered as (
    select * from door.salesforce__opportunity_contact_role
)

select
    table_name,
    delivered_night,
    delivered_file,
    delivered_line,
    raw,
    unmapped,
    'owner' as kind,
    opportunity_id as from_id,
    contact_id as to_id,
    coalesce(system_modstamp, last_modified_date, _fivetran_synced) as updated_at,
    case
        when broken is not null then broken
        when lower(is_deleted) = 'true' then 'not_ours: it was deleted at the source'
    end as broken
from delivered
