-- ingest.contents: of the rows that arrived now, by table and night: how old the newest is, and how many have each category.
-- newest: hours from the newest row to the night. A row that names no category counts as '(empty)', one of a rare category
-- as '(other)'.
-- grain   table_name, night, measure, column_name, category
-- reads   door.observed, ingest.volumes
-- params  most_categories
with observed as (
    select o.*
    from door.observed as o
    inner join ingest.volumes as v on o.table_name = v.table_name and o.night = v.night
    where not v.is_first
),

counted as (
    select
        table_name,
        night,
        column_name,
        coalesce(category, '(empty)') as category,
        count(*) as rows_count
    from observed
    where column_name <> ''
    group by table_name, night, column_name, coalesce(category, '(empty)')
),

ranked as (
    select
        *,
        row_number() over (
            partition by table_name, night, column_name
            order by rows_count desc, category
        ) as place
    from counted
)

select
    table_name,
    night,
    'newest' as measure,
    '' as column_name,
    '' as category,
    date_diff('microsecond', max(happened_at), cast(night as timestamp)) / 3.6e9 as value,
    cast(count(*) as double) as rows_count
from observed
where column_name = '' and happened_at is not null
group by table_name, night
union all
select
    table_name,
    night,
    'category' as measure,
    column_name,
    case when place <= $most_categories then category else '(other)' end as category,
    cast(sum(rows_count) as double) as value,
    cast(sum(rows_count) as double) as rows_count
from ranked
group by table_name, night, column_name, case when place <= $most_categories then category else '(other)' end
