-- journeys.unmapped_events: every event that no condition of the journey map matches: how often, where in the journey, how felt.
-- is_page: a page that is named by what it is about. days_after_order: the median over touches of journeys with an order
-- (negative: before it). order_soon_share: of the touches before an order, how many had it within a day. Segment's identify
-- calls are none: they say who somebody is, not what they did.
-- grain   source, brand, event
-- reads   journeys.touchpoints, journeys.mapped_events
-- params  none
with orders as (
    select
        journey_id,
        min(occurred_at) as ordered_at
    from journeys.touchpoints
    where source = 'crm' and channel = 'order' and journey_id is not null
    group by journey_id
),

touches as (
    select
        t.source,
        t.brand,
        t.event,
        t.journey_id,
        t.valence,
        case when t.topic = t.event then 1 else 0 end as is_page,
        date_diff('microsecond', o.ordered_at, t.occurred_at) / 8.64e10 as days
    from journeys.touchpoints as t
    anti join journeys.mapped_events as m on t.source = m.source and t.brand = m.brand and t.event = m.event
    left join orders as o on t.journey_id = o.journey_id
    where t.channel <> 'order' and t.event is not null and not (t.source = 'web' and t.event = 'identify')
)

select
    source,
    brand,
    event,
    cast(count(*) as bigint) as touches,
    cast(count(distinct journey_id) as bigint) as journeys,
    cast(median(days) as double) as days_after_order,
    cast(count(valence) as bigint) as felt,
    cast(avg(cast(round(valence * 10000) as bigint)) / 1e4 as double) as mean_valence,
    min(is_page) = 1 as is_page,
    cast(
        cast(count(*) filter (where days between -1 and 0) as double)
        / nullif(cast(count(*) filter (where days <= 0) as double), 0) as double
    ) as order_soon_share
from touches
group by source, brand, event
