-- identity.refused: every identifier of people who refuse analytics, so that later stages can leave them out.
-- grain   identifier_kind, identifier_value
-- reads   identity.records, identity.members, identity.device_spans, identity.handle_owners, identity.authors
-- params  none
with
own as (
    select records.kind as identifier_kind, records.value as identifier_value
    from identity.records as records
    inner join identity.members as members on records.record_id = members.record_id
    where members.is_refused
),
devices as (
    select distinct 'anonymous_id' as identifier_kind, anonymous_id as identifier_value
    from identity.device_spans
    where is_refused
),
handles as (
    select 'social_handle' as identifier_kind, authors.written as identifier_value
    from identity.authors as authors
    inner join identity.handle_owners as handle_owners
        on authors.handle = handle_owners.value and handle_owners.kind = 'social_handle'
    where handle_owners.is_refused
)
select * from own
union all
select * from devices
union all
select * from handles
