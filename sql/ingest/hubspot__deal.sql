-- ingest.hubspot__deal: a closed HubSpot deal as an order of its contact (of several the first by id).
-- Won is completed, lost is cancelled; an open deal is no order yet. What a stage means is told by the deal itself, by
-- the pipelines' stages that have arrived by the deal's night, or by the names of HubSpot's own pipeline.
-- grain   order_id
-- reads   door.hubspot__deal, door.known_links
-- params  currency
with delivered as (
    select * from door.hubspot__deal
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
        min(case when l.kind = 'merged_order' then l.to_id end) as merged_into
    from delivered as d
    inner join links as l on d.deal_id = l.from_id and l.delivered_night <= d.known_night
    group by d.delivered_night, d.delivered_file, d.delivered_line
),

staged as (
    select
        d.delivered_night,
        d.delivered_file,
        d.delivered_line,
        l.to_id as status,
        row_number() over (
            partition by d.delivered_night, d.delivered_file, d.delivered_line
            order by l.delivered_night desc, l.updated_at desc nulls last, l.to_id asc
        ) as nth
    from delivered as d
    inner join links as l
        on l.kind = 'stage' and concat('hubspot/stage/', d.deal_pipeline_stage_id) = l.from_id
        and l.delivered_night <= d.known_night
),

judged as (
    select
        d.*,
        l.crm_id,
        l.merged_into,
        case
            when lower(d.property_hs_is_closed_won) = 'true' then 'completed'
            when lower(d.property_hs_is_closed) = 'true' then 'cancelled'
            when s.status is not null then s.status
            when d.deal_pipeline_stage_id = 'closedwon' then 'completed'
            when d.deal_pipeline_stage_id = 'closedlost' then 'cancelled'
            when d.deal_pipeline_stage_id is null or lower(d.property_hs_is_closed) = 'false' then 'open'
        end as status
    from delivered as d
    left join linked as l
        on d.delivered_night = l.delivered_night and d.delivered_file = l.delivered_file
        and d.delivered_line = l.delivered_line
    left join staged as s
        on d.delivered_night = s.delivered_night and d.delivered_file = s.delivered_file
        and d.delivered_line = s.delivered_line and s.nth = 1
)

select
    table_name,
    delivered_night,
    delivered_file,
    delivered_line,
    raw,
    unmapped,
    deal_id as order_id,
    crm_id,
    coalesce(property_closedate, property_createdate) as ordered_at,
    status,
    property_dealtype as category,
    property_amount as amount,
    coalesce(property_deal_currency_code, nullif($currency, '')) as currency,
    unmapped as attributes,
    coalesce(property_hs_lastmodifieddate, _fivetran_synced) as updated_at,
    case
        when broken is not null then broken
        when lower(coalesce(is_deleted, _fivetran_deleted)) = 'true' then 'not_ours: the deal was deleted at the source'
        when merged_into is not null then 'not_ours: the deal was merged into another'
        when status = 'open' then 'not_ours: an open deal is no order yet'
        when status is null then 'unmatched: no stage of that id has arrived in deal_pipeline_stage'
        when crm_id is null then 'unmatched: no contact of the deal has arrived in deal_contact'
    end as broken
from judged
