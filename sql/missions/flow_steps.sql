-- missions.flow_steps: what follows what: from the mission of a customer's journey to that of their next one.
-- from_mission null: the first journey. share: of all steps from there; its 95 % interval (Wilson 1927) counts customers, not
-- steps, because one customer's steps are alike. Steps of fewer than small_group customers are left out.
-- grain   from_mission, to_mission
-- reads   journeys.journeys, missions.assignments
-- params  small_group
with steps as (
    select
        j.customer_id,
        lag(a.mission) over (partition by j.customer_id order by j.started_at, j.journey_id) as from_mission,
        a.mission as to_mission
    from journeys.journeys as j
    inner join missions.assignments as a on j.journey_id = a.journey_id
    where a.mission is not null
),

leaving as (
    select
        from_mission,
        cast(count(*) as double) as steps,
        cast(count(distinct customer_id) as double) as n
    from steps
    group by from_mission
),

flows as (
    select
        from_mission,
        to_mission,
        count(*) as steps,
        count(distinct customer_id) as customers
    from steps
    group by from_mission, to_mission
),

shares as (
    select
        f.from_mission,
        f.to_mission,
        f.customers,
        f.steps,
        l.n,
        f.steps / l.steps as share,
        power(1.959964, 2) as z2
    from flows as f
    inner join leaving as l on coalesce(f.from_mission, '') = coalesce(l.from_mission, '')
)

select
    from_mission,
    to_mission,
    cast(customers as bigint) as customers,
    cast(steps as bigint) as journeys,
    cast(share as double) as share,
    cast(
        (share + z2 / (2 * n) - sqrt(z2 * share * (1 - share) / n + power(z2 / (2 * n), 2))) / (1 + z2 / n) as double
    ) as low,
    cast(
        (share + z2 / (2 * n) + sqrt(z2 * share * (1 - share) / n + power(z2 / (2 * n), 2))) / (1 + z2 / n) as double
    ) as high
from shares
where customers >= $small_group
