-- ingest.measures: the figures of the source's tables, night by night, by which a later night is judged.
-- value: of rows, how many arrived (of a table's first delivery: first_rows); of set_aside, their share; of newest, hours to the night; of a category, its rows.
-- Rows that come late for a night add to what it had. A category has a name where at least small_group rows of one
-- night have it, else it counts as '(other)': a rare one may be anybody's words.
-- grain   table_name, night, measure, column_name, category
-- reads   ingest.volumes, ingest.contents, door.measured
-- params  small_group
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
),

common as (
    select distinct table_name, column_name, category
    from (
        select table_name, night, column_name, category, sum(value) as rows_of_night
        from contents
        where measure = 'category'
        group by table_name, night, column_name, category
    ) as of_night
    where rows_of_night >= $small_group or category = '(empty)'
),

named as (
    select
        c.table_name,
        c.night,
        c.measure,
        c.column_name,
        case when c.measure <> 'category' then '' else coalesce(k.category, '(other)') end as category,
        c.value,
        c.rows_count
    from contents as c
    left join common as k
        on c.table_name = k.table_name and c.column_name = k.column_name and c.category = k.category
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
from named
group by table_name, night, measure, column_name, category
