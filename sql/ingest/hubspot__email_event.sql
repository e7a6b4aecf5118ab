-- ingest.hubspot__email_event: what became of a HubSpot marketing e-mail, for the contact of that address.
-- Of several such contacts the first by id counts; what HubSpot itself filtered out as done by a machine does not.
-- grain   interaction_id
-- reads   door.hubspot__email_event, door.known_customers
-- params  none
with delivered as (
    select * from door.hubspot__email_event
),

customers as (
    select * from door.known_customers
),

addressed as (
    select
        d.delivered_night,
        d.delivered_file,
        d.delivered_line,
        min(c.crm_id) as crm_id
    from delivered as d
    inner join customers as c
        on lower(trim(d.recipient)) = lower(trim(c.email)) and c.delivered_night <= d.known_night
    group by d.delivered_night, d.delivered_file, d.delivered_line
)

select
    d.table_name,
    d.delivered_night,
    d.delivered_file,
    d.delivered_line,
    d.raw,
    d.unmapped,
    concat('hubspot/email_event/', d.id) as interaction_id,
    a.crm_id,
    d.created as occurred_at,
    'email' as channel,
    concat('email_', lower(d.type)) as type,
    d.email_campaign_id as outcome,
    d._fivetran_synced as updated_at,
    case
        when d.broken is not null then d.broken
        when lower(d._fivetran_deleted) = 'true' then 'not_ours: it was deleted at the source'
        when lower(d.filtered_event) = 'true' then 'not_ours: a machine did it, says HubSpot'
        when a.crm_id is null then 'unmatched: no contact has the address of the recipient'
    end as broken
from delivered as d
left join addressed as a
    on d.delivered_night = a.delivered_night and d.delivered_file = a.delivered_file
    and d.delivered_line = a.delivered_line
