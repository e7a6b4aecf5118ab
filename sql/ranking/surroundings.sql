-- ranking.surroundings: the external factors around a journey, by its order's date and the customer's region.
-- The region's own value stands before the country's, and that before one given for everywhere.
-- grain   journey_id, factor
-- reads   ranking.followed, journeys.journeys, ingest.factors
-- params  none
with followed as (
    select * from ranking.followed
),

journeys as (
    select * from journeys.journeys
),

factors as (
    select * from ingest.factors
),

places as (
    select
        f.journey_id,
        cast(f.ordered_at as date) as ordered_date,
        j.region,
        j.country
    from followed as f
    inner join journeys as j on f.journey_id = j.journey_id
),

matches as (
    select
        p.journey_id,
        x.factor,
        x.value,
        case when x.region = p.region then 1 when x.region = p.country then 2 else 3 end as distance,
        coalesce(x.region, '') as place
    from places as p
    inner join factors as x on p.ordered_date = x.date
    where x.region is null or x.region = p.region or x.region = p.country
)

select
    journey_id,
    factor,
    cast(value as double) as value
from matches
qualify row_number() over (partition by journey_id, factor order by distance, place, value) = 1
