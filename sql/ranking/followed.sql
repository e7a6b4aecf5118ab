-- ranking.followed: the journeys that any trial may draw on: anchored on an order and followed up in full, with what the customer had done before.
-- Everything but the outcomes (retained, and what was spent over the horizon: value_after) was known when the order was placed; a return is an order placed in the horizon after the end of the order before it.
-- grain   journey_id
-- reads   journeys.journeys, missions.assignments
-- params  horizon_days
with journeys as (
    select * from journeys.journeys
),

assignments as (
    select * from missions.assignments
),

orders as (
    select
        journey_id,
        customer_id,
        ordered_at,
        row_number() over past as nth_order,
        lag(ends_at) over past as previous_ends_at,
        lag(ordered_at) over past as previous_ordered_at,
        lag(value) over past as previous_value,
        first_value(ordered_at) over past as first_ordered_at
    from journeys
    where order_id is not null
    window past as (partition by customer_id order by ordered_at, journey_id)
),

returns as (
    select
        *,
        case
            when
                ordered_at > previous_ends_at
                and date_diff('microsecond', previous_ends_at, ordered_at) / 8.64e10 <= $horizon_days
                then 1
            else 0
        end as is_return
    from orders
),

histories as (
    select
        journey_id,
        nth_order - 1 as prior_orders,
        is_return,
        lag(is_return) over past as was_return,
        sum(is_return) over past as prior_returns,
        date_diff('microsecond', previous_ordered_at, ordered_at) / 8.64e10 as days_since_order,
        date_diff('microsecond', first_ordered_at, ordered_at) / 8.64e10 as tenure_days,
        previous_value
    from returns
    window past as (partition by customer_id order by ordered_at, journey_id)
),

spends as (
    select
        a.journey_id,
        sum(b.value) as value_after
    from journeys as a
    inner join journeys as b
        on
            a.customer_id = b.customer_id
            and b.ordered_at > a.ends_at
            and b.ordered_at <= a.ends_at + $horizon_days * interval '1 day'
    where b.order_id is not null
    group by a.journey_id
)

select
    j.journey_id,
    j.customer_id,
    j.ordered_at,
    cast(j.retained as integer) as retained,
    coalesce(cast(s.value_after as double), 0) as value_after,
    a.mission,
    cast(a.mission_probability as double) as mission_probability,
    j.category,
    coalesce(j.region, j.country) as region,
    j.attributes,
    cast(j.value as double) as value,
    cast(date_diff('microsecond', j.ordered_at, j.starts_at) / 8.64e10 as double) as lead_days,
    cast(date_diff('microsecond', j.starts_at, j.ends_at) / 8.64e10 as double) as length_days,
    cast(h.prior_orders as double) as prior_orders,
    cast(h.prior_returns / nullif(cast(h.prior_orders as double), 0) as double) as prior_return_share,
    cast(h.days_since_order as double) as days_since_order,
    cast(h.tenure_days as double) as tenure_days,
    cast(h.previous_value as double) as previous_value,
    cast(case when h.prior_orders > 0 then h.is_return end as double) as previous_retained,
    cast(case when h.prior_orders > 1 then h.was_return end as double) as earlier_retained
from journeys as j
inner join histories as h on j.journey_id = h.journey_id
left join assignments as a on j.journey_id = a.journey_id
left join spends as s on j.journey_id = s.journey_id
where j.retained is not null and j.followed_up
