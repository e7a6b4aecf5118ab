-- ingest.hubspot__contact: a HubSpot contact as a customer.
-- A contact that was deleted there tells nothing new: what it said before stands until the person is erased here.
-- grain   crm_id
-- reads   door.hubspot__contact
-- params  none
with delivered as (
    select * from door.hubspot__contact
)

select
    table_name,
    delivered_night,
    delivered_file,
    delivered_line,
    raw,
    unmapped,
    id as crm_id,
    property_email as email,
    coalesce(property_phone, property_mobilephone) as phone,
    property_firstname as first_name,
    property_lastname as last_name,
    property_date_of_birth as birth_date,
    property_address as street,
    property_city as city,
    property_zip as postcode,
    property_state as region,
    property_country as country,
    case
        when lower(property_hs_email_optout) = 'true' then 'no'
        when lower(property_hs_email_optout) = 'false' then 'yes'
    end as consent_marketing,
    coalesce(property_createdate, property_created_at) as created_at,
    coalesce(property_lastmodifieddate, _fivetran_synced) as updated_at,
    case
        when broken is not null then broken
        when lower(coalesce(is_deleted, _fivetran_deleted)) = 'true'
            then 'not_ours: the contact was deleted at the source'
    end as broken
from delivered
