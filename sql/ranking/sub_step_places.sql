-- ranking.sub_step_places: where and in which week the journeys of orders reached each sub-step, on which mission, and by whom.
-- The region stands before the country; channel and brand are those of the touch that reached it. '' where unknown.
-- week: of seven days, counted from Monday, 3 January 2000. prior_orders: of the customer's, up to 4.
-- grain   journey_id, sub_step
-- reads   journeys.sub_steps, journeys.journeys, journeys.touchpoints, missions.assignments
-- params  none
with orders as (
    select
        journey_id,
        coalesce(region, country, '') as region,
        least(row_number() over (partition by customer_id order by ordered_at, journey_id) - 1, 4) as prior_orders
    from journeys.journeys
    where order_id is not null
),

reached as (
    select
        s.journey_id,
        s.sub_step,
        s.reached_at,
        o.region,
        o.prior_orders
    from journeys.sub_steps as s
    inner join orders as o on s.journey_id = o.journey_id
),

touched as (
    select
        r.journey_id,
        r.sub_step,
        min(t.channel) as channel,
        min(t.brand) as brand
    from reached as r
    inner join journeys.touchpoints as t on r.journey_id = t.journey_id and r.reached_at = t.occurred_at
    group by r.journey_id, r.sub_step
)

select
    r.journey_id,
    r.sub_step,
    r.reached_at,
    cast(floor(date_diff('day', cast('2000-01-03' as date), cast(r.reached_at as date)) / 7.0) as bigint) as week,
    coalesce(a.mission, '') as mission,
    r.prior_orders,
    r.region,
    coalesce(t.channel, '') as channel,
    coalesce(t.brand, '') as brand
from reached as r
left join touched as t on r.journey_id = t.journey_id and r.sub_step = t.sub_step
left join missions.assignments as a on r.journey_id = a.journey_id
