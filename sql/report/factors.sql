-- report.factors: each external factor: its last four weeks beside what four weeks usually are, and who came back when it was
-- high or low.
-- Usual is what the middle eight tenths of earlier four weeks show; null where fewer than eight weeks of them are known.
-- High are the days above the factor's mean, low the others. The difference is plain; its error is told from day to day,
-- and it is null where either side has few journeys or days.
-- grain   factor
-- reads   report.factor_days
-- params  night, small_group
with
days as (select * from report.factor_days where date < cast($night as date)),
latest as (
    select factor, date, places, nth_day, weeks_value
    from days
    qualify row_number() over (partition by factor order by date desc) = 1
),
before as (
    select d.factor, d.weeks_value, cume_dist() over (partition by d.factor order by d.weeks_value) as place
    from days as d
    inner join latest as t on d.factor = t.factor
    where d.nth_day >= 28 and d.nth_day <= t.nth_day - 28 and t.nth_day >= 84
),
usual as (
    select
        factor,
        min(case when place >= 0.1 then weeks_value end) as usual_low,
        min(case when place >= 0.9 then weeks_value end) as usual_high
    from before
    group by factor
),
sides as (
    select
        factor,
        followed_count,
        retained_count,
        case when value > avg(value) over (partition by factor) then 'high' else 'low' end as side
    from days
    where followed_count > 0
),
means as (
    select
        factor,
        side,
        sum(followed_count) as followed_count,
        cast(sum(retained_count) as double) / sum(followed_count) as retained_share,
        count(*) as days_count
    from sides
    group by factor, side
    having sum(followed_count) >= $small_group and count(*) >= 5
),
errors as (
    select
        m.factor,
        m.side,
        max(m.retained_share) as retained_share,
        sum(power(s.retained_count - m.retained_share * s.followed_count, 2)) / power(max(m.followed_count), 2) * max(m.days_count)
        / (max(m.days_count) - 1) as variance
    from means as m
    inner join sides as s on m.factor = s.factor and m.side = s.side
    group by m.factor, m.side
)
select
    cast(t.factor as varchar) as factor,
    t.date as last_date,
    cast(t.places as bigint) as places,
    cast(t.nth_day as bigint) as days_count,
    cast(t.weeks_value as double) as recent_value,
    cast(u.usual_low as double) as usual_low,
    cast(u.usual_high as double) as usual_high,
    cast(coalesce(t.weeks_value not between u.usual_low and u.usual_high, false) as boolean) as is_unusual,
    cast(h.retained_share as double) as high_share,
    cast(w.retained_share as double) as low_share,
    cast(h.retained_share - w.retained_share as double) as difference,
    cast(h.retained_share - w.retained_share - 1.959964 * sqrt(h.variance + w.variance) as double) as difference_low,
    cast(h.retained_share - w.retained_share + 1.959964 * sqrt(h.variance + w.variance) as double) as difference_high
from latest as t
left join usual as u on t.factor = u.factor
left join errors as h on t.factor = h.factor and h.side = 'high'
left join errors as w on t.factor = w.factor and w.side = 'low'
