-- report.moment_groups: moments that do more, or less, for a group of customers than for the others; only what is no chance.
-- grain   moment, grouping, value
-- reads   marts.moment_groups
-- params  small_group
select
    cast(moment as varchar) as moment,
    cast(grouping as varchar) as grouping,
    cast(value as varchar) as value,
    cast(journeys as bigint) as journeys,
    cast(effect as double) as effect,
    cast(ci_low as double) as ci_low,
    cast(ci_high as double) as ci_high,
    cast(other_effect as double) as other_effect,
    cast(other_ci_low as double) as other_ci_low,
    cast(other_ci_high as double) as other_ci_high,
    cast(difference as double) as difference,
    cast(q_value as double) as q_value
from marts.moment_groups
where verdict in ('higher', 'lower') and exposed >= $small_group and journeys - exposed >= $small_group
