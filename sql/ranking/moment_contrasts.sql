-- ranking.moment_contrasts: each moment's echoes beside those of the journeys that got to its sub-step without it.
-- Where nobody did, the whole sub-step stands beside it.
-- grain   mission, moment
-- reads   ranking.echo_sums
-- params  none
with pairs as (
    select
        m.mission,
        m.name as moment,
        m.journeys,
        m.felt,
        m.mean,
        m.spread,
        m.spoken,
        m.acted,
        m.acted_sum,
        m.acted_squares,
        case when s.journeys > m.journeys then s.journeys - m.journeys else s.journeys end as beside_journeys,
        case when s.journeys > m.journeys then greatest(s.spoken - m.spoken, 0) else s.spoken end as beside_spoken,
        case when s.journeys > m.journeys then greatest(s.acted - m.acted, 0) else s.acted end as beside_acted,
        case when s.journeys > m.journeys then greatest(s.acted_sum - m.acted_sum, 0) else s.acted_sum end as beside_sum,
        case
            when s.journeys > m.journeys then greatest(s.acted_squares - m.acted_squares, 0) else s.acted_squares
        end as beside_squares
    from ranking.echo_sums as m
    inner join ranking.echo_sums as s on m.mission = s.mission and s.kind = 'sub_step' and m.sub_step = s.name
    where m.kind = 'moment'
)

select
    mission,
    moment,
    journeys,
    felt,
    mean,
    spread,
    acted,
    beside_journeys,
    beside_acted,
    spoken / nullif(journeys, 0) as spoken_share,
    least(beside_spoken / nullif(beside_journeys, 0), 1) as usual_share,
    acted_sum / nullif(journeys, 0) as acted_mean,
    beside_sum / nullif(beside_journeys, 0) as beside_acted_mean,
    greatest(acted_squares / nullif(journeys, 0) - acted_sum * acted_sum / nullif(journeys * journeys, 0), 0)
    / nullif(journeys, 0) as acted_variance,
    greatest(
        beside_squares / nullif(beside_journeys, 0) - beside_sum * beside_sum / nullif(beside_journeys * beside_journeys, 0), 0
    ) / nullif(beside_journeys, 0) as beside_acted_variance
from pairs
