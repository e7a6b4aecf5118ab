-- ingest.salesforce__contact: a Salesforce contact as a customer.
-- Its account stays among what is unmapped: an opportunity of the account is looked up by it.
-- grain   crm_id
-- reads   door.salesforce__contact
-- params  none
with delivered as (
    select * from door.salesforce__contact
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
    coalesce(phone, mobile_phone, home_phone) as phone,
    birthdate as birth_date,
    mailing_street as street,
    mailing_city as city,
    mailing_postal_code as postcode,
    mailing_state as region,
    mailing_country as country,
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
