-- report.emotion_curve: how journeys of each mission, and ALL, feel from sub-step to sub-step; few voices show no figure.
-- Missions in which fewer than two sub-steps can be told have no curve.
-- grain   mission, sub_step
-- reads   marts.emotion_curve, marts.missions
-- params  small_group
with
curve as (select * from marts.emotion_curve where felt >= $small_group and mean_valence is not null),
missions as (
    select mission, label, row_number() over (order by journeys desc, mission) as mission_position
    from marts.missions
),
told as (select mission from curve group by mission having count(*) >= 2)
select
    cast(c.mission as varchar) as mission,
    cast(c.sub_step as varchar) as sub_step,
    cast(case when c.mission = 'ALL' then 'All journeys' else coalesce(m.label, c.mission) end as varchar) as mission_label,
    cast(case when c.mission = 'ALL' then 0 else coalesce(m.mission_position, 9999) end as bigint) as mission_position,
    cast(c.position as bigint) as position,
    cast(c.felt as bigint) as felt,
    cast(c.mean_valence as double) as mean_valence,
    cast(c.low as double) as low,
    cast(c.high as double) as high,
    cast(c.ordinary_valence as double) as ordinary_valence,
    cast(c.acted_share as double) as acted_share,
    cast(c.is_peak as boolean) as is_peak,
    cast(c.is_end as boolean) as is_end
from curve as c
inner join told as t on c.mission = t.mission
left join missions as m on c.mission = m.mission
