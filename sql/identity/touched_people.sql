-- identity.touched_people: whoever a night's rows name: the records that are read anew.
-- grain   kind, value
-- reads   arrived.customers, arrived.orders, arrived.interactions, arrived.events, arrived.activities
-- params  none
with
named as (
    select 'crm_id' as kind, crm_id as value from arrived.customers
    union all
    select 'crm_id' as kind, crm_id as value from arrived.orders
    union all
    select 'crm_id' as kind, crm_id as value from arrived.interactions
    union all
    select 'crm_id' as kind, user_id as value from arrived.events
    union all
    select 'partner:' || partner as kind, customer_ref as value from arrived.activities
)
select distinct kind, value
from named
where value is not null and value <> ''
