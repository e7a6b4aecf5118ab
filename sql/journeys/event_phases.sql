-- journeys.event_phases: when in relation to the order each event happens: how many of its touches lie in which phase.
-- Phases are before (the order), until (what was ordered begins), during (it is used), after, and apart (no order near).
-- What begins or ends within half a day of the order has no phase of its own. days: from the order to the touch.
-- grain   source, brand, channel, event, phase
-- reads   journeys.touchpoints, journeys.journeys
-- params  none
with orders as (
    select
        journey_id,
        ordered_at,
        coalesce(starts_at, ordered_at) as begins_at,
        greatest(coalesce(ends_at, ordered_at), coalesce(starts_at, ordered_at)) as finishes_at
    from journeys.journeys
    where order_id is not null
),

touches as (
    select
        t.source,
        t.brand,
        t.channel,
        t.event,
        date_diff('microsecond', o.ordered_at, t.occurred_at) / 8.64e10 as days,
        case
            when o.journey_id is null then 'apart'
            when t.occurred_at < o.ordered_at then 'before'
            when o.finishes_at <= o.ordered_at + interval '12 hours' then 'after'
            when t.occurred_at < o.begins_at and o.begins_at > o.ordered_at + interval '12 hours' then 'until'
            when t.occurred_at < o.finishes_at + interval '12 hours' then 'during'
            else 'after'
        end as phase
    from journeys.touchpoints as t
    left join orders as o on t.journey_id = o.journey_id
    where
        t.channel <> 'order'
        and t.event is not null
        and t.customer_id is not null
        and not (t.source = 'web' and t.event = 'identify')
)

select
    source,
    brand,
    channel,
    event,
    phase,
    cast(count(*) as bigint) as touches,
    cast(median(days) as double) as days,
    cast(sum(case when days between -1 and 1 then 1 else 0 end) as bigint) as same_day_touches
from touches
group by source, brand, channel, event, phase
