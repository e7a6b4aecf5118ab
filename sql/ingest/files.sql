-- ingest.files: one row a file that was ever taken in, and what has become of its rows as of this night.
-- arrived = accepted + superseded + quarantined + not_ours + erased. A row that is replaced tonight leaves its old
-- file's accepted for its superseded. Not ours is what tells nothing that counts here. Erased are the rows of people who were erased, before or since they arrived.
-- grain   source, table_name, night, file
-- reads   door.arrived, door.standing, ingest.gone, ingest.not_ours, ingest.quarantine
-- params  none
with standing as (
    select
        table_name,
        night,
        file,
        sum(standing_count) as accepted
    from door.standing
    group by all
),

replaced as (
    select
        table_name,
        night,
        file,
        count(*) as superseded
    from ingest.gone
    where fate = 'superseded'
    group by all
),

refused as (
    select
        table_name,
        night,
        file,
        count(*) as quarantined
    from ingest.quarantine
    group by all
),

left_out as (
    select
        table_name,
        night,
        file,
        count(*) as not_ours
    from ingest.not_ours
    group by all
)

select
    a.source,
    a.table_name,
    a.night,
    a.file,
    cast(a.arrived as bigint) as arrived,
    cast(coalesce(s.accepted, 0) as bigint) as accepted,
    cast(coalesce(r.superseded, 0) as bigint) as superseded,
    cast(coalesce(q.quarantined, 0) as bigint) as quarantined,
    cast(coalesce(n.not_ours, 0) as bigint) as not_ours,
    cast(a.erased as bigint) as erased
from door.arrived as a
left join standing as s on a.table_name = s.table_name and a.night = s.night and a.file = s.file
left join replaced as r on a.table_name = r.table_name and a.night = r.night and a.file = r.file
left join refused as q on a.table_name = q.table_name and a.night = q.night and a.file = q.file
left join left_out as n on a.table_name = n.table_name and a.night = n.night and a.file = n.file
