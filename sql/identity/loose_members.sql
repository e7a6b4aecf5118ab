-- identity.loose_members: records of customers who may well be one, put together; nobody joins people who refuse.
-- grain   record_id
-- reads   identity.members
-- params  none
with
members as (select * from identity.members where not is_refused),
joined as (
    select loose_group, min(customer_id) as customer_id
    from members
    group by loose_group
    having count(distinct customer_id) > 1
)
select members.record_id, members.customer_id as main_customer_id, joined.customer_id
from members
inner join joined on members.loose_group = joined.loose_group
