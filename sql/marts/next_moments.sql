-- marts.next_moments: the moments that matter next for each customer on an open journey who agreed to be spoken to, best first (nth).
-- expected_gain: how far acting on it is expected to raise the chance that they come back: effect x reach_share (the journey gets
-- to the sub-step) x (1 - usual_share) (it would not happen by itself). mission ALL: the journey is on no mission that was found.
-- grain   customer_id, moment
-- reads   actions.next_moments
-- params  none
select
    customer_id,
    mission,
    moment,
    channel,
    expected_gain,
    reason,
    nth,
    journey_id,
    order_id,
    step,
    sub_step,
    effect,
    ci_low,
    ci_high,
    reach_share,
    usual_share,
    due_at,
    is_new_to_them,
    first_night
from actions.next_moments
