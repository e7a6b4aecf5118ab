-- ranking.emotion_curve: how journeys of each mission, and ALL, feel from sub-step to sub-step, with the peak and the end.
-- is_peak: the sub-step whose interval lies farthest from the ordinary, if any does not hold it; is_end: the last one with a
-- mean. Too few said: no figure.
-- grain   mission, sub_step
-- reads   ranking.echo_sums, ranking.ordinary_feelings, journeys.map_sub_steps
-- params  fewest
with means as (
    select
        e.mission,
        p.step,
        p.sub_step,
        p.position,
        e.felt,
        e.acted / nullif(e.journeys, 0) as acted_share,
        case when e.felt >= $fewest then e.mean end as mean,
        case when e.felt >= $fewest then 1.96 * e.spread / sqrt(e.felt) end as reach,
        o.mean as ordinary
    from ranking.echo_sums as e
    inner join journeys.map_sub_steps as p on e.name = p.sub_step
    inner join ranking.ordinary_feelings as o on e.mission = o.mission
    where e.kind = 'sub_step'
),

placed as (
    select
        *,
        round(abs(mean - ordinary) - reach, 6) as clear,
        row_number() over (
            partition by mission order by round(abs(mean - ordinary) - reach, 6) desc nulls last, position
        ) as nth_peak,
        row_number() over (
            partition by mission order by case when mean is null then 1 else 0 end, position desc
        ) as nth_end
    from means
)

select
    mission,
    step,
    sub_step,
    cast(position as bigint) as position,
    cast(felt as bigint) as felt,
    cast(mean as double) as mean_valence,
    cast(case when reach is not null then greatest(mean - reach, -1) end as double) as low,
    cast(case when reach is not null then least(mean + reach, 1) end as double) as high,
    cast(ordinary as double) as ordinary_valence,
    cast(acted_share as double) as acted_share,
    coalesce(clear > 0, false) and nth_peak = 1 as is_peak,
    mean is not null and nth_end = 1 as is_end
from placed
