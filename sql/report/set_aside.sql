-- report.set_aside: why rows of this night's delivery were set aside, and how many; by what was wrong, whatever the value.
-- grain   source, table_name, reason
-- reads   marts.quarantine
-- params  night
with
quarantine as (
    select
        source, "table", file, night,
        regexp_replace(reason, ' is -?[0-9][0-9 :.e+-]*$', '') as reason
    from marts.quarantine
)
select
    cast(source as varchar) as source,
    cast("table" as varchar) as table_name,
    cast(reason as varchar) as reason,
    cast(count(*) as bigint) as rows_count,
    cast(count(distinct file) as bigint) as files_count
from quarantine
where cast(night as date) = cast($night as date)
group by source, "table", reason
