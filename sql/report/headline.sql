-- report.headline: the moments an audience should invest in, best first; each once, told for the mission in which it
-- is worth most.
-- Worth are the customers whom a feasible change would keep over the horizon, all missions that it matters to together; the
-- ends of the sum's interval are apart from it by the root of the sum of squares (Zou & Donner 2008, Stat. Med. 27). The
-- order goes by the worth of the effect's near end (0 where its interval holds 0), which keeps lucky estimates of small
-- groups off the top.
-- grain   audience, moment
-- reads   report.audience_ranking
-- params  headlines
with
ranking as (select * from report.audience_ranking),
named as (
    select
        *,
        case when verdict = 'drives' then eligible - exposed else exposed end as changeable,
        coalesce(retained_customers, 0) as likely,
        coalesce(retained_customers, 0)
        * greatest(case when verdict = 'drives' then ci_low else -ci_high end, 0) / nullif(abs(effect), 0) as sure
    from ranking
    where verdict in ('drives', 'harms')
),
in_missions as (select distinct audience, moment from named where mission <> 'ALL'),
candidates as (
    select
        n.*,
        row_number() over (partition by n.audience, n.moment order by n.sure desc, n.likely desc, abs(n.effect) desc, n.mission) as place
    from named as n
    left join in_missions as i on n.audience = i.audience and n.moment = i.moment
    where n.mission <> 'ALL' or i.moment is null
),
sums as (
    select
        audience,
        moment,
        sum(sure) as sure,
        sum(retained_customers) as customers,
        sqrt(sum(power(retained_customers - retained_customers_low, 2))) as customers_down,
        sqrt(sum(power(retained_customers_high - retained_customers, 2))) as customers_up,
        sum(retained_value) as spend,
        sqrt(sum(power(retained_value - retained_value_low, 2))) as spend_down,
        sqrt(sum(power(retained_value_high - retained_value, 2))) as spend_up,
        string_agg(case when place > 1 then mission_label end, ' / ' order by place) as also_missions
    from candidates
    group by audience, moment
),
best as (
    select
        c.*,
        s.also_missions,
        s.customers as worth_customers,
        s.customers - s.customers_down as worth_customers_low,
        s.customers + s.customers_up as worth_customers_high,
        s.spend as worth_value,
        s.spend - s.spend_down as worth_value_low,
        s.spend + s.spend_up as worth_value_high,
        row_number() over (
            partition by c.audience order by s.sure desc, coalesce(s.customers, 0) desc, abs(c.effect) desc, c.moment
        ) as position
    from candidates as c
    inner join sums as s on c.audience = s.audience and c.moment = s.moment
    where c.place = 1
)
select
    cast(audience as varchar) as audience,
    cast(position as bigint) as position,
    cast(moment as varchar) as moment,
    cast(mission as varchar) as mission,
    cast(mission_label as varchar) as mission_label,
    cast(step as varchar) as step,
    cast(sub_step as varchar) as sub_step,
    cast(verdict as varchar) as verdict,
    cast(effect as double) as effect,
    cast(ci_low as double) as ci_low,
    cast(ci_high as double) as ci_high,
    cast(q_value as double) as q_value,
    cast(weakness as varchar) as weakness,
    cast(naive_difference as double) as naive_difference,
    cast(is_misleading as boolean) as is_misleading,
    cast(eligible as bigint) as eligible,
    cast(exposed as bigint) as exposed,
    cast(changeable as bigint) as changeable,
    cast(exposed_share as double) as exposed_share,
    cast(feasible_share as double) as feasible_share,
    cast(worth_customers as double) as worth_customers,
    cast(worth_customers_low as double) as worth_customers_low,
    cast(worth_customers_high as double) as worth_customers_high,
    cast(worth_value as double) as worth_value,
    cast(worth_value_low as double) as worth_value_low,
    cast(worth_value_high as double) as worth_value_high,
    cast(also_missions as varchar) as also_missions
from best
where position <= $headlines
