-- report.facts: the few figures that the report is about as a whole, in one row.
-- grain   night
-- reads   marts.journeys, marts.touchpoints, marts.missions, marts.runs, report.ranking
-- params  night, small_group
with
journeys as (select * from marts.journeys),
touchpoints as (select * from marts.touchpoints),
missions as (select * from marts.missions where coalesce(status, 'kept') not in ('merged', 'retired')),
runs as (select * from marts.runs where cast(night as date) = cast($night as date)),
ranking as (select * from report.ranking),
orders as (
    select
        count(*) as orders_count,
        count(*) filter (where retained is not null) as known_count,
        count(*) filter (where mission is null) as no_mission_count,
        count(distinct customer_id) as customers_count,
        avg(cast(case when retained then 1 when not retained then 0 end as double)) as retained_share
    from journeys
    where order_id is not null
),
touches as (select count(*) as touches_count from touchpoints),
small as (select count(*) as hidden_missions from missions where customers < $small_group),
people as (
    select
        max(refused_people) as refused_people,
        max(regrouped_strict) as regrouped_strict,
        max(regrouped_loose) as regrouped_loose
    from runs
),
verdicts as (
    select
        count(*) filter (where verdict in ('drives', 'harms')) as named_count,
        count(*) filter (where verdict <> 'cannot_tell') as told_count,
        count(*) as pairs_count,
        count(*) filter (where depends_on_identity) as depending_count,
        max(case when verdict in ('drives', 'harms') then q_value end) as false_share
    from ranking
    where mission <> 'ALL'
)
select
    cast($night as date) as night,
    cast(o.orders_count as bigint) as orders_count,
    cast(o.known_count as bigint) as known_count,
    cast(o.no_mission_count as bigint) as no_mission_count,
    cast(o.customers_count as bigint) as customers_count,
    cast(case when o.known_count >= $small_group then o.retained_share end as double) as retained_share,
    cast(t.touches_count as bigint) as touches_count,
    cast(s.hidden_missions as bigint) as hidden_missions,
    cast(p.refused_people as bigint) as refused_people,
    cast(p.regrouped_strict as bigint) as regrouped_strict,
    cast(p.regrouped_loose as bigint) as regrouped_loose,
    cast(v.named_count as bigint) as named_count,
    cast(v.told_count as bigint) as told_count,
    cast(v.pairs_count as bigint) as pairs_count,
    cast(v.depending_count as bigint) as depending_count,
    cast(v.false_share as double) as false_share
from orders as o
cross join touches as t
cross join small as s
cross join people as p
cross join verdicts as v
