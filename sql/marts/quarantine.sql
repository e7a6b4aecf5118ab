-- marts.quarantine: every row that was set aside, and why. Whose row it is stays out where that person refuses.
-- A dismissed row is one that, as somebody decided, nobody will repair; it is dismissed for one reason.
-- grain   source, table, night, file, line
-- reads   ingest.quarantine, ingest.orders, ingest.interactions, identity.refused, marts.dismissed
-- params  none
with refused as (
    select identifier_value as crm_id
    from identity.refused
    where identifier_kind = 'crm_id'
),

hidden as (
    select
        'customers' as table_name,
        crm_id as record_id
    from refused
    union
    select
        'orders' as table_name,
        o.order_id as record_id
    from ingest.orders as o
    semi join refused as r on o.crm_id = r.crm_id
    union
    select
        'interactions' as table_name,
        i.interaction_id as record_id
    from ingest.interactions as i
    semi join refused as r on i.crm_id = r.crm_id
)

select
    q.source,
    q.table_name as "table",
    q.night,
    q.file,
    q.line,
    q.reason,
    case when h.record_id is null then q.record_id else '' end as record_id,
    d.line is not null as is_dismissed
from ingest.quarantine as q
left join hidden as h on q.source = 'crm' and q.table_name = h.table_name and q.record_id = h.record_id
left join marts.dismissed as d
    on
        q.source = d.source
        and q.table_name = d.table_name
        and q.night = d.night
        and q.file = d.file
        and q.line = d.line
        and split_part(q.reason, ':', 1) = d.reason
