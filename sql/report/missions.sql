-- report.missions: what customers are trying to do, each mission with its size and how many of its customers come back.
-- Missions of fewer than small_group customers are left out (report.facts counts them).
-- grain   mission
-- reads   marts.missions, marts.journeys
-- params  small_group
with
missions as (select * from marts.missions where coalesce(status, 'kept') not in ('merged', 'retired')),
journeys as (select * from marts.journeys where order_id is not null),
known as (
    select mission, count(*) as known_journeys, avg(cast(case when retained then 1 else 0 end as double)) as retained_share
    from journeys
    where retained is not null and mission is not null
    group by mission
)
select
    cast(m.mission as varchar) as mission,
    cast(m.label as varchar) as label,
    cast(m.description as varchar) as description,
    cast(m.share as double) as share,
    cast(m.journeys as bigint) as journeys,
    cast(m.customers as bigint) as customers,
    cast(m.stability as double) as stability,
    cast(m.status as varchar) as status,
    cast(m.signals as varchar) as signals,
    cast(case when k.known_journeys >= $small_group then k.retained_share end as double) as retained_share,
    cast(row_number() over (order by m.journeys desc, m.mission) as bigint) as position
from missions as m
left join known as k on m.mission = k.mission
where m.customers >= $small_group
