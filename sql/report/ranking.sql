-- report.ranking: every moment of the map per mission (and ALL), as the report shows it.
-- Groups of fewer than small_group journeys, with the moment or without it, show no figure and count as cannot_tell.
-- A finding is weak where its range holds no effect, one of its arms has fewer than 50 journeys, or the arms stay apart
-- after weighting by more than a fifth of a standard deviation (a quarter is where regression stops to mend: Rubin 2001,
-- Health Serv. Outcomes Res. Methodol. 2).
-- What the strict and the loose graph of who is who say stands where a finding depends on that.
-- grain   mission, moment
-- reads   marts.moment_ranking, marts.missions, report.places
-- params  small_group
with
rated as (select * from marts.moment_ranking),
missions as (select * from marts.missions),
places as (select * from report.places),
labels as (
    select mission, label, row_number() over (order by journeys desc, mission) as mission_position
    from missions
),
sized as (
    select
        *,
        coalesce(
            eligible < $small_group or exposed < $small_group or eligible - exposed < $small_group, true
        ) as is_small
    from rated
),
doubted as (
    select
        *,
        not is_small and depends_on_identity as is_doubted,
        case
            when is_small or verdict not in ('drives', 'harms') then null
            when balance_after > 0.2 then 'unlike'
            when exposed < 50 or eligible - exposed < 50 then 'few'
            when ci_low <= 0 and ci_high >= 0 then 'range'
        end as weakness
    from sized
)
select
    cast(s.mission as varchar) as mission,
    cast(s.moment as varchar) as moment,
    cast(case when s.mission = 'ALL' then 'All journeys' else coalesce(l.label, s.mission) end as varchar) as mission_label,
    cast(case when s.mission = 'ALL' then 0 else coalesce(l.mission_position, 9999) end as bigint) as mission_position,
    cast(coalesce(p.moment_position, 9999) as bigint) as moment_position,
    cast(s.step as varchar) as step,
    cast(s.sub_step as varchar) as sub_step,
    cast(s.type as varchar) as type,
    cast(s.micro_moment as varchar) as micro_moment,
    cast(s.is_small as boolean) as is_small,
    cast(case when s.is_small then 'cannot_tell' else s.verdict end as varchar) as verdict,
    cast(case when s.eligible >= $small_group then s.eligible end as bigint) as eligible,
    cast(case when not s.is_small then s.exposed end as bigint) as exposed,
    cast(case when not s.is_small then s.effect end as double) as effect,
    cast(case when not s.is_small then s.ci_low end as double) as ci_low,
    cast(case when not s.is_small then s.ci_high end as double) as ci_high,
    cast(case when not s.is_small then s.q_value end as double) as q_value,
    cast(s.weakness as varchar) as weakness,
    cast(case when not s.is_small then s.naive_difference end as double) as naive_difference,
    cast(
        coalesce(not s.is_small and s.naive_difference not between s.ci_low and s.ci_high, false) as boolean
    ) as is_misleading,
    cast(case when not s.is_small then s.smallest_detectable_effect end as double) as smallest_detectable_effect,
    cast(case when not s.is_small then s.rank end as bigint) as rank,
    cast(case when not s.is_small then s.rank_low end as bigint) as rank_low,
    cast(case when not s.is_small then s.rank_high end as bigint) as rank_high,
    cast(coalesce(s.is_doubted, false) as boolean) as depends_on_identity,
    cast(case when s.is_doubted then s.effect_strict end as double) as effect_strict,
    cast(case when s.is_doubted then s.verdict_strict end as varchar) as verdict_strict,
    cast(case when s.is_doubted then s.effect_loose end as double) as effect_loose,
    cast(case when s.is_doubted then s.verdict_loose end as varchar) as verdict_loose,
    cast(case when not s.is_small then s.exposed_share end as double) as exposed_share,
    cast(case when not s.is_small then s.feasible_share end as double) as feasible_share,
    cast(case when not s.is_small then s.retained_customers end as double) as retained_customers,
    cast(case when not s.is_small then s.retained_customers_low end as double) as retained_customers_low,
    cast(case when not s.is_small then s.retained_customers_high end as double) as retained_customers_high,
    cast(case when not s.is_small then s.retained_value end as double) as retained_value,
    cast(case when not s.is_small then s.retained_value_low end as double) as retained_value_low,
    cast(case when not s.is_small then s.retained_value_high end as double) as retained_value_high
from doubted as s
left join labels as l on s.mission = l.mission
left join places as p on s.moment = p.moment
