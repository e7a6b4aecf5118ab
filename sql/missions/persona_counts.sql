-- missions.persona_counts: per mission and value of a facet: journeys that show it, and their customers; journeys for which
-- the facet is known, and their customers; and the same of all other missions together (rest_).
-- grain   mission, facet, value
-- reads   missions.persona_facets, missions.assignments, journeys.journeys
-- params  none
with placed as (
    select
        f.facet,
        f.value,
        f.journey_id,
        a.mission,
        j.customer_id
    from missions.persona_facets as f
    inner join missions.assignments as a on f.journey_id = a.journey_id
    inner join journeys.journeys as j on f.journey_id = j.journey_id
    where a.mission is not null
),

shown as (
    select
        mission,
        facet,
        value,
        count(*) as journeys,
        count(distinct customer_id) as showing
    from placed
    group by mission, facet, value
),

sizes as (
    select
        mission,
        facet,
        count(distinct journey_id) as known,
        count(distinct customer_id) as customers
    from placed
    group by mission, facet
),

people as (
    select
        facet,
        customer_id,
        min(mission) as first_mission,
        max(mission) as last_mission
    from placed
    group by facet, customer_id
),

own_people as (
    select
        facet,
        first_mission as mission,
        count(*) as only_customers
    from people
    where first_mission = last_mission
    group by facet, first_mission
),

everybody as (
    select
        facet,
        count(*) as customers
    from people
    group by facet
)

select
    s.mission,
    s.facet,
    s.value,
    s.journeys,
    s.showing,
    z.known,
    z.customers,
    cast(sum(s.journeys) over (partition by s.facet, s.value) - s.journeys as bigint) as rest_journeys,
    cast(r.known - z.known as bigint) as rest_known,
    cast(e.customers - coalesce(o.only_customers, 0) as bigint) as rest_customers
from shown as s
inner join sizes as z on s.mission = z.mission and s.facet = z.facet
inner join (select facet, sum(known) as known from sizes group by facet) as r on s.facet = r.facet
inner join everybody as e on s.facet = e.facet
left join own_people as o on s.facet = o.facet and s.mission = o.mission
where s.value <> ''
