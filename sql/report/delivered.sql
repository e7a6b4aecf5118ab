-- report.delivered: the files of this night's delivery, table by table, and what is usual of their rows.
-- told: tonight's rows beside the usual ones, in words; null where the table came neither tonight nor before.
-- grain   source, table_name
-- reads   ingest.files, ingest.usual
-- params  night
with
files as (
    select
        source,
        table_name,
        count(case when cast(night as date) = cast($night as date) then 1 end) as files_count
    from ingest.files
    group by source, table_name
),
rows_usual as (
    select * from ingest.usual
    where measure = 'rows'
)
select
    cast(f.source as varchar) as source,
    cast(f.table_name as varchar) as table_name,
    cast(f.files_count as bigint) as files_count,
    cast(u.usual as double) as usual,
    cast(u.low as double) as low,
    cast(u.high as double) as high,
    cast(u.told as varchar) as told,
    cast(coalesce(u.excess, 0) > 0 as boolean) as is_unusual
from files as f
left join rows_usual as u on u.table_name = concat(f.source, '/', f.table_name)
