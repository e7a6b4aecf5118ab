-- ranking.moment_departures: how far feeling leaves the ordinary at each moment, and how much more than else it is spoken of.
-- departure: what is said at it, against what is said on the mission, less what is acted at it beyond what is acted by those
-- who got to its sub-step without it; in standard deviations of what is said. Words count where enough were felt. Null
-- where neither is known. spoken_more: the share of journeys that speak of it, less that of those without it.
-- grain   mission, moment
-- reads   ranking.moment_contrasts, ranking.ordinary_feelings
-- params  fewest
with acted as (
    select
        *,
        acted + beside_acted > 0 and journeys >= $fewest and beside_journeys >= $fewest as is_acted
    from ranking.moment_contrasts
),

contrasts as (
    select
        c.*,
        o.spread as ordinary_spread,
        case when c.felt >= $fewest then c.mean - o.mean end as said,
        case when c.felt >= $fewest then c.spread * c.spread / nullif(c.felt, 0) end as said_variance,
        case when c.is_acted then c.acted_mean - c.beside_acted_mean end as acted_more,
        case when c.is_acted then c.acted_variance + c.beside_acted_variance end as acted_error
    from acted as c
    left join ranking.ordinary_feelings as o on c.mission = o.mission and o.felt >= $fewest and o.spread > 0
)

select
    mission,
    moment,
    journeys,
    felt,
    mean,
    acted / nullif(journeys, 0) as acted_share,
    spoken_share,
    usual_share,
    spoken_share - usual_share as spoken_more,
    sqrt(
        spoken_share * (1 - spoken_share) / nullif(journeys, 0)
        + usual_share * (1 - usual_share) / nullif(beside_journeys, 0)
    ) as spoken_error,
    case
        when said is not null or acted_more is not null
            then (coalesce(said, 0) - coalesce(acted_more, 0)) / ordinary_spread
    end as departure,
    sqrt(coalesce(said_variance, 0) + coalesce(acted_error, 0)) / ordinary_spread as departure_error
from contrasts
