-- missions.macro_people: everybody who left a touch, once: customers, people that only partners know, visitors, authors.
-- mission: of a customer's latest journey that has one; nobody else has one of their own. Visitors are cookies and
-- authors handles that no evidence ties to a customer.
-- grain   place, person
-- reads   journeys.touchpoints, journeys.journeys, missions.assignments
-- params  none
with touches as (select * from journeys.touchpoints),

known as (
    select
        customer_id,
        bool_and(source = 'partner') as is_partners_only
    from touches
    where customer_id is not null
    group by customer_id
),

latest as (
    select
        j.customer_id,
        a.mission
    from journeys.journeys as j
    inner join missions.assignments as a on j.journey_id = a.journey_id
    where a.mission is not null
    qualify row_number() over (partition by j.customer_id order by j.started_at desc, j.journey_id desc) = 1
)

select
    case when k.is_partners_only and l.mission is null then 'partners' else 'customers' end as place,
    k.customer_id as person,
    l.mission
from known as k
left join latest as l on k.customer_id = l.customer_id
union all
select distinct
    case source when 'social' then 'authors' else 'visitors' end as place,
    visitor_id as person,
    cast(null as varchar) as mission
from touches
where customer_id is null and visitor_id is not null and source in ('social', 'web')
