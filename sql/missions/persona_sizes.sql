-- missions.persona_sizes: how much of all placed journeys each mission is in the last days, beside the same span before.
-- A journey counts when its order was placed, or when it started where it has none.
-- grain   mission
-- reads   missions.assignments, journeys.journeys
-- params  night, days
with placed as (
    select
        a.mission,
        j.customer_id,
        date_diff('day', cast(coalesce(j.ordered_at, j.started_at) as date), cast($night as date)) as age_days
    from missions.assignments as a
    inner join journeys.journeys as j on a.journey_id = j.journey_id
    where a.mission is not null
),

spans as (
    select
        mission,
        customer_id,
        age_days <= $days as is_recent
    from placed
    where age_days <= 2 * $days
),

whole as (
    select
        count(*) filter (where is_recent) as known,
        count(distinct case when is_recent then customer_id end) as customers,
        count(*) filter (where not is_recent) as rest_known,
        count(distinct case when not is_recent then customer_id end) as rest_customers
    from spans
),

sizes as (
    select
        mission,
        count(*) filter (where is_recent) as journeys,
        count(distinct case when is_recent then customer_id end) as showing,
        count(*) filter (where not is_recent) as rest_journeys
    from spans
    group by mission
)

select
    s.mission,
    'size' as facet,
    concat('last ', cast($days as varchar), ' days') as value,
    s.journeys,
    s.showing,
    w.known,
    w.customers,
    s.rest_journeys,
    w.rest_known,
    w.rest_customers
from sizes as s
cross join whole as w
