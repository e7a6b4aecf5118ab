-- report.mission_flows: which mission follows which, among the missions that are shown; from null: the first journey.
-- grain   from_mission, to_mission
-- reads   marts.mission_flows, report.missions
-- params  small_group
with
flows as (select * from marts.mission_flows where customers >= $small_group),
missions as (select * from report.missions)
select
    cast(f.from_mission as varchar) as from_mission,
    cast(f.to_mission as varchar) as to_mission,
    cast(f.customers as bigint) as customers,
    cast(f.share as double) as share,
    cast(f.low as double) as low,
    cast(f.high as double) as high
from flows as f
inner join missions as t on f.to_mission = t.mission
left join missions as o on f.from_mission = o.mission
where f.from_mission is null or o.mission is not null
