-- ingest.hubspot__engagement_email: a HubSpot one-to-one e-mail (of several contacts the first by id).
-- grain   interaction_id
-- reads   door.hubspot__engagement_email, door.known_links
-- params  none
with delivered as (
    select
        *,
        concat('hubspot/engagement/', engagement_id) as interaction_id
    from door.hubspot__engagement_email
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
    case when d.engagement_id is not null then d.interaction_id end as interaction_id,
    l.crm_id,
    l.order_id,
    d.property_hs_timestamp as occurred_at,
    'email' as channel,
    'email' as type,
    lower(d.property_hs_email_direction) as outcome,
    case
        when d.property_hs_email_subject is null then d.property_hs_email_text
        when d.property_hs_email_text is null then d.property_hs_email_subject
        else concat(d.property_hs_email_subject, chr(10), d.property_hs_email_text)
    end as text,
    coalesce(d.property_hs_lastmodifieddate, d._fivetran_synced) as updated_at,
    case
        when d.broken is not null then d.broken
        when lower(d._fivetran_deleted) = 'true' then 'not_ours: it was deleted at the source'
        when l.crm_id is null then 'unmatched: no contact of it has arrived in engagement_contact'
    end as broken
from delivered as d
left join linked as l
    on d.delivered_night = l.delivered_night and d.delivered_file = l.delivered_file
    and d.delivered_line = l.delivered_line
