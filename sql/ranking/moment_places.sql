-- ranking.moment_places: whether the channel and the brand make a place for a moment, beside the region.
-- Each does where the moment both happens and fails to in all of them; where one has (nearly) all of it, the moment is
-- what brings that channel about.
-- grain   moment
-- reads   ranking.moment_counts
-- params  fewest, rarest
with kinds as (
    select moment, 'channel' as kind, channel as name, settled, happened from ranking.moment_counts
    union all
    select moment, 'brand' as kind, brand as name, settled, happened from ranking.moment_counts
),

shares as (
    select
        moment,
        kind,
        sum(settled) as settled,
        sum(happened) / nullif(cast(sum(settled) as double), 0) as share
    from kinds
    group by moment, kind, name
),

open as (
    select
        moment,
        kind,
        count(*) > 1 and min(share) >= $rarest and max(share) <= 1 - $rarest as is_open
    from shares
    where settled >= $fewest
    group by moment, kind
)

select
    c.moment,
    coalesce(bool_or(o.kind = 'channel' and o.is_open), false) as is_by_channel,
    coalesce(bool_or(o.kind = 'brand' and o.is_open), false) as is_by_brand
from (select distinct moment from ranking.moment_counts) as c
left join open as o on c.moment = o.moment
group by c.moment
