-- ingest.hubspot__ticket: a HubSpot ticket (of several contacts the first by id).
-- grain   interaction_id
-- reads   door.hubspot__ticket, door.known_links
-- params  none
with delivered as (
    select
        *,
        concat('hubspot/ticket/', id) as interaction_id
    from door.hubspot__ticket
),

links as (
    select * from door.known_links
),

linked as (
    select
        d.delivered_night,
        d.delivered_file,
        d.delivered_line,
        min(case when l.kind = 'owner' then l.to_id end) as crm_id,
        min(case when l.kind = 'order' then l.to_id end) as order_id
    from delivered as d
    inner join links as l on d.interaction_id = l.from_id and l.delivered_night <= d.known_night
    group by d.delivered_night, d.delivered_file, d.delivered_line
)

select
    d.table_name,
    d.delivered_night,
    d.delivered_file,
    d.delivered_line,
    d.raw,
    d.unmapped,
    case when d.id is not null then d.interaction_id end as interaction_id,
    l.crm_id,
    l.order_id,
    d.property_createdate as occurred_at,
    coalesce(lower(d.property_source_type), 'ticket') as channel,
    'ticket' as type,
    lower(d.property_hs_ticket_category) as outcome,
    case
        when d.property_subject is null then d.property_content
        when d.property_content is null then d.property_subject
        else concat(d.property_subject, chr(10), d.property_content)
    end as text,
    coalesce(d.property_hs_lastmodifieddate, d._fivetran_synced) as updated_at,
    case
        when d.broken is not null then d.broken
        when lower(coalesce(d.is_deleted, d._fivetran_deleted)) = 'true' then 'not_ours: it was deleted at the source'
        when l.crm_id is null then 'unmatched: no contact of it has arrived in ticket_contact'
    end as broken
from delivered as d
left join linked as l
    on d.delivered_night = l.delivered_night and d.delivered_file = l.delivered_file
    and d.delivered_line = l.delivered_line
