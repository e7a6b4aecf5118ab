-- identity.identifiers: every identifier of everybody who does not refuse analytics, with the customer it belongs to.
-- E-mail addresses and phone numbers appear as keyed hashes only, one row for each customer who gave them.
-- grain   identifier_kind, identifier_value, customer_id, valid_from
-- reads   identity.records, identity.members, identity.device_spans, identity.handle_owners, identity.keys, identity.emails, identity.keyed_values, identity.authors
-- params  none
with
records as (select * from identity.records),
members as (select * from identity.members where not is_refused),
handle_owners as (select * from identity.handle_owners where not is_refused),
own as (
    select
        records.kind as identifier_kind, records.value as identifier_value, members.customer_id,
        members.matched_by, members.match_probability
    from records
    inner join members on records.record_id = members.record_id
),
handles as (
    select
        'social_handle' as identifier_kind, authors.written as identifier_value, handle_owners.customer_id,
        'social_handle' as matched_by, 1.0 as match_probability
    from identity.authors as authors
    inner join handle_owners on authors.handle = handle_owners.value and handle_owners.kind = 'social_handle'
),
loyalty as (
    select
        kind as identifier_kind, value as identifier_value, customer_id, 'loyalty_id' as matched_by,
        1.0 as match_probability
    from handle_owners
    where kind = 'loyalty_id'
),
given as (
    select keys.record_id, 'phone' as kind, keys.key_value as value
    from identity.keys as keys
    where keys.key_kind = 'phone'
    union all
    select records.record_id, 'email' as kind, emails.plain as value
    from identity.emails as emails
    inner join records on records.kind = 'crm_id' and emails.crm_id = records.value
    inner join identity.keys as keys
        on records.record_id = keys.record_id and keys.key_kind = 'email' and keys.key_value = sha256(emails.plain)
),
contacts as (
    select distinct
        keyed.kind as identifier_kind, keyed.hashed as identifier_value, members.customer_id,
        keyed.kind as matched_by, 1.0 as match_probability
    from given
    inner join members on given.record_id = members.record_id
    inner join identity.keyed_values as keyed on given.kind = keyed.kind and given.value = keyed.value
),
lasting as (
    select * from own
    union all
    select * from handles
    union all
    select * from loyalty
    union all
    select * from contacts
)
select
    identifier_kind, identifier_value, customer_id, matched_by,
    cast(match_probability as double) as match_probability,
    cast(null as timestamp) as valid_from, cast(null as timestamp) as valid_to
from lasting
union all
select
    'anonymous_id' as identifier_kind, anonymous_id as identifier_value, customer_id, tie as matched_by,
    cast(1.0 as double) as match_probability, valid_from, valid_to
from identity.device_spans
where not is_refused
