-- journeys.acted_feelings: feelings that are acted, not said: rage clicks, repeated contacts, abandoned steps, waiting.
-- Where enough journeys with a kind of signal on an event have said how they felt, they must have felt worse than the
-- other journeys with that event (one-sided, 5 %), or it is no feeling; where too few did, what was done stands alone.
-- grain   touch_id, kind
-- reads   journeys.acted_signals, journeys.touchpoints
-- params  fewest
with said as (
    select
        journey_id,
        avg(cast(round(valence * 10000) as bigint)) / 1e4 as valence
    from journeys.touchpoints
    where valence is not null and journey_id is not null
    group by journey_id
),

signals as (
    select
        s.journey_id,
        s.touch_id,
        s.kind,
        s.strength,
        t.source,
        t.brand,
        t.event
    from journeys.acted_signals as s
    inner join journeys.touchpoints as t on s.touch_id = t.touch_id
),

marked as (
    select distinct journey_id, kind, source, brand, event from signals
),

kinds as (
    select distinct kind, source, brand, event from signals
),

heard as (
    select distinct t.journey_id, t.source, t.brand, t.event, cast(round(a.valence * 10000) as bigint) as points
    from journeys.touchpoints as t
    inner join said as a on t.journey_id = a.journey_id
),

compared as (
    select
        k.kind,
        h.source,
        h.brand,
        h.event,
        h.points,
        case when m.journey_id is not null then 1 else 0 end as has_signal
    from heard as h
    inner join kinds as k on h.source = k.source and h.brand = k.brand and h.event = k.event
    left join marked as m
        on
            h.journey_id = m.journey_id
            and k.kind = m.kind
            and h.source = m.source
            and h.brand = m.brand
            and h.event = m.event
),

arms as (
    select
        kind,
        source,
        brand,
        event,
        has_signal,
        cast(count(*) as double) as journeys,
        cast(sum(points) as double) as points,
        cast(sum(points * points) as double) as squares
    from compared
    group by kind, source, brand, event, has_signal
),

means as (
    select
        *,
        points / nullif(journeys, 0) as mean,
        greatest(squares - points * points / nullif(journeys, 0), 0) / nullif((journeys - 1) * journeys, 0) as error
    from arms
),

denied as (
    select
        w.kind,
        w.source,
        w.brand,
        w.event
    from means as w
    inner join means as o
        on w.kind = o.kind and w.source = o.source and w.brand = o.brand and w.event = o.event
    where
        w.has_signal = 1
        and o.has_signal = 0
        and w.journeys >= $fewest
        and o.journeys >= $fewest
        and w.mean - o.mean > -1.645 * sqrt(w.error + o.error)
)

select
    s.journey_id,
    s.touch_id,
    s.kind,
    cast(s.strength as double) as strength
from signals as s
left join denied as d on s.kind = d.kind and s.source = d.source and s.brand = d.brand and s.event = d.event
where d.kind is null
