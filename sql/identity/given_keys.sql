-- identity.given_keys: every value that a record gave and that may belong to one person alone.
-- E-mail addresses are kept as SHA-256, plainly written and as mailbox, so that a partner's hash meets either.
-- What a record gave before it was replaced is evidence no less: people move, change numbers and lose cards.
-- grain   record_id, key_kind, key_value
-- reads   identity.records, identity.emails, identity.device_ties, identity.phone_readings, ingest.activities, ingest.customers_history
-- params  none
with
records as (select * from identity.records),
people as (select record_id, value as crm_id from identity.records where kind = 'crm_id'),
emails as (select * from identity.emails),
device_ties as (select * from identity.device_ties),
phone_readings as (select * from identity.phone_readings),
activities as (select * from ingest.activities),
customers as (select * from ingest.customers_history),
keys as (
    select people.record_id, 'email' as key_kind, sha256(emails.plain) as key_value
    from people
    inner join emails on people.crm_id = emails.crm_id
    union all
    select people.record_id, 'email' as key_kind, sha256(emails.mailbox) as key_value
    from people
    inner join emails on people.crm_id = emails.crm_id
    union all
    select records.record_id, 'email' as key_kind, lower(trim(activities.email_sha256)) as key_value
    from records
    inner join activities on records.kind = 'partner:' || activities.partner and records.value = activities.customer_ref
    where activities.email_sha256 is not null
    union all
    select people.record_id, 'loyalty_id' as key_kind, upper(trim(customers.loyalty_id)) as key_value
    from people
    inner join customers on people.crm_id = customers.crm_id
    union all
    select records.record_id, 'loyalty_id' as key_kind, upper(trim(activities.loyalty_id)) as key_value
    from records
    inner join activities on records.kind = 'partner:' || activities.partner and records.value = activities.customer_ref
    union all
    select
        people.record_id, 'social_handle' as key_kind,
        regexp_replace(lower(trim(customers.social_handle)), '^@', '') as key_value
    from people
    inner join customers on people.crm_id = customers.crm_id
    union all
    select people.record_id, 'phone' as key_kind, phone_readings.reading as key_value
    from people
    inner join customers on people.crm_id = customers.crm_id
    inner join phone_readings
        on customers.phone = phone_readings.phone and coalesce(customers.country, '') = phone_readings.country
    union all
    select people.record_id, 'device' as key_kind, device_ties.anonymous_id as key_value
    from people
    inner join device_ties on people.crm_id = device_ties.crm_id
    union all
    select record_id, 'birth_date' as key_kind, born as key_value from records where born is not null
)
select distinct record_id, key_kind, key_value
from keys
where key_value is not null and key_value <> ''
