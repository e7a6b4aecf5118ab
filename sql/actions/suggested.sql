-- actions.suggested: what was suggested tonight and before, as far as the next night's caps need it.
-- grain   journey_id, moment
-- reads   actions.chosen, actions.suggestions_before
-- params  night, cap_days
select
    customer_id,
    journey_id,
    moment,
    first_night
from actions.chosen
union all
select
    b.customer_id,
    b.journey_id,
    b.moment,
    b.first_night
from actions.suggestions_before as b
anti join actions.chosen as c on b.journey_id = c.journey_id and b.moment = c.moment
where b.is_open or date_diff('day', cast(b.first_night as date), cast($night as date)) < $cap_days
