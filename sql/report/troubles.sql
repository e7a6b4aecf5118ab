-- report.troubles: what is wrong with this night's delivery, table by table: missing, thin, or much of it set aside.
-- Missing: nothing came of a table that came on most of the week's deliveries before (the latest seven nights). Thin: a
-- table brought less than a quarter of what is usual (the median of at least three nights). Set aside: ten rows or more,
-- and over a tenth of what came, could not be used.
-- grain   source, table_name, trouble
-- reads   ingest.files
-- params  night
with
files as (select * from ingest.files where cast(night as date) <= cast($night as date)),
nights as (
    select night, row_number() over (order by night desc) as nights_ago
    from (select distinct cast(night as date) as night from files where cast(night as date) < cast($night as date)) as n
),
brought as (
    select source, table_name, cast(night as date) as night, sum(arrived) as arrived, sum(quarantined) as set_aside
    from files
    group by source, table_name, cast(night as date)
),
tables as (select distinct source, table_name from files),
week as (select count(*) as nights_count from nights where nights_ago <= 7),
usual as (
    select b.source, b.table_name, count(*) as nights_count, median(b.arrived) as arrived
    from brought as b
    inner join nights as n on b.night = n.night
    where n.nights_ago <= 7 and b.arrived > 0
    group by b.source, b.table_name
),
compared as (
    select
        t.source,
        t.table_name,
        coalesce(b.arrived, 0) as arrived,
        coalesce(b.set_aside, 0) as set_aside,
        u.arrived as usual,
        coalesce(u.nights_count, 0) as nights_count,
        coalesce(u.nights_count, 0) * 2 > w.nights_count as is_regular
    from tables as t
    cross join week as w
    left join brought as b on t.source = b.source and t.table_name = b.table_name and b.night = cast($night as date)
    left join usual as u on t.source = u.source and t.table_name = u.table_name
),
judged as (
    select
        *,
        case
            when arrived = 0 and is_regular then 'missing'
            when arrived > 0 and nights_count >= 3 and arrived < 0.25 * usual then 'thin'
            when set_aside >= 10 and set_aside > 0.1 * arrived then 'set_aside'
        end as trouble
    from compared
)
select
    cast(source as varchar) as source,
    cast(table_name as varchar) as table_name,
    cast(trouble as varchar) as trouble,
    cast(arrived as bigint) as arrived,
    cast(set_aside as bigint) as set_aside,
    cast(usual as double) as usual
from judged
where trouble is not null
