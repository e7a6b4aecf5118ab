-- actions.chosen: what is suggested for each customer: the moments that bring customers back, by expected gain, within the caps.
-- A moment is suggested once a customer, for the journey on which most is expected of it. At most most_at_once are; what was not
-- suggested for that journey before counts as new, and a customer gets at most most_new of those within cap_days.
-- grain   customer_id, moment
-- reads   actions.candidates, actions.suggestions_before
-- params  night, most_at_once, most_new, cap_days
with drives as (
    select
        c.*,
        b.first_night
    from actions.candidates as c
    left join actions.suggestions_before as b on c.journey_id = b.journey_id and c.moment = b.moment
    where c.verdict = 'drives' and c.expected_gain > 0
    qualify row_number() over (partition by c.customer_id, c.moment order by c.expected_gain desc, c.journey_id) = 1
),

counted as (
    select customer_id, count(*) as suggestions
    from actions.suggestions_before
    where date_diff('day', cast(first_night as date), cast($night as date)) < $cap_days
    group by customer_id
),

ordered as (
    select
        d.*,
        coalesce(n.suggestions, 0) as suggestions,
        row_number() over (
            partition by d.customer_id, d.first_night is null order by d.expected_gain desc, d.moment
        ) as nth_of_kind
    from drives as d
    left join counted as n on d.customer_id = n.customer_id
),

allowed as (
    select
        *,
        row_number() over (partition by customer_id order by expected_gain desc, moment) as nth
    from ordered
    where first_night is not null or nth_of_kind + suggestions <= $most_new
)

select
    customer_id,
    mission,
    moment,
    channel,
    expected_gain,
    cast(nth as bigint) as nth,
    journey_id,
    order_id,
    step,
    sub_step,
    effect,
    ci_low,
    ci_high,
    q_value,
    reach_share,
    usual_share,
    due_at,
    is_there,
    coalesce(first_night, cast($night as date)) as first_night
from allowed
where nth <= $most_at_once
