-- report.moment_pairs: moments that do more, or less, after an earlier one than without it, where that is no chance; and those
-- that nobody gets to but by the earlier one, with what that does by itself.
-- grain   moment, next_moment
-- reads   marts.moment_pairs, marts.moment_ranking
-- params  small_group
with
pairs as (
    select * from marts.moment_pairs
    where exposed >= $small_group and journeys - exposed >= $small_group
),
ranking as (select * from marts.moment_ranking where mission = 'ALL')
select
    cast(p.moment as varchar) as moment,
    cast(p.next_moment as varchar) as next_moment,
    cast(p.is_only_way as boolean) as is_only_way,
    cast(e.effect as double) as earlier_effect,
    cast(e.ci_low as double) as earlier_ci_low,
    cast(e.ci_high as double) as earlier_ci_high,
    cast(p.journeys as bigint) as journeys,
    cast(p.effect as double) as effect,
    cast(p.ci_low as double) as ci_low,
    cast(p.ci_high as double) as ci_high,
    cast(p.other_effect as double) as other_effect,
    cast(p.other_ci_low as double) as other_ci_low,
    cast(p.other_ci_high as double) as other_ci_high,
    cast(p.difference as double) as difference,
    cast(p.q_value as double) as q_value
from pairs as p
inner join ranking as e on p.moment = e.moment
inner join ranking as n on p.next_moment = n.moment
where
    p.verdict in ('higher', 'lower')
    or (p.is_only_way and e.effect is not null and n.verdict in ('drives', 'harms'))
