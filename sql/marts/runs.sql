-- marts.runs: what each stage of this night did, table by table, and what it took.
-- A stage's seconds and memory stand on each of its rows; they are not to be added up over its tables.
-- Identity's rows tell how many people the strict and the loose graph group differently.
-- grain   night, stage, source, table
-- reads   marts.stage_runs, identity.counts, identity.regrouped
-- params  none
with regrouped as (
    select
        count(distinct case when graph = 'strict' then customer_id end) as strict_people,
        count(distinct case when graph = 'loose' then customer_id end) as loose_people
    from identity.regrouped
)

select
    s.night,
    s.stage,
    s.source,
    s.table_name as "table",
    s.rows_in,
    s.rows_out,
    s.rows_quarantined,
    case when s.stage = 'identity' then c.refused_people end as refused_people,
    case when s.stage = 'identity' then g.strict_people end as regrouped_strict,
    case when s.stage = 'identity' then g.loose_people end as regrouped_loose,
    s.seconds,
    s.peak_memory_mb
from marts.stage_runs as s
cross join identity.counts as c
cross join regrouped as g
