-- ingest.customers: one row a record of a person in the CRM. A consent that cannot be read counts as none.
-- A row of a delivery, typed. problem: why it cannot be taken in; latest_at: the latest time that it may carry;
-- <column>_unread: a text that is not what its column holds.
-- grain   crm_id
-- reads   door.customers
-- params  consent_analytics_default, iso_time
with delivered as (
    select * from door.customers
),

read as (
    select
        *,
        case
            when regexp_matches(birth_date, $iso_time) then try_cast(substring(birth_date, 1, 10) as date)
        end as birth_date_read,
        case
            when regexp_matches(created_at, $iso_time) then cast(try_cast(created_at as timestamptz) as timestamp)
        end as created_at_read,
        case
            when regexp_matches(updated_at, $iso_time) then cast(try_cast(updated_at as timestamptz) as timestamp)
        end as updated_at_read,
        case
            when regexp_matches(deleted_at, $iso_time) then cast(try_cast(deleted_at as timestamptz) as timestamp)
        end as deleted_at_read,
        case
            when lower(consent_analytics) in ('true', 't', '1', 'yes', 'y') then true
            when lower(consent_analytics) in ('false', 'f', '0', 'no', 'n') then false
        end as consent_analytics_read,
        case
            when lower(consent_marketing) in ('true', 't', '1', 'yes', 'y') then true
            when lower(consent_marketing) in ('false', 'f', '0', 'no', 'n') then false
        end as consent_marketing_read
    from delivered
)

select
    crm_id,
    email,
    phone,
    first_name,
    last_name,
    birth_date_read as birth_date,
    street,
    city,
    postcode,
    region,
    country,
    loyalty_id,
    social_handle,
    case
        when consent_analytics is null then $consent_analytics_default
        else coalesce(consent_analytics_read, false)
    end as consent_analytics,
    coalesce(consent_marketing_read, false) as consent_marketing,
    created_at_read as created_at,
    updated_at_read as updated_at,
    deleted_at_read as deleted_at,
    unmapped,
    delivered_night,
    delivered_file,
    delivered_line,
    cast(delivered_night + interval '1 day' as timestamp) as latest_at,
    case when birth_date_read is null then birth_date end as birth_date_unread,
    case when created_at_read is null then created_at end as created_at_unread,
    case when updated_at_read is null then updated_at end as updated_at_unread,
    case when deleted_at_read is null then deleted_at end as deleted_at_unread,
    case when consent_analytics_read is null then consent_analytics end as consent_analytics_unread,
    case when consent_marketing_read is null then consent_marketing end as consent_marketing_unread,
    coalesce(crm_id, '') as record_id,
    case
        when broken is not null then broken
        when crm_id is null then 'missing_value: crm_id is empty'
        when created_at is null then 'missing_value: created_at is empty'
        when created_at_read is null then 'bad_time: created_at is not an ISO 8601 time'
        when deleted_at is not null and deleted_at_read is null then 'bad_time: deleted_at is not an ISO 8601 time'
    end as problem
from read
