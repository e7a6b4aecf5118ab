-- ranking.moment_delights: how often each moment, where it shows a feeling itself, was a delight; per mission and over ALL.
-- grain   mission, moment
-- reads   journeys.moments, ranking.delights, missions.assignments
-- params  none
with told as (
    select
        coalesce(a.mission, '') as mission,
        m.moment,
        case when d.is_delight then 1 else 0 end as is_delight
    from journeys.moments as m
    inner join ranking.delights as d on m.touch_id = d.touch_id
    left join missions.assignments as a on m.journey_id = a.journey_id
    where d.is_delight is not null
),

scoped as (
    select mission, moment, is_delight from told
    where mission <> ''
    union all
    select 'ALL' as mission, moment, is_delight from told
)

select
    mission,
    moment,
    cast(count(*) as bigint) as told,
    cast(sum(is_delight) as bigint) as delights
from scoped
group by mission, moment
