-- report.diagnostics: how good the comparison behind each figure of the ranking is; small groups show nothing.
-- grain   mission, moment
-- reads   marts.moment_ranking, report.ranking
-- params  none
with
rated as (select * from marts.moment_ranking),
shown as (select * from report.ranking where not is_small)
select
    cast(s.mission as varchar) as mission,
    cast(s.moment as varchar) as moment,
    cast(s.mission_label as varchar) as mission_label,
    cast(s.mission_position as bigint) as mission_position,
    cast(s.verdict as varchar) as verdict,
    cast(s.eligible as bigint) as eligible,
    cast(s.exposed as bigint) as exposed,
    cast(s.effect as double) as effect,
    cast(s.ci_low as double) as ci_low,
    cast(s.ci_high as double) as ci_high,
    cast(r.effect_unpooled as double) as effect_unpooled,
    cast(s.q_value as double) as q_value,
    cast(r.overlap as double) as overlap_share,
    cast(r.balance_before as double) as balance_before,
    cast(r.balance_after as double) as balance_after,
    cast(r.effective_sample_size as double) as effective_sample_size,
    cast(r.placebo_effect as double) as placebo_effect,
    cast(s.smallest_detectable_effect as double) as smallest_detectable_effect,
    cast(r.sensitivity as double) as sensitivity
from shown as s
inner join rated as r on s.mission = r.mission and s.moment = r.moment
