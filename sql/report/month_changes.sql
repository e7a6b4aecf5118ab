-- report.month_changes: tonight's ranking beside that of a night four weeks or more ago, and which effects moved by more than noise.
-- As in ranking_changes, what moved are the measured effects; false discoveries are held at `budget` over the table.
-- grain   mission, moment
-- reads   report.ranking, month.moment_ranking, report.month_shifts
-- params  budget, small_group
select
    cast(r.mission as varchar) as mission,
    cast(r.moment as varchar) as moment,
    cast(r.mission_label as varchar) as mission_label,
    cast(r.mission_position as bigint) as mission_position,
    cast(r.moment_position as bigint) as moment_position,
    cast(r.step as varchar) as step,
    cast(s.previous_night as date) as previous_night,
    cast(s.is_same_trial as boolean) as is_same_trial,
    cast(s.q_value <= $budget as boolean) as has_changed,
    cast(r.effect as double) as effect,
    cast(r.ci_low as double) as ci_low,
    cast(r.ci_high as double) as ci_high,
    cast(p.effect as double) as previous_effect,
    cast(p.ci_low as double) as previous_ci_low,
    cast(p.ci_high as double) as previous_ci_high,
    cast(r.verdict as varchar) as verdict,
    cast(p.verdict as varchar) as previous_verdict,
    cast(s.change as double) as change,
    cast(s.change - 1.959964 * s.change_error as double) as change_ci_low,
    cast(s.change + 1.959964 * s.change_error as double) as change_ci_high
from report.ranking as r
inner join month.moment_ranking as p on r.mission = p.mission and r.moment = p.moment
inner join report.month_shifts as s on r.mission = s.mission and r.moment = s.moment
where not r.is_small and p.exposed >= $small_group and p.eligible - p.exposed >= $small_group
