-- identity.regrouping: customers who are looked at on the other graphs, because the night touches them or whoever they
-- were grouped with.
-- grain   customer_id
-- reads   fresh.members, former.members, standing.regrouped, identity.resettled_customers, identity.device_owners, identity.handle_owners
-- params  none
with
now as (select record_id, customer_id, is_refused, strict_group, loose_group from fresh.members),
before as (select record_id, customer_id, is_refused, strict_group, loose_group from former.members),
new_rows as (
    select * from now
    except
    select * from before
),
old_rows as (
    select * from before
    except
    select * from now
),
touched as (
    select customer_id from new_rows
    union
    select customer_id from old_rows
    union
    select customer_id from identity.resettled_customers
    union
    select customer_id from identity.device_owners
    union
    select customer_id from identity.handle_owners
),
regrouped as (select graph, customer_id, graph_customer_id from standing.regrouped),
groups as (
    select distinct regrouped.graph, regrouped.graph_customer_id
    from regrouped
    inner join touched on regrouped.customer_id = touched.customer_id
)
select customer_id from touched
union
select regrouped.customer_id
from regrouped
inner join groups on regrouped.graph = groups.graph and regrouped.graph_customer_id = groups.graph_customer_id
