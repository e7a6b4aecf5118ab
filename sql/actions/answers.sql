-- actions.answers: the sub-step by which what was asked for is usually settled: the first of the map, after the asking moment's own,
-- that most finished journeys get to afterwards.
-- grain   moment
-- reads   actions.standings, actions.asked, journeys.moments, journeys.map_moments, journeys.sub_steps
-- params  usual_share
with asked as (
    select
        m.moment,
        m.journey_id,
        m.occurred_at,
        x.position,
        count(*) over (partition by m.moment) as journeys
    from journeys.moments as m
    inner join actions.standings as s on m.journey_id = s.journey_id
    inner join journeys.map_moments as x on m.moment = x.moment
    semi join actions.asked as k on m.moment = k.moment
    where not s.is_open and s.order_id is not null
),

followed as (
    select
        a.moment,
        u.sub_step,
        u.position,
        a.journeys,
        count(*) as settled
    from asked as a
    inner join journeys.sub_steps as u
        on a.journey_id = u.journey_id and u.position > a.position and u.reached_at > a.occurred_at
    group by a.moment, u.sub_step, u.position, a.journeys
)

select
    moment,
    sub_step as answer
from followed
where settled >= $usual_share * journeys
qualify row_number() over (partition by moment order by position, sub_step) = 1
