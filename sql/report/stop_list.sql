-- report.stop_list: moments that change nothing that could be seen, and so need no more polish.
-- A moment is listed for ALL where no mission names it, else for the missions in which it does nothing; for an audience
-- that is told of some missions only, for each of these in which it does nothing. It is clear
-- where its interval holds 0 and rules out an effect over worth_seeing, either way, and that does not depend on who is
-- who; else one may hide.
-- grain   audience, mission, moment
-- reads   report.audience_ranking
-- params  worth_seeing
with
ranking as (select * from report.audience_ranking),
named as (
    select
        audience,
        moment,
        string_agg(mission_label, ' / ' order by mission_position, mission) as matters_for
    from ranking
    where verdict in ('drives', 'harms') and mission <> 'ALL'
    group by audience, moment
),
whole as (select distinct audience from ranking where mission = 'ALL'),
nothing as (
    select r.*, n.matters_for
    from ranking as r
    left join named as n on r.audience = n.audience and r.moment = n.moment
    left join whole as w on r.audience = w.audience
    where
        r.verdict = 'no_detectable_effect'
        and ((r.mission = 'ALL' and n.moment is null)
            or (r.mission <> 'ALL' and (n.moment is not null or w.audience is null)))
)
select
    cast(audience as varchar) as audience,
    cast(mission as varchar) as mission,
    cast(moment as varchar) as moment,
    cast(mission_label as varchar) as mission_label,
    cast(mission_position as bigint) as mission_position,
    cast(step as varchar) as step,
    cast(sub_step as varchar) as sub_step,
    cast(verdict as varchar) as verdict,
    cast(
        coalesce(
            ci_low between -$worth_seeing and 0 and ci_high between 0 and $worth_seeing and not depends_on_identity, false
        ) as boolean
    ) as is_clear,
    cast(eligible as bigint) as eligible,
    cast(exposed as bigint) as exposed,
    cast(effect as double) as effect,
    cast(ci_low as double) as ci_low,
    cast(ci_high as double) as ci_high,
    cast(greatest(-ci_low, ci_high) as double) as at_most,
    cast(smallest_detectable_effect as double) as smallest_detectable_effect,
    cast(naive_difference as double) as naive_difference,
    cast(is_misleading as boolean) as is_misleading,
    cast(matters_for as varchar) as matters_for
from nothing
