-- ingest.salesforce__order: a Salesforce order, of the contact that is billed, else of its account's first by id.
-- A draft is no order yet; an order that reduces another is money given back.
-- grain   order_id
-- reads   door.salesforce__order, door.known_customers
-- params  currency
with delivered as (
    select * from door.salesforce__order
),

customers as (
    select
        crm_id,
        json_extract_string(unmapped, '$.account_id') as account_id,
        delivered_night
    from door.known_customers
),

accounted as (
    select
        d.delivered_night,
        d.delivered_file,
        d.delivered_line,
        min(c.crm_id) as crm_id
    from delivered as d
    inner join customers as c on d.account_id = c.account_id and c.delivered_night <= d.known_night
    group by d.delivered_night, d.delivered_file, d.delivered_line
),

judged as (
    select
        d.*,
        coalesce(d.bill_to_contact_id, a.crm_id) as crm_id,
        lower(coalesce(d.status_code, d.status)) as state
    from delivered as d
    left join accounted as a
        on d.delivered_night = a.delivered_night and d.delivered_file = a.delivered_file
        and d.delivered_line = a.delivered_line
)

select
    table_name,
    delivered_night,
    delivered_file,
    delivered_line,
    raw,
    unmapped,
    id as order_id,
    crm_id,
    effective_date as ordered_at,
    effective_date as starts_at,
    end_date as ends_at,
    case
        when lower(is_reduction_order) = 'true' then 'refunded'
        when starts_with(state, 'cancel') then 'cancelled'
        when state in ('activated', 'completed', 'expired') then 'completed'
        else state
    end as status,
    type as category,
    total_amount as amount,
    coalesce(currency_iso_code, nullif($currency, '')) as currency,
    unmapped as attributes,
    coalesce(system_modstamp, last_modified_date, _fivetran_synced) as updated_at,
    case
        when broken is not null then broken
        when lower(is_deleted) = 'true' then 'not_ours: it was deleted at the source'
        when state = 'draft' then 'not_ours: a draft is no order yet'
        when crm_id is null then 'unmatched: no contact of the order or its account has arrived'
    end as broken
from judged
