-- ranking.moment_counts: the journeys that reached each moment's sub-step, by where, when and whose they are: how many, and
-- on how many the moment happened.
-- Counted where it is settled: so much time is over that it would have happened by the night. The recent ones are those of
-- the last horizon_days, settled or not.
-- grain   moment, mission, prior_orders, region, channel, brand, week
-- reads   ranking.sub_step_places, ranking.moment_lags, journeys.map_moments, journeys.moments
-- params  night, horizon_days
with tries as (
    select
        x.moment,
        p.mission,
        p.prior_orders,
        p.region,
        p.channel,
        p.brand,
        p.week,
        case when m.moment is null then 0 else 1 end as happened,
        case
            when
                date_diff('microsecond', p.reached_at, cast($night as timestamp)) / 8.64e10 >= coalesce(l.lag_days, 0)
                then 1
            else 0
        end as settled,
        case
            when date_diff('microsecond', p.reached_at, cast($night as timestamp)) / 8.64e10 <= $horizon_days then 1 else 0
        end as recent
    from ranking.sub_step_places as p
    inner join journeys.map_moments as x on p.sub_step = x.sub_step
    left join ranking.moment_lags as l on x.moment = l.moment
    left join journeys.moments as m on p.journey_id = m.journey_id and x.moment = m.moment
)

select
    moment,
    mission,
    prior_orders,
    region,
    channel,
    brand,
    week,
    cast(sum(settled) as bigint) as settled,
    cast(sum(settled * happened) as bigint) as happened,
    cast(sum(recent) as bigint) as recent,
    cast(sum(recent * settled) as bigint) as recent_settled,
    cast(sum(recent * settled * happened) as bigint) as recent_happened
from tries
group by moment, mission, prior_orders, region, channel, brand, week
