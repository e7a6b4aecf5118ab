-- marts.customers: one row per customer, with the mission of the latest journey and since when it is theirs.
-- grain   customer_id
-- reads   identity.customers, identity.identifiers, ingest.customers, journeys.touchpoints, journeys.journeys, missions.assignments
-- params  none
with placed as (
    select
        j.customer_id,
        j.started_at,
        j.journey_id,
        m.mission
    from journeys.journeys as j
    inner join missions.assignments as m on j.journey_id = m.journey_id
    where m.mission is not null
),

changes as (
    select
        *,
        case when lag(mission) over w = mission then 0 else 1 end as is_change
    from placed
    window w as (partition by customer_id order by started_at, journey_id)
),

latest as (
    select
        customer_id,
        mission,
        max(case when is_change = 1 then started_at end) over (partition by customer_id) as mission_since,
        row_number() over (partition by customer_id order by started_at desc, journey_id desc) as nth
    from changes
),

seen as (
    select
        customer_id,
        min(occurred_at) as first_seen,
        max(occurred_at) as last_seen
    from journeys.touchpoints
    where customer_id is not null
    group by customer_id
),

bought as (
    select
        customer_id,
        count(*) as orders,
        sum(value) as revenue
    from journeys.journeys
    where order_id is not null
    group by customer_id
),

consent as (
    select
        i.customer_id,
        min(cast(coalesce(c.consent_marketing, false) as integer)) as consent_marketing
    from identity.identifiers as i
    inner join ingest.customers as c on i.identifier_kind = 'crm_id' and i.identifier_value = c.crm_id
    group by i.customer_id
)

select
    p.customer_id,
    l.mission,
    l.mission_since,
    s.first_seen,
    s.last_seen,
    cast(coalesce(b.orders, 0) as bigint) as orders,
    cast(coalesce(b.revenue, 0) as double) as revenue,
    coalesce(c.consent_marketing, 0) = 1 as consent_marketing
from identity.customers as p
left join latest as l on p.customer_id = l.customer_id and l.nth = 1
left join seen as s on p.customer_id = s.customer_id
left join bought as b on p.customer_id = b.customer_id
left join consent as c on p.customer_id = c.customer_id
