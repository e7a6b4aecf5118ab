-- report.moment_kinds: the mean effect of the moments of each step, type and micro-moment that could be judged, on all journeys.
-- grain   kind, value
-- reads   marts.moment_kinds, report.sub_steps
-- params  none
with
kinds as (select * from marts.moment_kinds where mission = 'ALL' and moments > 0 and effect is not null),
steps as (select step, min(position) as position from report.sub_steps group by step)
select
    cast(k.kind as varchar) as kind,
    cast(k.value as varchar) as value,
    cast(k.moments as bigint) as moments,
    cast(k.drives as bigint) as drives,
    cast(k.harms as bigint) as harms,
    cast(k.effect as double) as effect,
    cast(k.ci_low as double) as ci_low,
    cast(k.ci_high as double) as ci_high,
    cast(coalesce(s.position, 9999) as bigint) as position
from kinds as k
left join steps as s on k.kind = 'step' and k.value = s.step
