-- ranking.orderings: which moment of a sub-step comes before which other one of it, by the journeys that have both.
-- Two sides of one touch come at once: neither is before the other.
-- grain   moment, later_moment
-- reads   journeys.moments
-- params  none
select
    a.moment,
    b.moment as later_moment,
    cast(count(*) as double) as journeys,
    cast(sum(case when a.occurred_at < b.occurred_at then 1 else 0 end) as double) as earlier_journeys
from journeys.moments as a
inner join journeys.moments as b
    on a.journey_id = b.journey_id and a.sub_step = b.sub_step and a.moment <> b.moment
group by a.moment, b.moment
