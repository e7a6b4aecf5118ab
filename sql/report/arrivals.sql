-- report.arrivals: what this night's delivery brought, table by table, and what became of it; beside it, all nights so far.
-- Replaced rows arrived in order, but a newer one of the same record stands in their place. Not ours is what tells
-- nothing that counts here.
-- grain   source, table_name
-- reads   ingest.files
-- params  night
with
files as (select * from ingest.files)

select
    cast(source as varchar) as source,
    cast(table_name as varchar) as table_name,
    max(case when arrived > 0 then night end) as last_night,
    cast(coalesce(sum(case when night = cast($night as date) then arrived end), 0) as bigint) as arrived,
    cast(coalesce(sum(case when night = cast($night as date) then accepted end), 0) as bigint) as accepted,
    cast(coalesce(sum(case when night = cast($night as date) then superseded end), 0) as bigint) as replaced,
    cast(coalesce(sum(case when night = cast($night as date) then quarantined end), 0) as bigint) as set_aside,
    cast(coalesce(sum(case when night = cast($night as date) then not_ours end), 0) as bigint) as not_ours,
    cast(coalesce(sum(case when night = cast($night as date) then erased end), 0) as bigint) as erased,
    cast(sum(arrived) as bigint) as arrived_ever,
    cast(sum(accepted) as bigint) as accepted_ever,
    cast(sum(superseded) as bigint) as replaced_ever,
    cast(sum(quarantined) as bigint) as set_aside_ever,
    cast(sum(not_ours) as bigint) as not_ours_ever,
    cast(sum(erased) as bigint) as erased_ever
from files
group by source, table_name
