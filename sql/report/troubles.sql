-- report.troubles: what is wrong with this night's delivery, table by table: missing, thin, much, or much of it set aside.
-- Missing: nothing came of a table that came on most of the week's deliveries before (the latest seven nights). Thin,
-- much: a table brought less or more than is usual by its own history (ingest.usual). Set aside: ten rows or more, and
-- over a tenth of what came, could not be used; exact repeats, of which nothing is lost, are not among them.
-- grain   source, table_name, trouble
-- reads   ingest.files, ingest.usual, marts.quarantine
-- params  night
with
files as (select * from ingest.files where cast(night as date) <= cast($night as date)),
nights as (
    select night, row_number() over (order by night desc) as nights_ago
    from (select distinct cast(night as date) as night from files where cast(night as date) < cast($night as date)) as n
),
brought as (
    select source, table_name, cast(night as date) as night, sum(arrived) as arrived
    from files
    group by source, table_name, cast(night as date)
),
refused as (
    select source, "table" as table_name, count(*) as set_aside
    from marts.quarantine
    where cast(night as date) = cast($night as date) and not starts_with(reason, 'duplicate:')
    group by source, "table"
),
rows_usual as (select * from ingest.usual where measure = 'rows'),
tables as (select distinct source, table_name from files),
week as (select count(*) as nights_count from nights where nights_ago <= 7),
regular as (
    select b.source, b.table_name, count(*) as nights_count
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
        coalesce(r.set_aside, 0) as set_aside,
        u.usual,
        u.low,
        u.high,
        coalesce(g.nights_count, 0) * 2 > w.nights_count as is_regular
    from tables as t
    cross join week as w
    left join brought as b on t.source = b.source and t.table_name = b.table_name and b.night = cast($night as date)
    left join refused as r on t.source = r.source and t.table_name = r.table_name
    left join regular as g on t.source = g.source and t.table_name = g.table_name
    left join rows_usual as u on u.table_name = concat(t.source, '/', t.table_name)
),
judged as (
    select
        *,
        case
            when arrived = 0 and is_regular then 'missing'
            when arrived > 0 and arrived < low then 'thin'
            when arrived > high then 'much'
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
