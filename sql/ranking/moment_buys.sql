-- ranking.moment_buys: how often each moment is followed by an order: one placed at it or after it, within the horizon.
-- Only moments whose horizon is over by the night can tell; where the company has hardly an order, none can.
-- grain   moment
-- reads   journeys.moments, journeys.journeys
-- params  horizon_days, night, fewest
with moments as (
    select
        m.journey_id,
        m.moment,
        m.occurred_at,
        j.customer_id
    from journeys.moments as m
    inner join journeys.journeys as j on m.journey_id = j.journey_id
    where m.occurred_at <= cast($night as timestamp) - $horizon_days * interval '1 day'
),

orders as (
    select
        customer_id,
        ordered_at
    from journeys.journeys
    where ordered_at is not null
),

buyers as (
    select distinct
        m.journey_id,
        m.moment
    from moments as m
    inner join orders as o
        on
            m.customer_id = o.customer_id
            and o.ordered_at >= m.occurred_at
            and o.ordered_at <= m.occurred_at + $horizon_days * interval '1 day'
)

select
    m.moment,
    cast(count(*) as double) as journeys,
    cast(count(b.journey_id) as double) as bought
from moments as m
left join buyers as b on m.journey_id = b.journey_id and m.moment = b.moment
where (select count(*) from orders) >= $fewest
group by m.moment
