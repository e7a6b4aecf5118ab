-- actions.suggestions_before: what was suggested on earlier nights, under the name that its customer has now.
-- grain   journey_id, moment
-- reads   actions.suggested_before, actions.standings
-- params  none
select
    b.journey_id,
    b.moment,
    coalesce(s.customer_id, b.customer_id) as customer_id,
    b.first_night,
    coalesce(s.is_open, false) as is_open
from actions.suggested_before as b
left join actions.standings as s on b.journey_id = s.journey_id
