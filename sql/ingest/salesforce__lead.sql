-- ingest.salesforce__lead: a Salesforce lead as a customer.
-- A lead that was converted is a record beside its contact: identity finds by what both give that they are one person.
-- grain   crm_id
-- reads   door.salesforce__lead
-- params  none
with delivered as (
    select * from door.salesforce__lead
)

select
    table_name,
    delivered_night,
    delivered_file,
    delivered_line,
    raw,
    unmapped,
    id as crm_id,
    email,
    first_name,
    last_name,
    coalesce(phone, mobile_phone) as phone,
    street,
    city,
    postal_code as postcode,
    state as region,
    country,
    case
        when lower(has_opted_out_of_email) = 'true' then 'no'
        when lower(has_opted_out_of_email) = 'false' then 'yes'
    end as consent_marketing,
    created_date as created_at,
    coalesce(system_modstamp, last_modified_date, _fivetran_synced) as updated_at,
    case
        when broken is not null then broken
        when lower(is_deleted) = 'true' then 'not_ours: it was deleted at the source'
    end as broken
from delivered
