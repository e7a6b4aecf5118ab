-- ranking.moment_lags: how many days after the sub-step was reached a moment has nearly always happened where it does.
-- Before that much time is over, its absence says nothing yet.
-- grain   moment
-- reads   journeys.sub_steps, journeys.moments
-- params  nearly_all
with lags as (
    select
        m.moment,
        date_diff('microsecond', s.reached_at, m.occurred_at) / 8.64e10 as lag_days,
        m.journey_id
    from journeys.moments as m
    inner join journeys.sub_steps as s on m.journey_id = s.journey_id and m.sub_step = s.sub_step
),

placed as (
    select
        moment,
        lag_days,
        row_number() over (partition by moment order by lag_days, journey_id) as nth,
        count(*) over (partition by moment) as journeys
    from lags
)

select
    moment,
    cast(min(lag_days) as double) as lag_days
from placed
where nth >= $nearly_all * journeys
group by moment
