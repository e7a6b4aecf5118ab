-- identity.records: one row per record about a person: a crm_id, or a partner's number for somebody.
-- Names are spelt plainly (identity.spellings), text is lower case with single blanks; empty is null.
-- A refusal stands until a later row of the record agrees: that the record was deleted at the source takes none back.
-- One in a row that was set aside counts as well, until a later night's row is taken in and agrees.
-- grain   record_id
-- reads   identity.crm_ids, identity.partner_people, identity.record_ids, identity.spellings, ingest.customers, ingest.customers_history, ingest.quarantine
-- params  none
with
crm_ids as (select * from identity.crm_ids),
customers as (select * from ingest.customers),
customers_history as (select * from ingest.customers_history),
partner_people as (select * from identity.partner_people),
record_ids as (select * from identity.record_ids),
spellings as (select * from identity.spellings),
quarantine as (select * from ingest.quarantine),
other_refusals as (
    select customers_history.crm_id
    from customers_history
    anti join customers on customers_history.crm_id = customers.crm_id
    where customers_history.consent_analytics = false
    union
    select quarantine.record_id as crm_id
    from quarantine
    left join customers on quarantine.record_id = customers.crm_id
    where quarantine.is_refusal and coalesce(customers.delivered_night <= quarantine.night, true)
),
people as (
    select
        'crm_id' as kind, crm_ids.crm_id as value, crm_ids.first_at,
        customers.first_name, customers.last_name, customers.birth_date, customers.street, customers.city,
        customers.postcode, customers.loyalty_id, customers.social_handle,
        coalesce(customers.consent_analytics = false, false) or other_refusals.crm_id is not null as is_refusal
    from crm_ids
    left join customers on crm_ids.crm_id = customers.crm_id
    left join other_refusals on crm_ids.crm_id = other_refusals.crm_id
    union all
    select
        'partner:' || partner as kind, customer_ref as value, first_at,
        first_name, last_name, cast(null as date) as birth_date, cast(null as varchar) as street,
        cast(null as varchar) as city, postcode, loyalty_id, cast(null as varchar) as social_handle,
        false as is_refusal
    from partner_people
)
select
    record_ids.record_id,
    people.kind,
    people.value,
    people.first_at,
    first_names.plain as first_name,
    last_names.plain as last_name,
    cast(people.birth_date as varchar) as born,
    nullif(trim(regexp_replace(lower(people.street), '[^\p{L}\p{N}]+', ' ', 'g')), '') as street,
    nullif(trim(regexp_replace(lower(people.city), '[^\p{L}\p{N}]+', ' ', 'g')), '') as city,
    nullif(replace(replace(lower(people.postcode), ' ', ''), '-', ''), '') as postcode,
    nullif(upper(trim(people.loyalty_id)), '') as loyalty_id,
    nullif(regexp_replace(lower(trim(people.social_handle)), '^@', ''), '') as social_handle,
    people.is_refusal
from people
inner join record_ids on people.kind = record_ids.kind and people.value = record_ids.value
left join spellings as first_names on people.first_name = first_names.written
left join spellings as last_names on people.last_name = last_names.written
