-- ranking.arrived: every source of which anything arrived, as a touch of which nothing else is known.
-- grain   source
-- reads   journeys.touchpoints
-- params  none
select distinct
    source,
    cast(null as varchar) as brand,
    cast(null as varchar) as channel,
    cast(null as varchar) as event,
    cast(null as varchar) as outcome,
    cast(null as varchar) as topic,
    cast(null as varchar) as category,
    cast(null as double) as duration_seconds,
    cast(null as double) as rating,
    cast(null as double) as amount,
    cast(null as double) as valence,
    cast(null as varchar) as text,
    cast(null as varchar) as attributes
from journeys.touchpoints
