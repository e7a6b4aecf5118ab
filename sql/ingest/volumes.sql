-- ingest.volumes: how many rows of each table came on each night, none where nothing did, and how many were set aside.
-- A table's nights begin with its first rows, which are its whole history: is_first. Exact repeats are not set aside here:
-- nothing of them is lost.
-- grain   table_name, night
-- reads   ingest.files, ingest.quarantine, door.measured
-- params  night, first_kept
with files as (
    select
        concat(source, '/', table_name) as table_name,
        cast(night as date) as night,
        arrived
    from ingest.files
),

refused as (
    select
        concat(source, '/', table_name) as table_name,
        cast(night as date) as night,
        count(*) as set_aside
    from ingest.quarantine
    where not starts_with(reason, 'duplicate:')
    group by concat(source, '/', table_name), cast(night as date)
),

begun as (
    select
        table_name,
        min(night) as first_night
    from files
    where arrived > 0
    group by table_name
),

nights as (
    select night from files
    union
    select night from door.measured
    union
    select cast($night as date) as night
),

brought as (
    select
        table_name,
        night,
        sum(arrived) as arrived
    from files
    group by table_name, night
)

select
    t.table_name,
    n.night,
    cast(coalesce(b.arrived, 0) as bigint) as arrived,
    cast(coalesce(r.set_aside, 0) as bigint) as set_aside,
    n.night = t.first_night as is_first
from begun as t
inner join nights as n on t.first_night <= n.night
left join brought as b on t.table_name = b.table_name and n.night = b.night
left join refused as r on t.table_name = r.table_name and n.night = r.night
where n.night between cast($first_kept as date) and cast($night as date)
