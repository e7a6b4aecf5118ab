-- report.headline: the moments to invest in, best first; each once, told for the mission in which it is worth most.
-- It is worth what the mart says, else its effect times the journeys that could still change: those that went without a
-- driver, or had a harm. The order goes by the least that it is worth, at the near end of its interval (0 where that
-- holds 0), which keeps lucky estimates of small groups off the top. Both add up all missions that it matters to.
-- grain   moment
-- reads   report.ranking
-- params  headlines
with
ranking as (select * from report.ranking),
named as (
    select
        *,
        case when verdict = 'drives' then eligible - exposed else exposed end as changeable,
        greatest(case when verdict = 'drives' then ci_low else -ci_high end, 0) / nullif(abs(effect), 0) as sure_share
    from ranking
    where verdict in ('drives', 'harms')
),
in_missions as (select distinct moment from named where mission <> 'ALL'),
candidates as (
    select
        n.*,
        coalesce(abs(n.retained_customers), abs(n.effect) * n.changeable) as kept
    from named as n
    left join in_missions as i on n.moment = i.moment
    where n.mission <> 'ALL' or i.moment is null
),
weighed as (select *, kept * sure_share as worth from candidates),
places as (
    select
        *,
        sum(worth) over (partition by moment) as worth_at_least,
        sum(kept) over (partition by moment) as worth_customers,
        sum(abs(retained_value)) over (partition by moment) as worth_value,
        row_number() over (partition by moment order by worth desc, kept desc, mission) as place
    from weighed
),
others as (
    select moment, string_agg(mission_label, ' / ' order by worth desc, mission) as also_missions
    from places
    where place > 1
    group by moment
),
best as (
    select *, row_number() over (order by worth_at_least desc, worth_customers desc, moment) as position
    from places
    where place = 1
)
select
    cast(b.position as bigint) as position,
    cast(b.moment as varchar) as moment,
    cast(b.mission as varchar) as mission,
    cast(b.mission_label as varchar) as mission_label,
    cast(b.step as varchar) as step,
    cast(b.sub_step as varchar) as sub_step,
    cast(b.verdict as varchar) as verdict,
    cast(b.effect as double) as effect,
    cast(b.ci_low as double) as ci_low,
    cast(b.ci_high as double) as ci_high,
    cast(b.q_value as double) as q_value,
    cast(b.naive_difference as double) as naive_difference,
    cast(b.is_misleading as boolean) as is_misleading,
    cast(b.eligible as bigint) as eligible,
    cast(b.exposed as bigint) as exposed,
    cast(b.changeable as bigint) as changeable,
    cast(b.worth_customers as double) as worth_customers,
    cast(b.worth_at_least as double) as worth_at_least,
    cast(b.worth_value as double) as worth_value,
    cast(o.also_missions as varchar) as also_missions
from best as b
left join others as o on b.moment = o.moment
where b.position <= $headlines
