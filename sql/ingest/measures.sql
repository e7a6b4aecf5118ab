-- ingest.measures: the figures of the source's tables, night by night, by which a later night is judged.
-- value: of rows, how many arrived (of a table's first delivery: first_rows); of set_aside, their share; of newest, hours to the night; of a category, its rows.
-- Rows that come late for a night add to what it had.
-- grain   table_name, night, measure, column_name, category
-- reads   ingest.volumes, ingest.contents, door.measured
-- params  none
with volumes as (
    select * from ingest.volumes
),

contents as (
    select table_name, night, measure, column_name, category, value, rows_count
    from ingest.contents
    union all
    select table_name, night, measure, column_name, category, value, rows_count
    from door.measured
    where measure in ('newest', 'category')
)

select
    table_name,
    night,
    case when is_first then 'first_rows' else 'rows' end as measure,
    '' as column_name,
    '' as category,
    cast(arrived as double) as value,
    cast(arrived as double) as rows_count
from volumes
union all
select
    table_name,
    night,
    'set_aside' as measure,
    '' as column_name,
    '' as category,
    cast(set_aside as double) / arrived as value,
    cast(arrived as double) as rows_count
from volumes
where arrived > 0 and not is_first
union all
select
    table_name,
    night,
    measure,
    column_name,
    category,
    cast(case when measure = 'newest' then min(value) else sum(value) end as double) as value,
    cast(sum(rows_count) as double) as rows_count
from contents
group by table_name, night, measure, column_name, category
