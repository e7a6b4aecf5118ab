-- ranking.delights: every touch that says a feeling beside what its customer could expect, and whether it was a delight.
-- Expected is the mean of what the customer said before, drawn to the mission's mean as by prior_weight earlier touches. A
-- delight is good, and above what was expected by more than the mission's ordinary spread (one standard deviation).
-- grain   touch_id
-- reads   journeys.felt_touches, missions.assignments, ranking.ordinary_feelings
-- params  fewest, prior_weight
with felt as (
    select
        f.journey_id,
        f.touch_id,
        f.valence,
        coalesce(m.mean, o.mean) as ordinary,
        coalesce(m.spread, o.spread) as spread,
        cast(
            coalesce(sum(cast(round(f.valence * 10000) as bigint)) over earlier, 0) as double
        ) / 1e4 as felt_before,
        cast(count(*) over earlier as double) as touches_before
    from journeys.felt_touches as f
    left join missions.assignments as a on f.journey_id = a.journey_id
    left join ranking.ordinary_feelings as m on a.mission = m.mission and m.felt >= $fewest
    left join ranking.ordinary_feelings as o on o.mission = 'ALL' and o.felt >= $fewest
    where f.valence is not null
    window earlier as (
        partition by f.customer_id order by f.occurred_at, f.touch_id
        rows between unbounded preceding and 1 preceding
    )
),

expected as (
    select
        *,
        (felt_before + $prior_weight * ordinary) / (touches_before + $prior_weight) as expectation
    from felt
)

select
    journey_id,
    touch_id,
    cast(valence as double) as valence,
    cast(round(expectation, 4) as double) as expectation,
    case when expectation is not null then valence > 0 and valence > round(expectation + spread, 4) end as is_delight
from expected
