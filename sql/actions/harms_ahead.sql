-- actions.harms_ahead: the moment to prevent for each customer: of those that drive customers away and can still happen on an open
-- journey, the one by which most is expected to be lost.
-- grain   customer_id
-- reads   actions.candidates
-- params  none
select
    customer_id,
    journey_id,
    mission,
    moment,
    step,
    sub_step,
    effect,
    ci_low,
    ci_high,
    q_value,
    reach_share,
    usual_share,
    expected_gain as expected_loss,
    is_there,
    due_at
from actions.candidates
where verdict = 'harms' and expected_gain > 0
qualify row_number() over (partition by customer_id order by expected_gain desc, moment, journey_id) = 1
