-- identity.touched_people: whoever a night's rows name: the records that are read anew.
-- A customer's row that says it was deleted stands in no table, and names them no less; so does a refusal in a row that was set aside.
-- grain   kind, value
-- reads   arrived.customers, arrived.orders, arrived.interactions, arrived.events, arrived.activities, arrived.customers_gone, ingest.customers_history, ingest.quarantine
-- params  none
with
named as (
    select 'crm_id' as kind, crm_id as value from arrived.customers
    union all
    select 'crm_id' as kind, rows_gone.crm_id as value
    from ingest.customers_history as rows_gone
    inner join arrived.customers_gone as gone
        on
            rows_gone.delivered_night = gone.delivered_night
            and rows_gone.delivered_file = gone.delivered_file
            and rows_gone.delivered_line = gone.delivered_line
    union all
    select 'crm_id' as kind, record_id as value from ingest.quarantine where is_refusal
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
