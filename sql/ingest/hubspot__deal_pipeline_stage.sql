-- ingest.hubspot__deal_pipeline_stage: what a stage of a HubSpot pipeline says of an order.
-- grain   kind, from_id, to_id
-- reads   door.hubspot__deal_pipeline_stage
-- params  none
with delivered as (
    select * from door.hubspot__deal_pipeline_stage
)

select
    table_name,
    delivered_night,
    delivered_file,
    delivered_line,
    raw,
    unmapped,
    'stage' as kind,
    concat('hubspot/stage/', stage_id) as from_id,
    case
        when lower(closed_won) = 'true' then 'completed'
        when lower(is_closed) = 'true' then 'cancelled'
        else 'open'
    end as to_id,
    coalesce(updated_at, _fivetran_synced) as updated_at,
    case
        when broken is not null then broken
        when lower(_fivetran_deleted) = 'true' then 'not_ours: the link was deleted at the source'
    end as broken
from delivered
