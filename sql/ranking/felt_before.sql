-- ranking.felt_before: how the customer had felt and rated the company before the journey began.
-- Journeys of customers who had said nothing are absent.
-- grain   journey_id
-- reads   ranking.followed, journeys.journeys, journeys.touchpoints
-- params  none
with followed as (
    select * from ranking.followed
),

journeys as (
    select * from journeys.journeys
),

touchpoints as (
    select * from journeys.touchpoints
    where customer_id is not null and (rating is not null or valence is not null)
)

select
    f.journey_id,
    cast(avg(t.rating) as double) as prior_rating,
    cast(avg(t.valence) as double) as prior_valence
from followed as f
inner join journeys as j on f.journey_id = j.journey_id
inner join touchpoints as t on f.customer_id = t.customer_id and t.occurred_at < j.started_at
group by f.journey_id
