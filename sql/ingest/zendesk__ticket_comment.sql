-- ingest.zendesk__ticket_comment: what a customer wrote on a Zendesk ticket (comment), or was answered (reply).
-- A comment of somebody who is no customer is an answer to the ticket's; what is not public is the company's own.
-- grain   interaction_id
-- reads   door.zendesk__ticket_comment, door.known_customers, door.known_interactions
-- params  none
with delivered as (
    select
        *,
        concat('zendesk/', user_id) as author_id,
        concat('zendesk/ticket/', ticket_id) as ticket_interaction_id
    from door.zendesk__ticket_comment
),

customers as (
    select distinct
        crm_id,
        delivered_night
    from door.known_customers
),

tickets as (
    select * from door.known_interactions
),

people as (
    select
        d.delivered_night,
        d.delivered_file,
        d.delivered_line,
        min(c.crm_id) as crm_id
    from delivered as d
    inner join customers as c on d.author_id = c.crm_id and c.delivered_night <= d.known_night
    group by d.delivered_night, d.delivered_file, d.delivered_line
),

ticketed as (
    select
        d.delivered_night,
        d.delivered_file,
        d.delivered_line,
        min(t.crm_id) as crm_id
    from delivered as d
    inner join tickets as t on d.ticket_interaction_id = t.interaction_id and t.delivered_night <= d.known_night
    group by d.delivered_night, d.delivered_file, d.delivered_line
),

judged as (
    select
        d.*,
        coalesce(p.crm_id, t.crm_id) as crm_id
    from delivered as d
    left join people as p
        on d.delivered_night = p.delivered_night and d.delivered_file = p.delivered_file
        and d.delivered_line = p.delivered_line
    left join ticketed as t
        on d.delivered_night = t.delivered_night and d.delivered_file = t.delivered_file
        and d.delivered_line = t.delivered_line
)

select
    table_name,
    delivered_night,
    delivered_file,
    delivered_line,
    raw,
    unmapped,
    concat('zendesk/comment/', id) as interaction_id,
    crm_id,
    created as occurred_at,
    case when lower(voice_comment) = 'true' then 'call' else 'ticket' end as channel,
    case when crm_id = author_id then 'comment' else 'reply' end as type,
    body as text,
    _fivetran_synced as updated_at,
    case
        when broken is not null then broken
        when lower(_fivetran_deleted) = 'true' then 'not_ours: it was deleted at the source'
        when lower(public) = 'false' then 'not_ours: a note that is not public'
        when crm_id is null then 'unmatched: neither its author nor its ticket has arrived'
    end as broken
from judged
