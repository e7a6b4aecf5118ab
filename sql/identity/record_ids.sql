-- identity.record_ids: the number of each record: the one that it has since its first night, or the next free one.
-- grain   kind, value
-- reads   identity.crm_ids, identity.partner_people, standing.records
-- params  none
with
named as (
    select 'crm_id' as kind, crm_id as value from identity.crm_ids
    union all
    select 'partner:' || partner as kind, customer_ref as value from identity.partner_people
),
known as (select kind, value, record_id from standing.records),
newest as (select coalesce(max(record_id), -1) as last_id from known),
fresh as (
    select named.kind, named.value, row_number() over (order by named.kind, named.value) as nth
    from named
    left join known on named.kind = known.kind and named.value = known.value
    where known.record_id is null
)
select known.kind, known.value, known.record_id
from named
inner join known on named.kind = known.kind and named.value = known.value
union all
select fresh.kind, fresh.value, cast(newest.last_id + fresh.nth as bigint) as record_id
from fresh
cross join newest
