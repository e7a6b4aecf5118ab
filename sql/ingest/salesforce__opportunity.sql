-- ingest.salesforce__opportunity: a closed Salesforce opportunity as an order: won is completed, lost is cancelled.
-- It is of its own contact, else of the first by id of its contact roles, else of the contacts of its account.
-- grain   order_id
-- reads   door.salesforce__opportunity, door.known_customers, door.known_links
-- params  currency
with delivered as (
    select * from door.salesforce__opportunity
),

links as (
    select * from door.known_links
    where kind = 'owner'
),

linked as (
    select
        d.delivered_night,
        d.delivered_file,
        d.delivered_line,
        min(l.to_id) as crm_id
    from delivered as d
    inner join links as l on d.id = l.from_id and l.delivered_night <= d.known_night
    group by d.delivered_night, d.delivered_file, d.delivered_line
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
        coalesce(d.contact_id, l.crm_id, a.crm_id) as crm_id
    from delivered as d
    left join linked as l
        on d.delivered_night = l.delivered_night and d.delivered_file = l.delivered_file
        and d.delivered_line = l.delivered_line
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
    close_date as ordered_at,
    case when lower(is_won) = 'true' then 'completed' else 'cancelled' end as status,
    type as category,
    amount,
    coalesce(currency_iso_code, nullif($currency, '')) as currency,
    unmapped as attributes,
    coalesce(system_modstamp, last_modified_date, _fivetran_synced) as updated_at,
    case
        when broken is not null then broken
        when lower(is_deleted) = 'true' then 'not_ours: it was deleted at the source'
        when coalesce(lower(is_closed), 'false') <> 'true' then 'not_ours: an open opportunity is no order yet'
        when crm_id is null then 'unmatched: no contact of the opportunity or its account has arrived'
    end as broken
from judged
