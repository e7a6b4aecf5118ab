-- ranking.moment_memory: how memorable each moment is, per mission and over ALL.
-- memorability is 1 - (1 - intensity) * (1 - talk): a moment is remembered for leaving the ordinary or for being spoken of.
-- intensity = d / (1 + d), d the size of the departure without what its error alone would give: a half at one standard
-- deviation. talk is the share of journeys silent else that speak of this one. low and high: both at their 95 % ends.
-- grain   mission, moment
-- reads   ranking.moment_departures, ranking.moment_delights, journeys.map_moments
-- params  none
with sized as (
    select
        *,
        sqrt(greatest(departure * departure - departure_error * departure_error, 0)) as size,
        greatest(abs(departure) - 1.96 * departure_error, 0) as size_low,
        abs(departure) + 1.96 * departure_error as size_high,
        greatest(spoken_more, 0) / nullif(1 - usual_share, 0) as talk,
        greatest(spoken_more - 1.96 * spoken_error, 0) / nullif(1 - usual_share, 0) as talk_low,
        least(greatest(spoken_more + 1.96 * spoken_error, 0) / nullif(1 - usual_share, 0), 1) as talk_high
    from ranking.moment_departures
),

remembered as (
    select
        *,
        1 - (1 - size / (1 + size)) * (1 - coalesce(talk, 0)) as memorability,
        1 - (1 - size_low / (1 + size_low)) * (1 - coalesce(talk_low, 0)) as low,
        1 - (1 - size_high / (1 + size_high)) * (1 - coalesce(talk_high, 0)) as high
    from sized
)

select
    r.mission,
    m.step,
    m.sub_step,
    r.moment,
    cast(r.journeys as bigint) as journeys,
    cast(r.felt as bigint) as felt,
    cast(r.mean as double) as mean_valence,
    cast(r.departure as double) as departure,
    cast(r.departure - 1.96 * r.departure_error as double) as departure_low,
    cast(r.departure + 1.96 * r.departure_error as double) as departure_high,
    cast(r.acted_share as double) as acted_share,
    cast(r.spoken_share as double) as spoken_share,
    cast(r.usual_share as double) as usual_spoken_share,
    d.told as delight_told,
    d.delights,
    cast(case when r.departure is not null then r.memorability end as double) as memorability,
    cast(case when r.departure is not null then r.low end as double) as low,
    cast(case when r.departure is not null then r.high end as double) as high
from remembered as r
inner join journeys.map_moments as m on r.moment = m.moment
left join ranking.moment_delights as d on r.mission = d.mission and r.moment = d.moment
