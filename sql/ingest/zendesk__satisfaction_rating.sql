-- ingest.zendesk__satisfaction_rating: how a Zendesk customer rated a ticket: good is 10, bad is 0.
-- grain   interaction_id
-- reads   door.zendesk__satisfaction_rating
-- params  none
with delivered as (
    select * from door.zendesk__satisfaction_rating
)

select
    table_name,
    delivered_night,
    delivered_file,
    delivered_line,
    raw,
    unmapped,
    concat('zendesk/satisfaction/', id) as interaction_id,
    case when requester_id is not null then concat('zendesk/', requester_id) end as crm_id,
    created_at as occurred_at,
    'survey' as channel,
    'satisfaction' as type,
    lower(score) as outcome,
    case
        when starts_with(lower(score), 'good') then '10'
        when starts_with(lower(score), 'bad') then '0'
    end as rating,
    comment as text,
    coalesce(updated_at, _fivetran_synced) as updated_at,
    case
        when broken is not null then broken
        when lower(_fivetran_deleted) = 'true' then 'not_ours: it was deleted at the source'
        when lower(score) in ('offered', 'unoffered') then 'not_ours: nobody rated the ticket'
    end as broken
from delivered
