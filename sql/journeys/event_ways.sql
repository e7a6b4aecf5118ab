-- journeys.event_ways: how often each event came out in each way: its outcome, its topic, or that it took long.
-- What takes more than twice the event's median took long; limit_seconds is that, on the whole second.
-- grain   source, brand, event, kind, way
-- reads   journeys.touchpoints
-- params  none
with touches as (
    select
        source,
        brand,
        event,
        outcome,
        topic,
        duration_seconds
    from journeys.touchpoints
    where channel <> 'order' and event is not null and customer_id is not null
),

usual as (
    select
        source,
        brand,
        event,
        2 * median(duration_seconds) as long_seconds
    from touches
    group by source, brand, event
)

select
    source,
    brand,
    event,
    'outcome' as kind,
    outcome as way,
    cast(count(*) as bigint) as touches,
    cast(null as double) as limit_seconds
from touches
where outcome is not null
group by source, brand, event, outcome
union all
select
    source,
    brand,
    event,
    'topic' as kind,
    topic as way,
    cast(count(*) as bigint) as touches,
    cast(null as double) as limit_seconds
from touches
where topic is not null and topic <> event
group by source, brand, event, topic
union all
select
    t.source,
    t.brand,
    t.event,
    'duration' as kind,
    'long' as way,
    cast(count(*) as bigint) as touches,
    cast(ceil(min(u.long_seconds)) as double) as limit_seconds
from touches as t
inner join usual as u on t.source = u.source and t.brand = u.brand and t.event = u.event
where t.duration_seconds > ceil(u.long_seconds)
group by t.source, t.brand, t.event
