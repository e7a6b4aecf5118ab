-- report.undecided: rows of all nights so far that are set aside, table by table: those that somebody may still repair
-- or dismiss, since which night there are such, and those that were dismissed. Exact repeats are nobody's task.
-- grain   source, table_name
-- reads   marts.quarantine
-- params  none
with quarantine as (select * from marts.quarantine where not starts_with(reason, 'duplicate:'))

select
    cast(source as varchar) as source,
    cast("table" as varchar) as table_name,
    cast(sum(case when is_dismissed then 0 else 1 end) as bigint) as open_count,
    cast(sum(case when is_dismissed then 1 else 0 end) as bigint) as dismissed_count,
    min(case when not is_dismissed then night end) as open_since
from quarantine
group by source, "table"
