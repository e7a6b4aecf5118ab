-- journeys.loose_ties: the order-less journey of each touch of a customer that lies in no order's window.
-- A new one begins where nothing of the kind happened for inactivity_days.
-- grain   touch_id
-- reads   journeys.touches, journeys.window_ties
-- params  inactivity_days
with loose as (
    select
        t.touch_id,
        t.customer_id,
        t.occurred_at
    from journeys.touches as t
    anti join journeys.window_ties as w on t.touch_id = w.touch_id
    where t.customer_id is not null and t.tied_journey_id is null
),

cuts as (
    select
        *,
        case
            when lag(occurred_at) over w + $inactivity_days * interval '1 day' > occurred_at then 0
            else 1
        end as is_first
    from loose
    window w as (partition by customer_id order by occurred_at, touch_id)
),

numbered as (
    select
        *,
        sum(is_first) over (
            partition by customer_id order by occurred_at, touch_id rows between unbounded preceding and current row
        ) as nth
    from cuts
)

select
    touch_id,
    'J' || substring(sha256('touch|' || first_value(touch_id) over w), 1, 20) as journey_id
from numbered
window w as (
    partition by customer_id, nth order by occurred_at, touch_id
    rows between unbounded preceding and unbounded following
)
