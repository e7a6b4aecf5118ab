-- identity.handle_owners: the customer of each social handle and loyalty number: whoever has most records that give it.
-- A handle that anybody who refuses gave is refused.
-- grain   kind, value
-- reads   identity.keys, identity.members
-- params  none
with
held as (
    select
        keys.key_kind as kind,
        keys.key_value as value,
        members.customer_id,
        count(*) as records,
        max(case when members.is_refused then 1 else 0 end) as refuses
    from identity.keys as keys
    inner join identity.members as members on keys.record_id = members.record_id
    where keys.key_kind in ('social_handle', 'loyalty_id')
    group by keys.key_kind, keys.key_value, members.customer_id
),
ranked as (
    select
        kind,
        value,
        customer_id,
        row_number() over (partition by kind, value order by records desc, customer_id) as place,
        max(refuses) over (partition by kind, value) as refuses
    from held
)
select kind, value, customer_id, refuses = 1 as is_refused
from ranked
where place = 1
