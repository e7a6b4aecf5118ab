-- actions.standings: every journey, whether it is still open on the night, and the mission whose ranking it goes by.
-- A journey with an order is open until its window ends, one without until its customer was silent for inactivity_days.
-- One on no mission goes by ALL, what is so over all journeys.
-- grain   journey_id
-- reads   journeys.journeys, missions.assignments
-- params  night, follow_up_days, inactivity_days
select
    j.journey_id,
    j.customer_id,
    j.order_id,
    j.ordered_at,
    j.starts_at,
    j.ends_at,
    coalesce(a.mission, 'ALL') as mission,
    case
        when j.order_id is not null then j.ends_at + $follow_up_days * interval '1 day' > cast($night as timestamp)
        else j.ended_at + $inactivity_days * interval '1 day' > cast($night as timestamp)
    end as is_open
from journeys.journeys as j
left join missions.assignments as a on j.journey_id = a.journey_id
