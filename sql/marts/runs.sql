-- marts.runs: what each stage of this night did, table by table, and what it took.
-- A stage's seconds and memory stand on each of its rows; they are not to be added up over its tables.
-- grain   night, stage, source, table
-- reads   marts.stage_runs, identity.counts
-- params  none
select
    s.night,
    s.stage,
    s.source,
    s.table_name as "table",
    s.rows_in,
    s.rows_out,
    s.rows_quarantined,
    case when s.stage = 'identity' then c.refused_people end as refused_people,
    s.seconds,
    s.peak_memory_mb
from marts.stage_runs as s
cross join identity.counts as c
