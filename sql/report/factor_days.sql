-- report.factor_days: an external factor's mean over all places, on a day and over the four weeks up to it, beside the journeys
-- with an order that began that day and were followed.
-- grain   factor, date
-- reads   ingest.factors, marts.journeys
-- params  none
with
factors as (select * from ingest.factors),
journeys as (select * from marts.journeys where order_id is not null and retained is not null),
days as (
    select factor, cast(date as date) as date, avg(value) as value, count(*) as places
    from factors
    where value is not null
    group by factor, cast(date as date)
),
starts as (
    select
        cast(started_at as date) as date,
        count(*) as followed_count,
        sum(case when retained then 1 else 0 end) as retained_count
    from journeys
    group by cast(started_at as date)
)
select
    cast(d.factor as varchar) as factor,
    d.date,
    cast(d.value as double) as value,
    cast(d.places as bigint) as places,
    cast(
        avg(d.value) over (partition by d.factor order by d.date rows between 27 preceding and current row) as double
    ) as weeks_value,
    cast(row_number() over (partition by d.factor order by d.date) as bigint) as nth_day,
    cast(coalesce(s.followed_count, 0) as bigint) as followed_count,
    cast(coalesce(s.retained_count, 0) as bigint) as retained_count
from days as d
left join starts as s on d.date = s.date
