-- report.ranking_changes: the effects that could be compared with those of the night before, of groups that are shown.
-- grain   mission, moment
-- reads   marts.ranking_changes, report.ranking
-- params  none
select
    cast(c.mission as varchar) as mission,
    cast(c.moment as varchar) as moment,
    cast(r.mission_label as varchar) as mission_label,
    cast(r.mission_position as bigint) as mission_position,
    cast(r.moment_position as bigint) as moment_position,
    cast(r.step as varchar) as step,
    cast(c.previous_night as date) as previous_night,
    cast(c.is_same_trial as boolean) as is_same_trial,
    cast(c.has_changed as boolean) as has_changed,
    cast(c.effect as double) as effect,
    cast(r.ci_low as double) as ci_low,
    cast(r.ci_high as double) as ci_high,
    cast(c.previous_effect as double) as previous_effect,
    cast(c.previous_ci_low as double) as previous_ci_low,
    cast(c.previous_ci_high as double) as previous_ci_high,
    cast(r.verdict as varchar) as verdict,
    cast(c.previous_verdict as varchar) as previous_verdict,
    cast(c.change as double) as change,
    cast(c.change_ci_low as double) as change_ci_low,
    cast(c.change_ci_high as double) as change_ci_high
from marts.ranking_changes as c
inner join report.ranking as r on c.mission = r.mission and c.moment = r.moment
where c.has_changed is not null and not r.is_small
