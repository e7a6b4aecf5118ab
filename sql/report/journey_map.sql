-- report.journey_map: how many journeys with an order get to each sub-step of the map, per mission and over ALL.
-- Counts under small_group are hidden, and so are missions of which fewer journeys are known.
-- grain   mission, sub_step
-- reads   marts.journeys, marts.missions, report.sub_steps
-- params  small_group
with
orders as (select journey_id, mission, steps_reached from marts.journeys where order_id is not null),
missions as (
    select mission, label, row_number() over (order by journeys desc, mission) as mission_position
    from marts.missions
),
sub_steps as (select * from report.sub_steps),
scoped as (
    select journey_id, 'ALL' as mission, steps_reached from orders
    union all
    select journey_id, mission, steps_reached from orders where mission is not null
),
sizes as (
    select mission, count(*) as journeys
    from scoped
    group by mission
    having count(*) >= $small_group
),
reached as (
    select s.mission, u.sub_step, count(distinct s.journey_id) as reached
    from scoped as s
    cross join unnest(s.steps_reached) as u (sub_step)
    group by s.mission, u.sub_step
)
select
    cast(z.mission as varchar) as mission,
    cast(b.sub_step as varchar) as sub_step,
    cast(case when z.mission = 'ALL' then 'All journeys' else coalesce(m.label, z.mission) end as varchar) as mission_label,
    cast(case when z.mission = 'ALL' then 0 else coalesce(m.mission_position, 9999) end as bigint) as mission_position,
    cast(b.step as varchar) as step,
    cast(b.position as bigint) as position,
    cast(z.journeys as bigint) as journeys,
    cast(case when r.reached >= $small_group then r.reached end as bigint) as reached,
    cast(case when r.reached >= $small_group then cast(r.reached as double) / nullif(z.journeys, 0) end as double) as reached_share
from sizes as z
cross join sub_steps as b
left join reached as r on z.mission = r.mission and b.sub_step = r.sub_step
left join missions as m on z.mission = m.mission
