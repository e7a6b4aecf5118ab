-- identity.profiles: one row per record with what the pair model compares; values that the guard stopped are left out.
-- grain   record_id
-- reads   identity.records, identity.keys, identity.birth_dates, identity.first_roots, identity.emails
-- params  none
with
records as (select * from identity.records),
keys as (select * from identity.keys),
birth_dates as (select * from identity.birth_dates),
first_roots as (select * from identity.first_roots),
emails as (
    select crm_id, min(local_part) as local_part
    from identity.emails
    group by crm_id
),
held as (
    select
        record_id,
        min(key_value) filter (where key_kind = 'phone') as phone,
        list_sort(list(key_value) filter (where key_kind = 'phone')) as phones,
        min(key_value) filter (where key_kind = 'birth_date') as born,
        min(key_value) filter (where key_kind = 'loyalty_id') as loyalty_id,
        count(*) filter (where key_kind = 'email') as email_count,
        list_sort(list(key_value) filter (where key_kind = 'device')) as devices
    from keys
    group by record_id
)
select
    records.record_id,
    records.first_name,
    records.last_name,
    coalesce(first_roots.root, records.first_name) as first_root,
    held.born,
    birth_dates.digits as birth_digits,
    records.street,
    records.postcode,
    records.city,
    held.phone,
    held.phones,
    held.loyalty_id,
    case when held.email_count > 0 then emails.local_part end as email_local,
    held.devices
from records
left join held on records.record_id = held.record_id
left join birth_dates on held.born = birth_dates.born
left join first_roots on records.first_name = first_roots.first_name
left join emails on records.kind = 'crm_id' and records.value = emails.crm_id
