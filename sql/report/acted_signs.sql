-- report.acted_signs: on how many journeys with an order a feeling is acted, not said, per mission and over ALL; few are hidden.
-- grain   mission, kind
-- reads   marts.acted_feelings, marts.journeys
-- params  small_group
with
acted as (select distinct journey_id, kind from marts.acted_feelings),
orders as (select journey_id, mission from marts.journeys where order_id is not null),
scoped as (
    select journey_id, 'ALL' as mission from orders
    union all
    select journey_id, mission from orders where mission is not null
),
sizes as (select mission, count(*) as journeys from scoped group by mission)
select
    cast(s.mission as varchar) as mission,
    cast(a.kind as varchar) as kind,
    cast(count(*) as bigint) as journeys,
    cast(count(*) as double) / max(z.journeys) as acted_share
from scoped as s
inner join acted as a on s.journey_id = a.journey_id
inner join sizes as z on s.mission = z.mission
group by s.mission, a.kind
having count(*) >= $small_group
