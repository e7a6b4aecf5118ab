-- report.connected_moments: pairs of moments of which the one changes the chance of the other, strongest first.
-- A pair is told for ALL journeys, or for the missions in which it was found where it was not found over ALL.
-- grain   mission, moment, next_moment
-- reads   marts.connected_moments, marts.missions
-- params  small_group
with
named as (
    select * from marts.connected_moments
    where
        verdict in ('raises', 'lowers')
        and exposed >= $small_group
        and journeys - exposed >= $small_group
        and both_journeys >= $small_group
),
overall as (select moment, next_moment from named where mission = 'ALL'),
missions as (select mission, label from marts.missions)
select
    cast(n.mission as varchar) as mission,
    cast(n.moment as varchar) as moment,
    cast(n.next_moment as varchar) as next_moment,
    cast(case when n.mission = 'ALL' then 'All journeys' else coalesce(m.label, n.mission) end as varchar) as mission_label,
    cast(n.brand as varchar) as brand,
    cast(n.channel as varchar) as channel,
    cast(n.next_brand as varchar) as next_brand,
    cast(n.next_channel as varchar) as next_channel,
    cast(n.is_only_way as boolean) as is_only_way,
    cast(n.journeys as bigint) as journeys,
    cast(n.exposed as bigint) as exposed,
    cast(n.share as double) as share,
    cast(n.chance_without as double) as chance_without,
    cast(n.effect as double) as effect,
    cast(n.ci_low as double) as ci_low,
    cast(n.ci_high as double) as ci_high,
    cast(n.q_value as double) as q_value,
    cast(row_number() over (order by round(abs(n.effect), 6) desc, n.mission, n.moment, n.next_moment) as bigint) as position
from named as n
left join overall as o on n.moment = o.moment and n.next_moment = o.next_moment
left join missions as m on n.mission = m.mission
where n.mission = 'ALL' or o.moment is null
