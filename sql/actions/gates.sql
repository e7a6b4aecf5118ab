-- actions.gates: the moment without which a sub-step is hardly ever reached: nothing can be mended before something broke.
-- Of finished journeys with an order; of several such moments the one that is rarest.
-- grain   sub_step
-- reads   actions.standings, journeys.moments, journeys.sub_steps
-- params  fewest, rare_share
with finished as (
    select journey_id from actions.standings where not is_open and order_id is not null
),

sizes as (
    select cast(count(*) as double) as journeys from finished
),

reached as (
    select
        u.sub_step,
        cast(count(*) as double) as arrivals
    from journeys.sub_steps as u
    inner join finished as f on u.journey_id = f.journey_id
    group by u.sub_step
),

happened as (
    select
        m.moment,
        cast(count(*) as double) as journeys
    from journeys.moments as m
    inner join finished as f on m.journey_id = f.journey_id
    group by m.moment
),

through as (
    select
        u.sub_step,
        m.moment,
        cast(count(*) as double) as arrivals
    from journeys.sub_steps as u
    inner join finished as f on u.journey_id = f.journey_id
    inner join journeys.moments as m
        on u.journey_id = m.journey_id and u.sub_step <> m.sub_step and m.occurred_at <= u.reached_at
    group by u.sub_step, m.moment
)

select
    t.sub_step,
    t.moment as gate
from through as t
inner join reached as r on t.sub_step = r.sub_step
inner join happened as h on t.moment = h.moment
cross join sizes as n
where
    r.arrivals >= $fewest
    and r.arrivals - t.arrivals <= $rare_share * r.arrivals
    and n.journeys - h.journeys >= $fewest
    and r.arrivals - t.arrivals <= $rare_share * (n.journeys - h.journeys)
qualify row_number() over (partition by t.sub_step order by h.journeys, t.moment) = 1
