-- report.moment_memory: how memorable each moment is, over ALL and per mission, the surest first; few voices are left out.
-- is_clear: it leaves the ordinary, or is spoken of, by more than chance.
-- grain   mission, moment
-- reads   marts.moment_memory, marts.missions
-- params  small_group
with
memory as (select * from marts.moment_memory where journeys >= $small_group and memorability is not null),
missions as (
    select mission, label, row_number() over (order by journeys desc, mission) as mission_position
    from marts.missions
)
select
    cast(r.mission as varchar) as mission,
    cast(r.moment as varchar) as moment,
    cast(case when r.mission = 'ALL' then 'All journeys' else coalesce(m.label, r.mission) end as varchar) as mission_label,
    cast(case when r.mission = 'ALL' then 0 else coalesce(m.mission_position, 9999) end as bigint) as mission_position,
    cast(row_number() over (partition by r.mission order by r.low desc, r.memorability desc, r.moment) as bigint) as place,
    cast(r.journeys as bigint) as journeys,
    cast(case when r.felt >= $small_group then r.felt end as bigint) as felt,
    cast(case when r.felt >= $small_group then r.mean_valence end as double) as mean_valence,
    cast(r.departure as double) as departure,
    cast(r.departure_low as double) as departure_low,
    cast(r.departure_high as double) as departure_high,
    cast(r.acted_share as double) as acted_share,
    cast(r.spoken_share as double) as spoken_share,
    cast(r.usual_spoken_share as double) as usual_spoken_share,
    cast(case when r.delights >= $small_group then r.delights end as bigint) as delights,
    cast(case when r.delights >= $small_group then r.delight_told end as bigint) as delight_told,
    cast(r.memorability as double) as memorability,
    cast(r.low as double) as low,
    cast(r.high as double) as high,
    cast(r.low > 0 as boolean) as is_clear
from memory as r
left join missions as m on r.mission = m.mission
