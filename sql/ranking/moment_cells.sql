-- ranking.moment_cells: how often each moment happened by mission ('' where none is known), place and week of its sub-step, and
-- by how many earlier orders the customer had.
-- Places at which it never happened are left out: it may not be possible there.
-- grain   moment, mission, place, week, prior_orders
-- reads   ranking.moment_counts, ranking.moment_places
-- params  none
with placed as (
    select
        c.*,
        c.region
        || case when p.is_by_channel then ' / ' || c.channel else '' end
        || case when p.is_by_brand then ' / ' || c.brand else '' end as place
    from ranking.moment_counts as c
    inner join ranking.moment_places as p on c.moment = p.moment
),

tried as (
    select
        *,
        sum(happened) over (partition by moment, place) as ever
    from placed
)

select
    moment,
    mission,
    cast(place as varchar) as place,
    week,
    prior_orders,
    cast(sum(settled) as bigint) as settled,
    cast(sum(happened) as bigint) as happened,
    cast(sum(recent) as bigint) as recent,
    cast(sum(recent_settled) as bigint) as recent_settled,
    cast(sum(recent_happened) as bigint) as recent_happened
from tried
where ever > 0
group by moment, mission, place, week, prior_orders
