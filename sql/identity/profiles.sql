-- identity.profiles: one row per record with what the pair model compares; values that the guard stopped are left out.
-- loyalty_id is the card that stands, loyalty_ids every card there was; homes and postcodes are all that a record gave;
-- both_names is the same where first and last name were swapped.
-- grain   record_id
-- reads   identity.records, identity.keys, identity.birth_dates, identity.first_roots, identity.emails, ingest.customers_history
-- params  none
with
records as (select * from identity.records),
keys as (select * from identity.keys),
birth_dates as (select * from identity.birth_dates),
first_roots as (select * from identity.first_roots),
emails as (
    select people.record_id, min(given.local_part) as local_part
    from records as people
    inner join identity.emails as given on people.kind = 'crm_id' and people.value = given.crm_id
    inner join keys
        on people.record_id = keys.record_id and keys.key_kind = 'email' and keys.key_value = sha256(given.mailbox)
    group by people.record_id
),
addresses as (
    select record_id, street, postcode from records
    union
    select
        people.record_id,
        nullif(trim(regexp_replace(lower(given.street), '[^\p{L}\p{N}]+', ' ', 'g')), '') as street,
        nullif(replace(replace(lower(given.postcode), ' ', ''), '-', ''), '') as postcode
    from records as people
    inner join ingest.customers_history as given on people.kind = 'crm_id' and people.value = given.crm_id
),
lived as (
    select
        record_id,
        list_sort(list(distinct street || ', ' || postcode)
            filter (where street is not null and postcode is not null)) as homes,
        list_sort(list(distinct postcode) filter (where postcode is not null)) as postcodes
    from addresses
    group by record_id
),
held as (
    select
        record_id,
        min(key_value) filter (where key_kind = 'phone') as phone,
        list_sort(list(key_value) filter (where key_kind = 'phone')) as phones,
        min(key_value) filter (where key_kind = 'birth_date') as born,
        list_sort(list(key_value) filter (where key_kind = 'loyalty_id')) as loyalty_ids,
        list_sort(list(key_value) filter (where key_kind = 'device')) as devices
    from keys
    group by record_id
)
select
    records.record_id,
    records.first_name,
    records.last_name,
    coalesce(first_roots.root, records.first_name) as first_root,
    least(records.first_name, records.last_name) || ', ' || greatest(records.first_name, records.last_name) as both_names,
    held.born,
    birth_dates.digits as birth_digits,
    records.street,
    records.postcode,
    records.city,
    held.phone,
    held.phones,
    case when list_contains(held.loyalty_ids, records.loyalty_id) then records.loyalty_id end as loyalty_id,
    held.loyalty_ids,
    emails.local_part as email_local,
    held.devices,
    lived.homes,
    lived.postcodes
from records
left join held on records.record_id = held.record_id
left join birth_dates on held.born = birth_dates.born
left join first_roots on records.first_name = first_roots.first_name
left join emails on records.record_id = emails.record_id
left join lived on records.record_id = lived.record_id
