-- report.personas: what is known of the missions that are shown, a row a value of a facet.
-- is_sure: it differs from the other missions (for size: from the days before) by more than chance.
-- grain   mission, facet, value
-- reads   marts.personas, report.missions
-- params  small_group
with
personas as (select * from marts.personas where customers >= $small_group),
missions as (select * from report.missions)
select
    cast(p.mission as varchar) as mission,
    cast(p.facet as varchar) as facet,
    cast(p.value as varchar) as value,
    cast(p.share as double) as share,
    cast(p.rest_share as double) as rest_share,
    cast(p.lift as double) as lift,
    cast(coalesce(p.low > 1 or p.high < 1, false) as boolean) as is_sure,
    cast(p.number as double) as number,
    cast(p.rest_number as double) as rest_number,
    cast(p.journeys as bigint) as journeys,
    cast(p.customers as bigint) as customers
from personas as p
inner join missions as m on p.mission = m.mission
