-- actions.closings: which sub-step, once it is reached, leaves a moment of another sub-step behind.
-- Told by the finished journeys with both: the moment hardly ever came after it. Where too few had both, by the map's order.
-- grain   moment, sub_step
-- reads   actions.standings, journeys.moments, journeys.sub_steps, journeys.map_moments, journeys.map_sub_steps
-- params  fewest, rare_share
with both_seen as (
    select
        m.moment,
        u.sub_step,
        count(*) as journeys,
        sum(case when m.occurred_at > u.reached_at then 1 else 0 end) as later
    from journeys.moments as m
    inner join actions.standings as s on m.journey_id = s.journey_id
    inner join journeys.sub_steps as u on m.journey_id = u.journey_id and m.sub_step <> u.sub_step
    where not s.is_open
    group by m.moment, u.sub_step
)

select
    x.moment,
    u.sub_step
from journeys.map_moments as x
inner join journeys.map_sub_steps as u on x.sub_step <> u.sub_step
left join both_seen as b on x.moment = b.moment and u.sub_step = b.sub_step
where
    case
        when coalesce(b.journeys, 0) >= $fewest then b.later <= $rare_share * b.journeys
        else u.position > x.position
    end
