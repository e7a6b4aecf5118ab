-- ranking.map_warnings: where the data contradict what the journey map says of a moment.
-- never_happens: not to one of all who got to its sub-step (got nobody there: anywhere), though its source arrives;
-- nobody_buys: hardly anybody orders after it; of either, at most one in twenty may (95 %). not_delightful: felt hardly better
-- than journeys ordinarily are, the interval's upper end under a fifth of a standard deviation, and on no mission surely
-- better; expected: a delight surprises, and this comes to nine in ten who get there. figure is the share or the end that
-- says so, over so many journeys.
-- grain   moment, warning
-- reads   journeys.map_moments, ranking.askable_moments, ranking.moment_memory, ranking.echo_sums, ranking.moment_buys
-- params  fewest
with happened as (
    select
        m.moment,
        m.type,
        m.micro_moment,
        coalesce(e.journeys, 0) as journeys,
        coalesce(s.journeys, (select max(journeys) from ranking.echo_sums where mission = 'ALL')) as reached
    from journeys.map_moments as m
    left join ranking.echo_sums as e on e.mission = 'ALL' and e.kind = 'moment' and m.moment = e.name
    left join ranking.echo_sums as s on s.mission = 'ALL' and s.kind = 'sub_step' and m.sub_step = s.name
),

counted as (
    select h.moment, 'never_happens' as warning, 0.0 as times, h.reached as journeys
    from happened as h
    inner join ranking.askable_moments as a on h.moment = a.moment
    where h.journeys = 0
    union all
    select h.moment, 'nobody_buys' as warning, b.bought as times, b.journeys
    from happened as h
    inner join ranking.moment_buys as b on h.moment = b.moment
    where h.micro_moment = 'buy'
),

bounded as (
    select
        moment,
        warning,
        (times + 1.92 + 1.96 * sqrt(greatest(times * (journeys - times), 0) / nullif(journeys, 0) + 0.96))
        / (journeys + 3.84) as figure,
        journeys
    from counted
),

delighting as (
    select distinct moment from ranking.moment_memory
    where mission <> 'ALL' and departure_low > 0
),

found as (
    select moment, warning, figure, journeys
    from bounded
    where figure < 0.05
    union all
    select h.moment, 'not_delightful' as warning, y.departure_high as figure, h.journeys
    from happened as h
    inner join ranking.moment_memory as y on y.mission = 'ALL' and h.moment = y.moment
    left join delighting as d on h.moment = d.moment
    where h.type = 'delightful' and y.departure_high < 0.2 and d.moment is null
    union all
    select moment, 'expected' as warning, journeys / nullif(reached, 0) as figure, journeys
    from happened
    where type = 'delightful' and journeys >= $fewest and journeys >= 0.9 * reached
)

select
    moment,
    cast(warning as varchar) as warning,
    cast(figure as double) as figure,
    cast(journeys as bigint) as journeys
from found
