-- report.mission_moods: size and mood of the missions that are shown, inside the customer base and outside; mission null:
-- those who tell none.
-- grain   place, mission
-- reads   marts.mission_moods, report.missions
-- params  small_group
with
moods as (select * from marts.mission_moods where size >= $small_group),
missions as (select * from report.missions)
select
    cast(d.place as varchar) as place,
    cast(d.mission as varchar) as mission,
    cast(d.size as double) as size,
    cast(d.share as double) as share,
    cast(d.low as double) as low,
    cast(d.high as double) as high,
    cast(d.texts as double) as texts,
    cast(d.positive_share as double) as positive_share,
    cast(d.positive_low as double) as positive_low,
    cast(d.positive_high as double) as positive_high,
    cast(d.negative_share as double) as negative_share
from moods as d
left join missions as m on d.mission = m.mission
where d.mission is null or m.mission is not null
