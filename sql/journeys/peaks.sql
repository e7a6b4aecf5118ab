-- journeys.peaks: the peak and the end of each journey that showed a feeling, and what is remembered of it: their mean.
-- The peak is the touch whose feeling lies farthest from the ordinary (the mean of all felt touches); the end is the last
-- felt one. What is remembered of an episode is nearer to these two than to its mean (Kahneman et al. 1993, Psychol. Sci. 4).
-- grain   journey_id
-- reads   journeys.felt_touches
-- params  none
with ordinary as (
    select avg(cast(round(feeling * 10000) as bigint)) / 1e4 as feeling from journeys.felt_touches
),

places as (
    select
        f.journey_id,
        f.occurred_at,
        f.feeling,
        f.acted,
        row_number() over (
            partition by f.journey_id order by round(abs(f.feeling - o.feeling), 6) desc, f.occurred_at, f.touch_id
        ) as nth_peak,
        row_number() over (partition by f.journey_id order by f.occurred_at desc, f.touch_id desc) as nth_end
    from journeys.felt_touches as f
    cross join ordinary as o
)

select
    journey_id,
    cast(count(*) as bigint) as felt_touches,
    cast(count(acted) as bigint) as acted_touches,
    max(case when nth_peak = 1 then feeling end) as peak_valence,
    max(case when nth_peak = 1 then occurred_at end) as peak_at,
    max(case when nth_end = 1 then feeling end) as end_valence,
    cast(
        round((max(case when nth_peak = 1 then feeling end) + max(case when nth_end = 1 then feeling end)) / 2, 4) as double
    ) as feeling
from places
group by journey_id
