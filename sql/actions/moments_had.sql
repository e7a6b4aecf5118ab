-- actions.moments_had: the moments that each customer for whom something is suggested ever had, on whatever journey.
-- grain   customer_id, moment
-- reads   actions.chosen, actions.standings, journeys.moments
-- params  none
select distinct
    c.customer_id,
    c.moment
from actions.chosen as c
inner join actions.standings as s on c.customer_id = s.customer_id
inner join journeys.moments as m on s.journey_id = m.journey_id and c.moment = m.moment
