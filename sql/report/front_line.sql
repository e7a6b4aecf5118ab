-- report.front_line: for how many customers each moment is the next to bring about, and for how many one to prevent.
-- Nobody is named, and what concerns fewer than small_group customers is left out.
-- grain   mission, moment, use
-- reads   marts.next_moments, marts.cards, marts.missions, report.places
-- params  small_group
with
told as (
    select mission, moment, 'next' as use, customer_id from marts.next_moments
    union all
    select mission, prevent as moment, 'prevent' as use, customer_id from marts.cards where prevent is not null
),
counted as (
    select mission, moment, use, count(distinct customer_id) as customers
    from told
    group by mission, moment, use
)
select
    cast(c.mission as varchar) as mission,
    cast(c.moment as varchar) as moment,
    cast(c.use as varchar) as use,
    cast(case when c.mission = 'ALL' then 'All journeys' else coalesce(m.label, c.mission) end as varchar) as mission_label,
    cast(p.moment_position as bigint) as moment_position,
    cast(c.customers as bigint) as customers
from counted as c
inner join report.places as p on c.moment = p.moment
left join marts.missions as m on c.mission = m.mission
where c.customers >= $small_group
