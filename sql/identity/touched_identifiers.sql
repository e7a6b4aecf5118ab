-- identity.touched_identifiers: the identifiers whose rows are made anew tonight, as they were and as they are.
-- grain   identifier_kind, identifier_value
-- reads   whole.records, former.records, standing.identifiers, standing.refused, identity.settled_records, identity.settled_devices, identity.settled_values, identity.keyed_values, identity.authors
-- params  none
with
settled as (select record_id from identity.settled_records),
records as (
    select record_id, kind, value from whole.records
    union all
    select record_id, kind, value from former.records
),
written as (
    select identifier_value from standing.identifiers where identifier_kind = 'social_handle'
    union
    select identifier_value from standing.refused where identifier_kind = 'social_handle'
    union
    select written from identity.authors
),
handles as (select key_value from identity.settled_values where key_kind = 'social_handle')
select records.kind as identifier_kind, records.value as identifier_value
from records
inner join settled on records.record_id = settled.record_id
union
select 'anonymous_id' as identifier_kind, anonymous_id as identifier_value from identity.settled_devices
union
select 'loyalty_id' as identifier_kind, key_value as identifier_value
from identity.settled_values
where key_kind = 'loyalty_id'
union
select kind as identifier_kind, hashed as identifier_value from identity.keyed_values
union
select 'social_handle' as identifier_kind, written.identifier_value
from written
inner join handles on regexp_replace(lower(trim(written.identifier_value)), '^@', '') = handles.key_value
