-- ranking.ordinary_feelings: how journeys of each mission, and ALL, ordinarily feel: mean and spread of what was said.
-- Only words tell good and bad alike; what is acted is bad or unknown, and would drag the ordinary down.
-- grain   mission
-- reads   journeys.felt_touches, missions.assignments
-- params  none
with felt as (
    select
        coalesce(a.mission, '') as mission,
        cast(round(f.valence * 10000) as bigint) as points
    from journeys.felt_touches as f
    left join missions.assignments as a on f.journey_id = a.journey_id
    where f.valence is not null
),

scoped as (
    select mission, points from felt
    where mission <> ''
    union all
    select 'ALL' as mission, points from felt
)

select
    mission,
    cast(count(*) as bigint) as felt,
    cast(cast(sum(points) as double) / nullif(cast(count(*) as double), 0) / 1e4 as double) as mean,
    cast(
        sqrt(
            greatest(
                cast(sum(points * points) as double)
                - cast(sum(points) as double) * cast(sum(points) as double) / nullif(cast(count(*) as double), 0),
                0
            ) / nullif(cast(count(*) as double) - 1, 0)
        ) / 1e4 as double
    ) as spread
from scoped
group by mission
