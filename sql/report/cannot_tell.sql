-- report.cannot_tell: the moments of which nothing can be said, per mission, each with the reason.
-- why: not_reached (too few came this far), never, always (nothing to compare with), few, else the ranking's own reason; the
-- figures say how wide the answer is, how many of its journeys have others like them, and what the checks gave.
-- grain   mission, moment
-- reads   report.ranking, marts.moment_ranking
-- params  small_group
with
ranking as (select * from report.ranking where verdict = 'cannot_tell'),
rated as (select * from marts.moment_ranking)
select
    cast(r.mission as varchar) as mission,
    cast(r.moment as varchar) as moment,
    cast(r.mission_label as varchar) as mission_label,
    cast(r.mission_position as bigint) as mission_position,
    cast(r.moment_position as bigint) as moment_position,
    cast(r.eligible as bigint) as eligible,
    cast(r.exposed as bigint) as exposed,
    cast(case when not r.is_small then r.smallest_detectable_effect end as double) as smallest_detectable_effect,
    cast(case when not r.is_small then t.overlap end as double) as overlap_share,
    cast(case when not r.is_small then t.placebo_effect end as double) as placebo_effect,
    cast(case when not r.is_small then t.shuffled_effect end as double) as shuffled_effect,
    cast(case when not r.is_small then t.unseen_bias end as double) as unseen_bias,
    cast(
        case
            when coalesce(t.eligible, 0) < $small_group then 'not_reached'
            when coalesce(t.exposed, 0) = 0 then 'never'
            when t.exposed = t.eligible then 'always'
            when r.is_small or r.smallest_detectable_effect is null then 'few'
            else coalesce(t.reason, 'unsure')
        end as varchar
    ) as why
from ranking as r
inner join rated as t on r.mission = t.mission and r.moment = t.moment
