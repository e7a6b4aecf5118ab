-- identity.strict_members: records of customers whom only doubtful evidence holds together, each part a customer of its own.
-- grain   record_id
-- reads   identity.members
-- params  none
with
members as (select * from identity.members where not is_refused),
torn as (
    select customer_id
    from members
    group by customer_id
    having count(distinct strict_group) > 1
),
parts as (
    select
        members.record_id, members.customer_id, members.strict_group,
        min(members.strict_group) over (partition by members.customer_id) as first_group
    from members
    inner join torn on members.customer_id = torn.customer_id
)
select
    record_id,
    customer_id as main_customer_id,
    case
        when strict_group = first_group then customer_id
        else customer_id || '-' || cast(strict_group as varchar)
    end as customer_id
from parts
